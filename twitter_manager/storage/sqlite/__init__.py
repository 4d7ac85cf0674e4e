"""What is particular to SQLite; the other files of storage/ work with every database."""

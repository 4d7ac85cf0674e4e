"""What SQLite does in its own way; the other files of storage/ speak to every database."""

"""What is particular to SQLite; the other files of storage/ work with every database.

engine         the connections and transactions; fair_lock: the order of writers
dialect        statements in PostgreSQL's words, translated
tweet_search   full text search
migrations/    the schema, a script per version
inspection     the file as the doctor sees it
"""

"""What is particular to SQLite; the other files of storage/ work with every database.

engine         the database: readers, transactions; connection: one of its connections; fair_lock: the order of writers
dialect        statements in PostgreSQL's words, translated
tweet_search   full text search
migrations/    the schema, a script per version
wakeups        whether other processes changed anything
worker_locks   which workers live
copies         VACUUM INTO, and back by the rows
moving moved   from here to PostgreSQL: how it is read, and the mark that stays beside it
inspection     the file as the doctor sees it
"""

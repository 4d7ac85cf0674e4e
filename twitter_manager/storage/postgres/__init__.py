"""What is particular to PostgreSQL; the other files of storage/ work with every database.

engine         reads and transactions, and whose turn it is; pool: its connections
connection     one connection: its session, and whose fault an error is
dialect        statements, values and rows in psycopg's words
tweet_search   full text search
migrations/    the schema, a script per version
copies         all of it in a file, and back; programs: pg_dump and pg_restore
dump           what is in such a file; copied_rows: its rows in tables of our own; replaced_schema: what was before
moving         from SQLite to here: how it is written
inspection     the database as the doctor sees it
wakeups        what processes tell each other
worker_locks   which workers live
"""

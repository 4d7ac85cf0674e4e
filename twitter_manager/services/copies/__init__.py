"""Copies of an installation in one file, and back from them.

archive     the file: a tar with the database, the simulated X, and the keys where they were asked for
backup      makes one while the service runs
schedule    makes them on a clock
contents    what one holds and whether it can be restored
restore     puts one in place; the workers then look first for what went out since
move        everything from SQLite to PostgreSQL
standing_still  no start comes between
"""

"""Everything that outlives the process; all SQL. One file per noun, whole statements with named parameters.

Verbs mean one thing everywhere: `get` (or NotFound), `find` (or None), `list`, `count`, `insert`, `change`/`mark`
(compare-and-set, says whether it did), `delete`, `claim`. Reads take `Queries` (the database or a transaction),
writes take the `Transaction` that a service began.
"""

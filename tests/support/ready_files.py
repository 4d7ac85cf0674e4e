"""A new SQLite file is a copy of one that is ready: to run all migrations in each test cost a third of its set-up.

The migrations themselves are called by their tests, and the check that nothing is missing runs each time.
"""

import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from twitter_manager import private_files
from twitter_manager.storage.sqlite import migrations
from twitter_manager.storage.sqlite.engine import SqliteDatabase

__all__ = ["use"]


def use() -> None:
    """From now on, in this process."""
    migrate = SqliteDatabase.migrate

    def copy_and_migrate(database: SqliteDatabase) -> None:
        if not database.path.exists():
            with suppress(OSError):  # what the folder does not allow is told by the real one
                private_files.make_folder(database.path.parent)
                private_files.make_file(database.path)
                database.path.write_bytes(_ready())
        migrate(database)

    SqliteDatabase.migrate = copy_and_migrate  # type: ignore[method-assign]


@cache
def _ready() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ready.db"
        migrations.migrate(path)
        return path.read_bytes()

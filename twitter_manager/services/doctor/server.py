"""PostgreSQL: is it reached, is it one that serves, and has the user all rights."""

from typing import TYPE_CHECKING

from twitter_manager.errors import StartRefused, StorageUnavailable
from twitter_manager.services.doctor.check import Check, fail, ok, warn
from twitter_manager.storage import inspect_server

if TYPE_CHECKING:
    from twitter_manager.storage import ServerInspection

__all__ = ["contents", "database"]

LITTLE_FREE = 20  # connections; one process takes up to 18
_START = "start the service once: it makes the tables, or brings them up to date"


def database(url: str, *, shown: str) -> Check:
    """`shown`: the address without its password."""
    try:
        return contents(inspect_server(url), shown=shown)
    except StorageUnavailable as error:
        remedy = "see that the server runs, and that DATABASE_URL has its host, port, user, password and database"
        return fail("database", f"{shown} cannot be used: {error.why}", remedy)
    except StartRefused as error:
        return fail("database", str(error), "correct DATABASE_URL")


def contents(found: "ServerInspection", *, shown: str) -> Check:
    if found.server < found.oldest_server:
        text = f"{shown} is PostgreSQL {_major(found.server)}; {_major(found.oldest_server)} is the oldest that serves"
        return fail("database", text, "use a newer server")
    if found.encoding != "UTF8":
        remedy = "create one with createdb --encoding=UTF8 --template=template0, and name it in DATABASE_URL"
        return fail("database", f"{shown} has the encoding {found.encoding}", remedy)
    if found.lacking:
        return fail("database", f"{shown}: the user lacks {found.lacking[0]}", "grant it, or make the user its owner")
    if found.read_only:
        return fail("database", f"{shown} can only be read: it is a replica, or set so", "name the server that writes")
    if found.version > found.needed:
        text = f"its version is {found.version}, newer than this program ({found.needed})"
        return fail("database", text, "use the newer program, or restore a dump: README, Upgrading, and going back")
    if found.version < found.needed:
        text = f"its version is {found.version}; this program needs {found.needed}"
        return fail("database", text if found.version else f"{shown} has no tables yet", _START)
    if found.free < LITTLE_FREE:
        remedy = "raise max_connections of the server, or run fewer processes: each takes up to 18"
        return warn("database", f"the server gives {found.free} more connections", remedy)
    return ok("database", f"{shown}, PostgreSQL {_major(found.server)}, version {found.version}")


def _major(version: int) -> int:
    return version // 10_000

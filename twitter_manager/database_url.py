"""DATABASE_URL: which kind of database, where a SQLite file lies, and what of the address may be shown.

Pure: looks at nothing but its arguments.
"""

import re

__all__ = ["is_postgresql", "shown", "sqlite_path"]

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
# also without //, as in postgres:user:password@host: no file is to get that name
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:")


def is_postgresql(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def shown(url: str) -> str:
    """A PostgreSQL address without password and options, which may have one, too."""
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")  # a password may have any character
    return f"{scheme}://{user.partition(':')[0]}{at}{place.partition('?')[0]}"


def sqlite_path(url: str, *, base: str) -> str:
    r"""The path of the SQLite file; a relative one is relative to the folder `base`.

    Takes `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:///C:\data\x.db`, `sqlite:///C:/data/x.db`, and the
    bare paths `C:/data/x.db`, `/data/x.db`, `data/x.db`. Spaces and non-ASCII letters are not escaped.
    Raises ValueError, with words for the person who set it.
    """
    path = url.removeprefix("sqlite:///")
    if path == url and _SCHEME.match(url):
        raise ValueError("is neither sqlite:///path nor postgresql://…")
    if not path.strip() or path.endswith(("/", "\\")):
        raise ValueError("names no file")
    if ":memory:" in path:
        raise ValueError("must name a file: a database in memory would lose what was accepted")
    if "\0" in path:
        raise ValueError("has a character that no path can have")
    return path if _is_absolute(path) else f"{base}/{path}"


def _is_absolute(path: str) -> bool:
    return path.startswith(("/", "\\\\")) or _DRIVE.match(path) is not None

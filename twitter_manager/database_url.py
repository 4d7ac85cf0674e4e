"""DATABASE_URL: which kind of database, and where a SQLite file lies. Pure: looks at nothing but its arguments."""

import re

__all__ = ["is_postgresql", "sqlite_path"]

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


def is_postgresql(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def sqlite_path(url: str, *, base: str) -> str:
    r"""The path of the SQLite file; a relative one is relative to the folder `base`.

    Takes `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:///C:\data\x.db`, `sqlite:///C:/data/x.db`, and the
    bare paths `C:/data/x.db`, `/data/x.db`, `data/x.db`. Spaces and non-ASCII letters are not escaped.
    Raises ValueError, with words for the person who set it.
    """
    path = url.removeprefix("sqlite:///")
    if path == url and (_SCHEME.match(url) or url.lower().startswith("sqlite:")):
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

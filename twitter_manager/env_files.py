"""Files of lines NAME=value or of one value alone, and names that are nearly those of settings."""

import errno
import os
import stat
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from twitter_manager.errors import StartRefused

__all__ = ["nearly_settings", "read_env_file", "read_value"]

MAX_VALUE = 64 * 1024


def read_env_file(path: Path) -> dict[str, str]:
    """From lines NAME=value; empty where there is no file. Raises StartRefused with one line per fault."""
    try:
        if not path.exists() or path.is_dir():
            return {}
        with path.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"{path.name} cannot be read: {type(error).__name__}") from error
    # passed over, a line would be missed only later: without TWITTER_CLIENT_ID everything goes to a simulated X
    unread = [_line_of(each) for each in bindings if each.error or (each.key and each.value is None)]
    if unread:
        faults = (f"{path.name} line {line} is not NAME=value, or has a quote that is not closed" for line in unread)
        raise StartRefused("\n".join(faults))
    return {each.key: each.value for each in bindings if each.key and each.value and each.value.strip()}


def read_value(path: Path) -> str:
    """The text of a file that holds one value and maybe a newline. Raises ValueError with words that follow its name,
    and never with what the file holds."""
    try:
        text = _read_regular(path, MAX_VALUE + 1).decode()
    except UnicodeDecodeError as error:
        raise ValueError("names a file that is no text in UTF-8") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "that is no path"
        raise ValueError(f"names a file that cannot be read: {why}") from error
    if len(text) > MAX_VALUE:
        raise ValueError(f"names a file of over {MAX_VALUE // 1024} KiB")
    value = text.removesuffix("\n").removesuffix("\r")
    if not value.strip():
        raise ValueError("names a file that is empty")
    return value


def _read_regular(path: Path, most: int) -> bytes:
    """A pipe may have nobody who writes, and the start would wait for ever. Raises OSError."""
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(most)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _line_of(binding: Binding) -> int:
    """What stands before it as empty lines is counted to it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def nearly_settings(names: Iterable[str], known: Collection[str], *, nearness: float) -> dict[str, str]:
    """Of `names` those that are no setting, but near to one: with it."""
    unknown = sorted(set(names) - set(known))
    near = {name: get_close_matches(name.upper(), known, n=1, cutoff=nearness) for name in unknown}
    return {name: found[0] for name, found in near.items() if found}

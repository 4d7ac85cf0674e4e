"""Where the log goes: one file a day in LOG_DIR, shared by all processes, and warnings also on stderr.

Logging never raises: a line that cannot be written, or formatted, is lost, and the caller goes on.

Ours is logged from LOG_LEVEL on; of other packages only warnings, since their debug output shows URLs and headers.
Input cannot forge a line: control characters are escaped, and the lines of a traceback are marked.
"""

import logging
import os
import re
import sys
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from io import FileIO
from pathlib import Path

from twitter_manager import private_files, terminal
from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused

__all__ = ["DailyFile", "OneLine", "check_folder", "file_failing_since", "set_up"]

MAX_TRACE = 16_384  # characters of one traceback
KEPT_DAYS = 14
_REPORT_SECONDS = 60.0
_DAY_SECONDS = 86_400
_NAME = re.compile(r"twitter_manager-(\d{4}-\d{2}-\d{2})\.log")
# control characters, line and paragraph separators, changes of writing direction, lone surrogates
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def set_up(settings: Settings) -> None:
    """Touches no file before the first line; a second call replaces the first."""
    ours, others = logging.getLogger("twitter_manager"), logging.getLogger()
    level = logging.getLevelNamesMapping()[settings.log_level]
    ours.setLevel(level)
    others.setLevel(max(level, logging.WARNING))
    # else it sets INFO and a handler, and logs whole URLs
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    for old in others.handlers[:]:
        if isinstance(old, DailyFile | _Stderr):
            others.removeHandler(old)
            old.close()
    others.addHandler(DailyFile(settings.log_path))
    others.addHandler(_Stderr())
    # a line says neither where it was written nor in which thread: a third of its time
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def check_folder(settings: Settings) -> None:
    """Raises StartRefused when today's log file cannot be written: better now than unnoticed."""
    try:
        private_files.make_folder(settings.log_path)
        if not settings.log_dir:  # LOG_DIR may be shared with other programs
            private_files.restrict(settings.log_path)
        today = settings.log_path / _file_name(datetime.now(UTC).date())
        private_files.make_file(today)
        with today.open("ab"):
            pass
    except OSError as error:
        name = "LOG_DIR" if settings.log_dir else "INSTANCE_DIR"
        raise StartRefused(f"{name}: {error.filename or settings.log_path} cannot be used: {error.strerror}") from error


def file_failing_since() -> datetime | None:
    """Since when no line could be written to the log file of this process; None while it can."""
    handlers = logging.getLogger().handlers
    return next((each.failing_since for each in handlers if isinstance(each, DailyFile) and each.failing_since), None)


class OneLine(logging.Formatter):
    """'2026-11-20T14:05:00.123Z INFO twitter_manager.requests …'; further lines begin with '  | '."""

    def format(self, record: logging.LogRecord) -> str:
        second, millisecond = divmod(int(record.created * 1000), 1000)
        line = _escaped(f"{_text_of(second)}.{millisecond:03}Z {record.levelname} {record.name} {_message_of(record)}")
        if record.exc_info and record.exc_info[1] is not None:
            trace = _shortened(self.formatException(record.exc_info))
            line += "".join(f"\n  | {_escaped(part)}" for part in trace.split("\n"))
        return line


@lru_cache(maxsize=8)
def _text_of(second: int) -> str:
    """Many lines share a second."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _shortened(trace: str) -> str:
    """A long chain of causes, told by its beginning and its end: what one request leaves in the log has a limit."""
    if len(trace) <= MAX_TRACE:
        return trace
    return (
        f"{trace[: MAX_TRACE // 4]}\n… {len(trace) - MAX_TRACE} characters left out …\n{trace[-MAX_TRACE * 3 // 4 :]}"
    )


class DailyFile(logging.Handler):
    """Appends to twitter_manager-YYYY-MM-DD.log (UTC) in `folder`; removes files over 14 days old.

    A line is one write to a file opened for appending, so that several processes may share it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._day: int | None = None  # since 1970
        self._file: FileIO | None = None
        self._cut = False  # the last line is incomplete
        self._reported_at: float | None = None
        self.failing_since: datetime | None = None
        self.setFormatter(OneLine())
        self.addFilter(_ours_or_a_warning)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(record)
            self.failing_since = None
        except Exception as error:  # a full disk costs the line, not the request
            self.failing_since = self.failing_since or datetime.now(UTC)
            self._report(error)

    def _write(self, record: logging.LogRecord) -> None:
        file = self._file_of(int(record.created // _DAY_SECONDS))
        line = f"{self.format(record)}\n".encode(errors="backslashreplace")
        whole = b"\n" + line if self._cut else line
        written = file.write(whole) or 0
        if written < len(whole):
            self._cut = written > 0 or self._cut
            raise OSError("only a part of the line was written")
        self._cut = False

    def close(self) -> None:
        self.acquire()
        try:
            if self._file is not None:
                with suppress(OSError):  # on a network disk the last write can fail as late as here
                    self._file.close()
                self._file = None
        finally:
            self.release()
        super().close()

    def _file_of(self, day: int) -> FileIO:
        if self._file is None or day != self._day:
            today = datetime.fromtimestamp(day * _DAY_SECONDS, UTC).date()
            private_files.make_folder(self._folder)
            fresh = FileIO(self._folder / _file_name(today), "a", opener=_open_private)
            if self._file is not None:
                with suppress(OSError):
                    self._file.close()
            self._file, self._day = fresh, day
            with suppress(OSError):  # a folder that cannot be listed keeps its old files, and accepts new lines
                _tidy_up(self._folder, today - timedelta(days=KEPT_DAYS))
        return self._file

    def _report(self, error: Exception) -> None:
        now = time.monotonic()
        if self._reported_at is None or now - self._reported_at > _REPORT_SECONDS:
            self._reported_at = now
            terminal.say(f"the log file cannot be written: {type(error).__name__}", error=True)


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Warnings and errors, for the terminal."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setLevel(logging.WARNING)
        self.setFormatter(OneLine())

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # stderr itself failed: there is nowhere to report it
            self.stream.write(f"{self.format(record)}\n")
            self.flush()


def _message_of(record: logging.LogRecord) -> str:
    """Where the arguments do not fit, without them: one of them may be a secret."""
    try:
        return record.getMessage()
    except Exception as error:
        return f"{record.msg} (its arguments cannot be shown: {type(error).__name__})"


def _open_private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, private_files.FILE_MODE)
    private_files.restrict_descriptor(descriptor)
    return descriptor


def _file_name(day: date) -> str:
    return f"twitter_manager-{day.isoformat()}.log"


def _ours_or_a_warning(record: logging.LogRecord) -> bool:
    # other packages may have set a level of their own
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] == "twitter_manager"


def _tidy_up(folder: Path, oldest: date) -> None:
    """Removes files from before `oldest`, and restricts the others to their owner."""
    for path in folder.iterdir():
        found = _NAME.fullmatch(path.name)
        if found and found[1] < oldest.isoformat():
            with suppress(OSError):  # another process may be reading it, or have removed it
                path.unlink()
        elif found:
            private_files.restrict(path)


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

"""While the whole database is put in place, or moved away, no start of the service may come between."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import Timeout

from twitter_manager import private_files, start_lock
from twitter_manager.config import Settings
from twitter_manager.storage.copying import CopyFailed

__all__ = ["no_start"]


@contextmanager
def no_start(settings: Settings) -> Iterator[None]:
    """Raises CopyFailed where one is going on."""
    private_files.make_folder(settings.instance_path)
    try:
        with start_lock.held(settings.instance_path / "start.lock"):
            yield
    except Timeout as error:
        raise CopyFailed("the service is just starting; stop it first") from error

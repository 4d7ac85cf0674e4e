"""What a disk says, as errors for the caller."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from twitter_manager.errors import NotNow, ServiceError, StorageFull

__all__ = ["disk_faults"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

log = logging.getLogger("twitter_manager.media")


@contextmanager
def disk_faults() -> Iterator[None]:
    """Raises StorageFull or NotNow for an OSError."""
    try:
        yield
    except OSError as error:
        raise _fault(error) from error


def _fault(error: OSError) -> ServiceError:
    if error.errno in _FULL:
        return StorageFull("media_storage_full", retryable=True)
    log.error("the folder of media cannot be used: %s", error.strerror)
    return NotNow("media_storage_unavailable", retryable=True)

"""The posting worker: threads that claim one lane after the other and do its task."""

from twitter_manager.worker.loop import RunningWorker, start_worker, stopping_line

__all__ = ["RunningWorker", "start_worker", "stopping_line"]

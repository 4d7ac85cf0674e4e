"""The door without a face: threads that take one lane after the other and do what each needs."""

from twitter_manager.worker.loop import RunningWorker, start_worker, stopping_line

__all__ = ["RunningWorker", "start_worker", "stopping_line"]

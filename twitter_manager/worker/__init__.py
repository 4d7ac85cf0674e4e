"""The posting worker: threads that claim one lane after the other and do its task.

loop         the threads of the lanes
periodic     what is done on a clock
deliveries   the threads that call webhooks
copies       the thread that makes copies on a clock
"""

from twitter_manager.worker.loop import RunningWorker, start_worker, stopping_line

__all__ = ["RunningWorker", "start_worker", "stopping_line"]

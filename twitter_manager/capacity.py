"""How much is accepted at a time and how long a shutdown may take, for all modules that must agree on it."""

__all__ = ["DRAIN_SECONDS", "LAST_ANSWER_SECONDS", "MAX_BODY", "MAX_VALUES", "SEATS", "THREADS"]

MAX_BODY = 4 * 1024 * 1024  # bytes of a request's body: a batch of 1,000 posts, each character of them escaped
MAX_VALUES = 50_000  # of a JSON body: a batch of 1,000 posts with every option has half of them
THREADS = 64  # requests in progress at once
SEATS = THREADS // 4  # threads that may wait for X or for a lane; the others stay free for all other requests

DRAIN_SECONDS = 8.0  # after SIGTERM, for requests in progress and what is being sent to X
LAST_ANSWER_SECONDS = DRAIN_SECONDS - 1.0  # a request that waits for X is answered in time to be read

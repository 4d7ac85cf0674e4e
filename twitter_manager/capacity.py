"""How much is taken in at a time and how long the end may last, for everybody who has to agree on it."""

__all__ = ["DRAIN_SECONDS", "LAST_ANSWER_SECONDS", "MAX_BODY", "SEATS", "THREADS"]

MAX_BODY = 4 * 1024 * 1024  # bytes of a request's body: a batch of 1,000 posts, each sign of them escaped
THREADS = 64  # requests that are worked on at once
SEATS = THREADS // 4  # of which so many may wait for X or for a lane; the others stay free for everybody else

DRAIN_SECONDS = 8.0  # after SIGTERM: what is inside, and what is being sent to X, may take so long to end
LAST_ANSWER_SECONDS = DRAIN_SECONDS - 1.0  # who waits for X until then is answered while there is time to read it

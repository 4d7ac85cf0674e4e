"""The promise, checked at both ends: what the service says, and what stands on X."""

from collections import Counter
from collections.abc import Sequence

from tests.support.service_process import Installation
from twitter_manager.simulator.world import World

__all__ = ["assert_chained", "assert_each_once", "refreshes", "sends"]


def assert_each_once(world: World, service: Installation, texts: Sequence[str]) -> None:
    """Each text stands on X as often as it was handed over, and each tweet is `posted` with an X id of its own."""
    on_x = Counter(post.original for post in world.posts())
    wanted = Counter(texts)
    assert not on_x - wanted, f"on X more than once: {on_x - wanted}"
    assert not wanted - on_x, f"not on X: {wanted - on_x}"
    tweets = service.tweets()
    assert Counter(tweet["text"] for tweet in tweets) == wanted
    assert {tweet["status"] for tweet in tweets} == {"posted"}
    posted = {post.id: post.original for post in world.posts()}
    assert {tweet["twitter_id"]: tweet["text"] for tweet in tweets} == posted
    assert not [tweet for tweet in tweets if tweet["twin_twitter_id"] or tweet["needs_decision"]]


def assert_chained(world: World, service: Installation, thread_id: int) -> None:
    """The thread is whole, and each of its posts answers the one before."""
    thread = service.thread(thread_id)
    assert thread["status"] == "posted", thread
    ids = [part["twitter_id"] for part in thread["tweets"]]
    posts = {post.id: post for post in world.posts()}
    assert [posts[each].in_reply_to for each in ids] == [None, *ids[:-1]]
    assert ids == sorted(ids, key=int), "no part overtook another"


def sends(world: World) -> int:
    """How often a tweet was sent to X, whatever became of it."""
    return len(world.calls(method="POST", path="/2/tweets"))


def refreshes(world: World, *, connected: int) -> int:
    """How often the token endpoint was called, beside once for each account that was `connected`."""
    return len(world.calls(method="POST", path="/2/oauth2/token")) - connected

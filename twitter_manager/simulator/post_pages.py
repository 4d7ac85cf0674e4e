"""GET /{username}/status/{id}: a post's page with its conversation, as a person sees it on x.com."""

from twitter_manager.simulator import post_page, posts, users
from twitter_manager.simulator.call import Call, id_of
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.post_page import Shown
from twitter_manager.simulator.posts import Post

__all__ = ["show"]

MAX_REPLIES = 100


def show(call: Call) -> Response:
    """The page of a post that a reader sees now; as on X, the name in the path does not matter."""
    post_id = id_of(call.values["id"])
    post = posts.find_visible(call.db, post_id, now=call.now) if post_id else None
    shown = _shown(call, post) if post else None
    if post is None or shown is None:
        return post_page.absent()
    return post_page.conversation(_before(call, post), shown, _after(call, post))


def _shown(call: Call, post: Post, *, with_quoted: bool = True) -> Shown | None:
    author = users.find(call.db, post.author_id)
    if author is None:
        return None
    quoted = posts.find_visible(call.db, post.quote_of, now=call.now) if with_quoted and post.quote_of else None
    return Shown(
        post,
        author,
        reply_to=_replied_to(call, post),
        quoted=_shown(call, quoted, with_quoted=False) if quoted else None,
        replies=posts.counts(call.db, post.id)[0],
        edited=len(posts.edit_history(call.db, post.id)) > 1,
    )


def _replied_to(call: Call, post: Post) -> str | None:
    parent = posts.find(call.db, post.in_reply_to) if post.in_reply_to else None
    author = users.find(call.db, parent.author_id) if parent else None
    return author.username if author else None


def _before(call: Call, post: Post) -> list[Shown]:
    """The posts it replies to, oldest first, up to the nearest one that is not visible."""
    chain: list[Shown] = []
    parent_id = post.in_reply_to
    while parent_id and (parent := posts.find_visible(call.db, parent_id, now=call.now)):
        shown = _shown(call, parent)
        chain += [shown] if shown else []
        parent_id = parent.in_reply_to
    return chain[::-1]


def _after(call: Call, post: Post) -> list[Shown]:
    """Its replies, and their replies, oldest first."""
    above = set(posts.edit_history(call.db, post.id))
    found: list[Post] = []
    for each in posts.list_conversation(call.db, post.conversation_id, now=call.now):
        if each.in_reply_to in above and len(found) < MAX_REPLIES:
            above.update(posts.edit_history(call.db, each.id))
            found.append(each)
    return [shown for each in found if (shown := _shown(call, each))]

"""Creating, reading and deleting posts, and a user's timeline (docs.x.com: manage posts, timelines)."""

from twitter_manager.simulator import posts, users
from twitter_manager.simulator.call import Call, id_of
from twitter_manager.simulator.links import shortened
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.post_request import draft_from
from twitter_manager.simulator.posts import Draft
from twitter_manager.simulator.problems import (
    Refusal,
    forbidden,
    invalid_parameter,
    json_response,
    missing_resource,
    not_yours,
)
from twitter_manager.simulator.serializers import post_json, posts_body, view_of
from twitter_manager.simulator.timeline import page_of

__all__ = ["create", "delete", "show", "show_many", "show_timeline"]

MANY = 100


def create(call: Call) -> Response:
    """POST /2/tweets."""
    draft = draft_from(call.json_object())
    _check_related(call, draft)
    if draft.text.strip() and call.settings.duplicates_refused:
        _check_duplicate(call, draft)
    post = posts.insert(call.db, draft, author=call.user, now=call.now, visibility_delay=call.settings.visibility_delay)
    shown = {"edit_history_post_ids": [post.id], "id": post.id, "text": shortened(post.text)}
    return json_response(201, {"data": shown})


def _check_related(call: Call, draft: Draft) -> None:
    for verb, other in (("reply to", draft.in_reply_to), ("quote", draft.quote_of)):
        if other and posts.find_visible(call.db, other, now=call.now) is None:
            raise Refusal(forbidden(f"You attempted to {verb} a Tweet that is deleted or not visible to you."))


def _check_duplicate(call: Call, draft: Draft) -> None:
    if posts.repeats_recent_text(call.db, draft.text, author_id=call.user.id, now=call.now):
        raise Refusal(forbidden("You are not allowed to create a Tweet with duplicate content."))


def delete(call: Call) -> Response:
    """DELETE /2/tweets/{id}. What does not exist counts as deleted; X does not document it."""
    post = posts.find(call.db, call.path_id())
    if post and post.author_id != call.user.id:
        raise Refusal(not_yours(post.id, "You are not authorized to delete this Tweet."))
    if post:
        posts.delete(call.db, post.id, now=call.now)
    return json_response(200, {"data": {"deleted": True}})


def show(call: Call) -> Response:
    """GET /2/tweets/{id}: 200 with `errors` when it is not visible."""
    view = view_of(call)
    post = posts.find_visible(call.db, call.path_id(), now=call.now)
    if post is None:
        return json_response(200, {"errors": [missing_resource("tweet", "id", call.path_id())]})
    return json_response(200, {**posts_body(call, [post], view), "data": post_json(call.db, post, view)})


def show_many(call: Call) -> Response:
    """GET /2/tweets?ids=: missing ones are in `errors`."""
    wanted = call.many("ids")
    wrong = [post_id for post_id in wanted if id_of(post_id) is None]
    if not 1 <= len(wanted) <= MANY or wrong:
        shown = wrong[0] if wrong else ",".join(wanted)
        raise Refusal(invalid_parameter("ids", shown, f"The `ids` query parameter value [{shown}] is not valid"))
    seen = {post_id: posts.find_visible(call.db, post_id, now=call.now) for post_id in wanted}
    body = posts_body(call, [post for post in seen.values() if post], view_of(call))
    missing = [missing_resource("tweet", "ids", post_id) for post_id, post in seen.items() if post is None]
    return json_response(200, {**body, **({"errors": missing} if missing else {})})


def show_timeline(call: Call) -> Response:
    """GET /2/users/{id}/tweets: newest first, visible ones only."""
    author_id = call.path_id()
    page = page_of(call, author_id)
    if users.find(call.db, author_id) is None:
        return json_response(200, {"errors": [missing_resource("user", "id", author_id)]})
    body = posts_body(call, page.posts, view_of(call))
    meta: dict[str, object] = {"result_count": len(page.posts)}
    if page.posts:
        meta |= {"newest_id": page.posts[0].id, "oldest_id": page.posts[-1].id}
    if page.next_token:
        meta["next_token"] = page.next_token
    return json_response(200, {**body, "meta": meta})

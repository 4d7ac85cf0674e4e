"""Posts: create, delete, look up, and the account's own timeline (docs.x.com: manage posts, timelines)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from twitter_manager.twitter.client import Response, XClient, bearer
from twitter_manager.twitter.dialects import Dialect
from twitter_manager.twitter.errors import OutcomeUnknown, Problem, Refused
from twitter_manager.twitter.rate_limits import NOTHING, RateWindow
from twitter_manager.twitter.reading import read
from twitter_manager.twitter.refusals import problem_of
from twitter_manager.twitter.seen_posts import posts_of
from twitter_manager.twitter.text.matching import SeenPost

__all__ = ["CREATE", "CreatedPost", "NewPost", "create", "delete", "get_many", "list_own"]

# X renamed its read vocabulary in August 2026 (its OpenAPI document 2.167). A field of the wrong dialect is absent from
# the answer, so where the dates are missing the other one is asked. What is expanded may be billed: only what is read.
_POST_DIALECT: Dialect = {
    "post.fields": "attachments,created_at,entities,id,note_post,text",
    "expansions": "edit_history_post_ids,referenced_posts",
}
_TWEET_DIALECT: Dialect = {
    "tweet.fields": "attachments,created_at,edit_history_tweet_ids,entities,id,note_tweet,referenced_tweets,text",
}
DIALECTS = (_POST_DIALECT, _TWEET_DIALECT)
CREATE = "POST /2/tweets"  # its name in X's table of limits
PAGE_SIZE = "100"
MAX_PAGES = 1000  # X shows the latest 3,200 posts: more pages are a loop


@dataclass(frozen=True, slots=True)
class CreatedPost:
    """X's 201: the post's id, its text as X shows it, and X's rate-limit headers."""

    id: str
    text: str
    window: RateWindow = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPost:
    """What POST /2/tweets accepts, as far as this product uses it (X's OpenAPI document: CreatePostsRequest).

    Ids are X's.
    """

    text: str
    reply_to: str | None = None
    quote_of: str | None = None
    media_ids: Sequence[str] = ()
    poll: Mapping[str, Any] | None = None  # {options, duration_minutes}
    reply_settings: str | None = None
    community_id: str | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False

    def to_body(self) -> dict[str, Any]:
        """The request's JSON: only what differs from X's defaults, since X refuses what it does not know."""
        body = {
            "text": self.text,
            "reply": {"in_reply_to_tweet_id": self.reply_to} if self.reply_to else None,
            "quote_tweet_id": self.quote_of,
            "media": {"media_ids": list(self.media_ids)} if self.media_ids else None,
            "poll": self.poll,
            "reply_settings": self.reply_settings,
            "community_id": self.community_id,
            "made_with_ai": self.made_with_ai or None,
            "paid_partnership": self.paid_partnership or None,
        }
        return {name: value for name, value in body.items() if value is not None}


def create(
    x: XClient,
    access_token: str,
    post: NewPost,
    *,
    before_first_byte: Callable[[], None] | None = None,
    account_id: int | None = None,
    metered: bool = False,
) -> CreatedPost:
    """Never called twice for one attempt: X has no idempotency key. Raises XError.

    Not `metered` by default: the call is counted with the intent, before.
    """
    response = x.request(
        "POST",
        "/2/tweets",
        authorization=bearer(access_token),
        json=post.to_body(),
        before_first_byte=before_first_byte,
        account_id=account_id,
        metered=metered,
    )
    data = response.body.get("data")
    post_id = data.get("id") if isinstance(data, Mapping) else None
    if not isinstance(post_id, str) or not (post_id.isascii() and post_id.isdigit()):
        raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))
    shown = data.get("text") if isinstance(data, Mapping) else None
    return CreatedPost(post_id, shown if isinstance(shown, str) else post.text, response.window)


def delete(x: XClient, access_token: str, post_id: str, *, account_id: int | None = None) -> None:
    """One that is gone already counts as deleted, too. Raises XError; Refused where X did not delete it."""
    try:
        response = x.request(
            "DELETE",
            f"/2/tweets/{post_id}",
            endpoint="/2/tweets/{id}",
            authorization=bearer(access_token),
            account_id=account_id,
            may_be_empty=True,
        )
    except Refused as error:
        if error.problem.status != 404:
            raise
    else:
        _check_deleted(response)


def _check_deleted(response: Response) -> None:
    """Raises unless X confirms it: by `deleted`, by an empty response, or since there is no such post."""
    data = response.body.get("data")
    deleted = data.get("deleted") if isinstance(data, Mapping) else None
    problem = problem_of(response.status, response.body)
    if deleted is True or response.is_empty or (deleted is None and problem.type == "resource-not-found"):
        return
    if deleted is False or problem.readable:
        raise Refused(replace(problem, title="X did not delete it"))
    raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))


def get_many(
    x: XClient, access_token: str, post_ids: Sequence[str], *, account_id: int | None = None, metered: bool = True
) -> dict[str, SeenPost]:
    """Those of up to 100 posts that X shows, by id; the others are missing. Raises XError."""
    query = {"ids": ",".join(post_ids)}
    response = _read(x, "/2/tweets", "/2/tweets", access_token, query, account_id, metered=metered)
    return {post.id: post for post in posts_of(response)}


def list_own(
    x: XClient,
    access_token: str,
    user_id: str,
    *,
    since_id: str | None = None,
    start_time: datetime | None = None,
    before_page: Callable[[], None] | None = None,
    account_id: int | None = None,
) -> list[SeenPost]:
    """The account's posts after `since_id` or from `start_time` on, replies included, all pages of them.

    Not metered: what became of a post must be found out, whatever the account has left. `before_page` is called before
    each page and may raise. Raises XError; also where a page is incomplete, since an incomplete timeline proves
    nothing.
    """
    query = {"max_results": PAGE_SIZE}
    if since_id:
        query["since_id"] = since_id
    elif start_time:
        query["start_time"] = start_time.strftime("%Y-%m-%dT%H:%M:%SZ")  # X counts whole seconds
    found: list[SeenPost] = []
    for response in _pages(x, access_token, user_id, query, before_page, account_id):
        if not _is_whole(response.body):
            raise OutcomeUnknown(Problem(response.status, title="An incomplete timeline"))
        found += posts_of(response)
    return found


def _is_whole(body: Mapping[str, Any]) -> bool:
    """Whether the page shows every post that it counts: a 200 that says nothing of posts proves nothing."""
    meta = body.get("meta")
    count = meta.get("result_count") if isinstance(meta, Mapping) else None
    data = [] if count == 0 and "data" not in body else body.get("data")  # X leaves out an empty list
    if not isinstance(data, list) or (isinstance(count, int) and count > len(data)):
        return False
    return bool(data) or not body.get("errors")  # beside posts, errors concern what those refer to


def _pages(
    x: XClient,
    access_token: str,
    user_id: str,
    query: dict[str, str],
    before_page: Callable[[], None] | None,
    account_id: int | None,
) -> Iterator[Response]:
    path, token, seen = f"/2/users/{user_id}/tweets", None, set[str]()
    for _ in range(MAX_PAGES):
        if before_page:
            before_page()
        page = query if token is None else {**query, "pagination_token": token}
        response = _read(x, path, "/2/users/{id}/tweets", access_token, page, account_id, metered=False)
        yield response
        meta = response.body.get("meta")
        token = meta.get("next_token") if isinstance(meta, Mapping) else None
        if not isinstance(token, str) or not token:
            return
        if token in seen:
            break
        seen.add(token)
    raise OutcomeUnknown(Problem(None, title="A timeline without an end"))


def _read(
    x: XClient,
    path: str,
    endpoint: str,
    access_token: str,
    query: Mapping[str, str],
    account_id: int | None,
    *,
    metered: bool = True,
) -> Response:
    """In the dialect that X answers with dates."""
    return read(
        x,
        path,
        access_token,
        DIALECTS,
        endpoint=endpoint,
        is_answered=_has_dates,
        query=query,
        account_id=account_id,
        metered=metered,
    )


def _has_dates(body: Mapping[str, Any]) -> bool:
    posts = body.get("data")
    return not posts or any("created_at" in post for post in posts if isinstance(post, Mapping))

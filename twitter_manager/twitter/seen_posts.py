"""Posts as X shows them, in either of its vocabularies (X's OpenAPI document, before and since 2.167)."""

from collections.abc import Mapping
from typing import Any

from twitter_manager import untrusted_times
from twitter_manager.twitter.client import Response
from twitter_manager.twitter.errors import OutcomeUnknown, Problem
from twitter_manager.twitter.text.matching import SeenPost, SeenUrl

__all__ = ["posts_of"]


def posts_of(response: Response) -> list[SeenPost]:
    """Raises OutcomeUnknown where one cannot be read: it might be ours."""
    data = response.body.get("data", [])
    if not isinstance(data, list):
        raise OutcomeUnknown(Problem(response.status, title="An unreadable answer"))
    return [_post(item, response.status) for item in data]


def _post(item: Any, status: int) -> SeenPost:
    """Raises OutcomeUnknown when it has no id or no text."""
    if not isinstance(item, Mapping) or not isinstance(item.get("id"), str) or not isinstance(item.get("text"), str):
        raise OutcomeUnknown(Problem(status, title="An unreadable answer"))
    note = item.get("note_post") or item.get("note_tweet") or {}
    long_text = note.get("text") if isinstance(note, Mapping) else None
    references = item.get("referenced_posts") or item.get("referenced_tweets") or []
    attachments = item.get("attachments") or {}
    keys = attachments.get("media_keys", []) if isinstance(attachments, Mapping) else []
    return SeenPost(
        id=item["id"],
        text=item["text"],
        urls=_urls(item),
        long_text=long_text if isinstance(long_text, str) else None,
        long_urls=_urls(note) if isinstance(note, Mapping) else (),
        reply_to=_reference(references, "replied_to"),
        quote_of=_reference(references, "quoted"),
        media_count=len(keys) if isinstance(keys, list) else 0,
        created_at=untrusted_times.iso_time(item.get("created_at")),
        versions=_versions(item),
        is_repost=bool(_reference(references, "retweeted") or _reference(references, "reposted")),
    )


def _versions(item: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of an edited post; none of one that was never edited."""
    ids = item.get("edit_history_post_ids") or item.get("edit_history_tweet_ids") or []
    known = (
        [each for each in ids if isinstance(each, str) and each.isascii() and each.isdigit()]
        if isinstance(ids, list)
        else []
    )
    return tuple(known) if len(known) > 1 else ()


def _urls(item: Mapping[str, Any]) -> tuple[SeenUrl, ...]:
    entities = item.get("entities")
    urls = entities.get("urls", []) if isinstance(entities, Mapping) else []
    if not isinstance(urls, list):
        return ()
    return tuple(
        SeenUrl(url["url"], url.get("expanded_url"))
        for url in urls
        if isinstance(url, Mapping) and isinstance(url.get("url"), str)
    )


def _reference(references: Any, kind: str) -> str | None:
    if not isinstance(references, list):
        return None
    return next((str(r.get("id")) for r in references if isinstance(r, Mapping) and r.get("type") == kind), None)

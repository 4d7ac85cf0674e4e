"""The posts of the simulated X."""

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twitter_manager.simulator.ids import next_id
from twitter_manager.simulator.links import fingerprint, normalized, written
from twitter_manager.simulator.users import User
from twitter_manager.simulator.users import find as find_author
from twitter_manager.timestamps import earlier, later, to_text

__all__ = [
    "Draft",
    "Post",
    "count_of_author",
    "counts",
    "delete",
    "edit",
    "edit_history",
    "find",
    "find_visible",
    "insert",
    "list_all",
    "list_conversation",
    "mark_visible",
    "post_from",
    "repeats_recent_text",
]

DUPLICATE_WINDOW_S = 24 * 3600


@dataclass(frozen=True)
class Post:
    """`original` is what was sent, `text` what X returns; times are text."""

    id: str
    author_id: str
    original: str
    text: str
    urls: list[dict[str, Any]]
    created_at: str
    visible_at: str
    deleted_at: str | None
    in_reply_to: str | None
    quote_of: str | None
    conversation_id: str
    media_ids: list[str]
    poll: dict[str, Any] | None
    reply_settings: str


@dataclass(frozen=True)
class Draft:
    text: str
    in_reply_to: str | None = None
    quote_of: str | None = None
    media_ids: list[str] = field(default_factory=list)
    poll: dict[str, Any] | None = None
    reply_settings: str = "everyone"


def insert(db: sqlite3.Connection, draft: Draft, *, author: User, now: datetime, visibility_delay: float) -> Post:
    """X's created_at has whole seconds."""
    post_id = next_id(db, now)
    text = written(normalized(draft.text), seed=str(post_id), attached=_attached(db, draft, author, post_id))
    parent = find(db, draft.in_reply_to) if draft.in_reply_to else None
    db.execute(
        "INSERT INTO post (id, author_id, original, text, urls, fingerprint, created_at, visible_at, in_reply_to,"
        " quote_of, conversation_id, media_ids, poll, reply_settings) VALUES (:id, :author_id, :original, :text, :urls,"
        " :fingerprint, :created_at, :visible_at, :in_reply_to, :quote_of, :conversation_id, :media_ids, :poll,"
        " :reply_settings)",
        {
            "id": post_id,
            "author_id": int(author.id),
            "original": draft.text,
            "text": text.text,
            "urls": json.dumps(text.urls),
            "fingerprint": fingerprint(draft.text),
            "created_at": to_text(now.replace(microsecond=0)),
            "visible_at": to_text(later(now, visibility_delay)),
            "in_reply_to": _number(draft.in_reply_to),
            "quote_of": _number(draft.quote_of),
            "conversation_id": int(parent.conversation_id) if parent else post_id,
            "media_ids": json.dumps(draft.media_ids),
            "poll": json.dumps(draft.poll) if draft.poll else None,
            "reply_settings": draft.reply_settings,
        },
    )
    post = find(db, str(post_id))
    if post is None:
        raise LookupError(post_id)
    return post


def _attached(db: sqlite3.Connection, draft: Draft, author: User, post_id: int) -> list[tuple[str, str]]:
    """X appends one link for all media, and one for the quoted post, to the text: (expanded_url, display_url)."""
    links = []
    if draft.media_ids:
        links.append((f"https://x.com/{author.username}/status/{post_id}/photo/1", f"pic.x.com/{post_id % 10**10}"))
    if draft.quote_of and (quoted := find(db, draft.quote_of)):
        owner = db.execute("SELECT username FROM user WHERE id = :id", {"id": int(quoted.author_id)}).fetchone()
        links.append((f"https://x.com/{owner['username']}/status/{quoted.id}", f"x.com/{owner['username']}/st…"))
    return links


def find(db: sqlite3.Connection, post_id: str) -> Post | None:
    """Also when deleted or not yet visible."""
    row = db.execute("SELECT * FROM post WHERE id = :id", {"id": int(post_id)}).fetchone()
    return post_from(row) if row else None


def find_visible(db: sqlite3.Connection, post_id: str, *, now: datetime) -> Post | None:
    """None unless a reader of X sees it at `now`."""
    post = find(db, post_id)
    return post if post and post.deleted_at is None and post.visible_at <= to_text(now) else None


def list_all(db: sqlite3.Connection, *, author_id: str | None) -> list[Post]:
    """Oldest first, including those not yet visible, without deleted ones."""
    rows = db.execute(
        "SELECT * FROM latest_post WHERE deleted_at IS NULL AND (:author IS NULL OR author_id = :author) ORDER BY id",
        {"author": _number(author_id)},
    )
    return [post_from(row) for row in rows]


def list_conversation(db: sqlite3.Connection, conversation_id: str, *, now: datetime) -> list[Post]:
    """What a reader of X sees at `now`, oldest first."""
    rows = db.execute(
        "SELECT * FROM latest_post WHERE conversation_id = :id AND deleted_at IS NULL AND visible_at <= :now"
        " ORDER BY id",
        {"id": int(conversation_id), "now": to_text(now)},
    )
    return [post_from(row) for row in rows]


def count_of_author(db: sqlite3.Connection, author_id: str) -> int:
    query = "SELECT count(*) FROM latest_post WHERE author_id = :author AND deleted_at IS NULL"
    return int(db.execute(query, {"author": int(author_id)}).fetchone()[0])


def counts(db: sqlite3.Connection, post_id: str) -> tuple[int, int]:
    """Replies and quotes."""
    row = db.execute(
        "SELECT (SELECT count(*) FROM post WHERE in_reply_to = :id AND deleted_at IS NULL),"
        " (SELECT count(*) FROM post WHERE quote_of = :id AND deleted_at IS NULL)",
        {"id": int(post_id)},
    ).fetchone()
    return int(row[0]), int(row[1])


def repeats_recent_text(db: sqlite3.Connection, text: str, *, author_id: str, now: datetime) -> bool:
    """Whether the author sent the same text in the last 24 hours; having deleted it does not help."""
    row = db.execute(
        "SELECT 1 FROM post WHERE author_id = :author AND fingerprint = :fingerprint AND created_at > :since LIMIT 1",
        {
            "author": int(author_id),
            "fingerprint": fingerprint(text),
            "since": to_text(earlier(now, DUPLICATE_WINDOW_S)),
        },
    ).fetchone()
    return row is not None


def delete(db: sqlite3.Connection, post_id: str, *, now: datetime) -> None:
    """All its versions together."""
    db.execute(
        "UPDATE post SET deleted_at = :now WHERE id IN (SELECT value FROM json_each(:ids)) AND deleted_at IS NULL",
        {"ids": json.dumps([int(version) for version in edit_history(db, post_id)]), "now": to_text(now)},
    )


def edit(db: sqlite3.Connection, post_id: str, text: str, *, now: datetime) -> Post:
    """A new version of the post, with a new id. Raises LookupError when there is none to edit."""
    row = db.execute("SELECT * FROM latest_post WHERE id = :id AND deleted_at IS NULL", {"id": int(post_id)}).fetchone()
    old = post_from(row) if row else None
    author = find_author(db, old.author_id) if old else None
    if old is None or author is None:
        raise LookupError(f"no post {post_id} that could be edited")
    draft = Draft(text, old.in_reply_to, old.quote_of, old.media_ids, old.poll, old.reply_settings)
    new = insert(db, draft, author=author, now=now, visibility_delay=0)
    db.execute("INSERT INTO edit VALUES (:id, :previous)", {"id": int(new.id), "previous": int(old.id)})
    db.execute(
        "UPDATE post SET conversation_id = :conversation WHERE id = :id",
        {"conversation": int(old.conversation_id), "id": int(new.id)},
    )
    return new


def edit_history(db: sqlite3.Connection, post_id: str) -> list[str]:
    """The ids of all versions, oldest first; mostly one."""
    rows = db.execute(
        "WITH RECURSIVE earlier (id) AS (SELECT :id UNION SELECT previous_id FROM edit JOIN earlier USING (id)),"
        " version (id) AS (SELECT id FROM earlier UNION"
        " SELECT edit.id FROM edit JOIN version ON edit.previous_id = version.id) SELECT id FROM version ORDER BY id",
        {"id": int(post_id)},
    )
    return [str(row["id"]) for row in rows]


def mark_visible(db: sqlite3.Connection, post_id: str, *, at: datetime) -> None:
    db.execute("UPDATE post SET visible_at = :at WHERE id = :id", {"id": int(post_id), "at": to_text(at)})


def post_from(row: sqlite3.Row) -> Post:
    columns = {name: row[name] for name in row.keys() if name != "fingerprint"}  # noqa: SIM118 (rows iterate over values)
    for name in ("id", "author_id", "conversation_id", "in_reply_to", "quote_of"):
        columns[name] = None if row[name] is None else str(row[name])
    for name in ("urls", "media_ids", "poll"):
        columns[name] = None if row[name] is None else json.loads(row[name])
    return Post(**columns)


def _number(post_id: str | None) -> int | None:
    return None if post_id is None else int(post_id)

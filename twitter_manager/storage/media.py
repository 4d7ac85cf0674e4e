"""Media: the files that callers gave us, as far as the database knows them; and which of them tweets still need.

Which tweets name which media is in tweet_media, kept by triggers (migration 0017).
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from twitter_manager.errors import NotFound
from twitter_manager.models import Media, MediaSubtitles, MediaType
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.storage.rows import mapper
from twitter_manager.storage.statuses import FINAL

__all__ = [
    "NewMedia",
    "change_alt_text",
    "count",
    "delete",
    "file_keys_among",
    "find",
    "find_equal",
    "get",
    "insert",
    "is_in_use",
    "list_page",
    "list_subtitles",
    "list_unused",
    "mark_used",
    "replace_subtitles",
]

_media = mapper(Media)
_subtitles = mapper(MediaSubtitles)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMedia:
    """What is known of a file when it is taken; see models.Media."""

    sha256: str
    file_key: str
    type: MediaType
    mime_type: str
    size: int
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    frame_rate: int | None = None
    frame_count: int | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    alt_text: str | None = None
    file_name: str | None = None
    api_key_id: int | None = None


def insert(tx: Transaction, media: NewMedia) -> Media:
    row = tx.insert(
        """
        INSERT INTO media (sha256, file_key, type, mime_type, size, width, height, duration_ms, frame_rate,
            frame_count, video_codec, audio_codec, alt_text, file_name, api_key_id, created_at)
        VALUES (:sha256, :file_key, :type, :mime_type, :size, :width, :height, :duration_ms, :frame_rate,
            :frame_count, :video_codec, :audio_codec, :alt_text, :file_name, :api_key_id, :now)
        RETURNING *
        """,
        **asdict(media),
        now=tx.now,
    )
    return _media(row)


def find(q: Queries, media_id: int) -> Media | None:
    row = q.one("SELECT * FROM media WHERE id = :id", id=media_id)
    return _media(row) if row else None


def get(q: Queries, media_id: int) -> Media:
    """Raises NotFound."""
    found = find(q, media_id)
    if found is None:
        raise NotFound("media_not_found")
    return found


def find_equal(q: Queries, *, sha256: str) -> Media | None:
    """One with the same bytes, whoever gave them."""
    row = q.one("SELECT * FROM media WHERE sha256 = :sha256 ORDER BY id LIMIT 1", sha256=sha256)
    return _media(row) if row else None


def list_page(
    q: Queries, *, limit: int, before: int | None = None, offset: int = 0, owner: int | None = None
) -> Sequence[Media]:
    """Up to `limit` media (of this key, if given) with id < `before`, newest first."""
    rows = q.all(
        """
        SELECT * FROM media
        WHERE (:newest = 1 OR id < :before) AND (:every = 1 OR coalesce(api_key_id, 0) = :owner)
        ORDER BY id DESC LIMIT :limit OFFSET :offset
        """,
        newest=before is None,
        before=before or 0,
        every=owner is None,
        owner=owner or 0,
        limit=limit,
        offset=offset,
    )
    return [_media(row) for row in rows]


def count(q: Queries, *, owner: int | None = None) -> int:
    sql = "SELECT count(*) FROM media WHERE :every = 1 OR coalesce(api_key_id, 0) = :owner"
    return int(q.value(sql, every=owner is None, owner=owner or 0))


def change_alt_text(tx: Transaction, media_id: int, alt_text: str | None) -> None:
    tx.execute("UPDATE media SET alt_text = :alt_text WHERE id = :id", id=media_id, alt_text=alt_text)


def delete(tx: Transaction, media_id: int) -> None:
    """With its list of subtitles; those stay media of their own."""
    tx.execute("DELETE FROM media WHERE id = :id", id=media_id)


# The media is named by a tweet that is not final, or that became so a short while ago; or it is the subtitles of one
# that is.
_USED = f"""
    EXISTS (
        SELECT 1 FROM tweet_media AS named JOIN tweet ON tweet.id = named.tweet_id
        WHERE named.media_id = media.id AND (tweet.status NOT IN {FINAL} OR tweet.updated_at > :since))
    OR EXISTS (
        SELECT 1 FROM media_subtitles AS part
        JOIN tweet_media AS named ON named.media_id = part.video_id JOIN tweet ON tweet.id = named.tweet_id
        WHERE part.subtitles_id = media.id AND (tweet.status NOT IN {FINAL} OR tweet.updated_at > :since))
"""


def is_in_use(tx: Transaction, media_id: int) -> bool:
    """Whether a tweet that is not final needs it, or a video has it as subtitles."""
    row = tx.one(
        f"""
        SELECT 1 AS yes FROM media WHERE id = :id AND ({_USED}
            OR EXISTS (SELECT 1 FROM media_subtitles AS part WHERE part.subtitles_id = media.id))
        """,
        id=media_id,
        since=tx.now,
    )
    return row is not None


def mark_used(tx: Transaction, *, since: datetime) -> int:
    """Notes that they are used, of those that are and for which nobody noted it after `since`."""
    return tx.execute(
        f"UPDATE media SET last_used_at = :now WHERE coalesce(last_used_at, created_at) <= :since AND ({_USED})",
        since=since,
        now=tx.now,
    )


def list_unused(q: Queries, *, before: datetime, limit: int) -> Sequence[Media]:
    """Those that came, and that a tweet needed last, before this time. Subtitles come after their videos are gone."""
    rows = q.all(
        f"""
        SELECT * FROM media
        WHERE coalesce(last_used_at, created_at) < :since AND NOT ({_USED})
            AND NOT EXISTS (SELECT 1 FROM media_subtitles AS part WHERE part.subtitles_id = media.id)
        ORDER BY id LIMIT :limit
        """,
        since=before,
        limit=limit,
    )
    return [_media(row) for row in rows]


def file_keys_among(q: Queries, file_keys: Collection[str]) -> frozenset[str]:
    """Those of the keys whose files some media has."""
    rows = q.all("SELECT DISTINCT file_key FROM media WHERE file_key = ANY(:keys)", keys=list(file_keys))
    return frozenset(row["file_key"] for row in rows)


def list_subtitles(q: Queries, video_ids: Collection[int]) -> Sequence[MediaSubtitles]:
    """By video and language."""
    rows = q.all(
        "SELECT * FROM media_subtitles WHERE video_id = ANY(:ids) ORDER BY video_id, language_code", ids=list(video_ids)
    )
    return [_subtitles(row) for row in rows]


def replace_subtitles(tx: Transaction, video_id: int, subtitles: Sequence[MediaSubtitles]) -> None:
    tx.execute("DELETE FROM media_subtitles WHERE video_id = :video_id", video_id=video_id)
    for each in subtitles:
        tx.insert(
            """
            INSERT INTO media_subtitles (video_id, language_code, subtitles_id, display_name)
            VALUES (:video_id, :language_code, :subtitles_id, :display_name) RETURNING *
            """,
            **asdict(each),
        )

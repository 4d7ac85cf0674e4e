"""Which media tweets need, and what is deleted because nobody does."""

import json
from collections.abc import Sequence

from tests.support.clock import Clock
from tests.support.factories import at, new_tweet
from twitter_manager.models import Media, MediaSubtitles
from twitter_manager.storage import media, tweets
from twitter_manager.storage.database import Database, Transaction
from twitter_manager.storage.media import NewMedia

DAY = 86_400.0


def taken(tx: Transaction, number: int, **fields: object) -> Media:
    what = {"type": "photo", "mime_type": "image/png", "size": 10, "file_key": f"file {number}"} | fields
    return media.insert(tx, NewMedia(sha256=f"{number:064}", **what))  # type: ignore[arg-type]


def tweet_with(tx: Transaction, account_id: int, media_ids: Sequence[int | str]) -> int:
    new = tweets.NewTweet(
        account_id=account_id,
        content="hello",
        fingerprint="hello",
        media_ids=json.dumps([str(each) for each in media_ids]),
    )
    return tweets.insert(tx, new).id


def test_a_tweet_needs_its_media_until_it_is_final(db: Database, account_id: int) -> None:
    with db.transaction() as tx:
        one, other = taken(tx, 1), taken(tx, 2)
        tweet_id = tweet_with(tx, account_id, [one.id, one.id, "1234567890123456789"])
        assert media.is_in_use(tx, one.id)
        assert not media.is_in_use(tx, other.id)
        tx.execute("UPDATE tweet SET media_ids = :ids WHERE id = :id", ids=json.dumps([str(other.id)]), id=tweet_id)
        assert not media.is_in_use(tx, one.id)
        assert media.is_in_use(tx, other.id)
        tx.execute("UPDATE tweet SET status = 'failed' WHERE id = :id", id=tweet_id)
        assert not media.is_in_use(tx, other.id)
        media.delete(tx, other.id)
    assert media.find(db, other.id) is None
    assert tweets.get(db, tweet_id).media_ids == json.dumps([str(other.id)])


def test_subtitles_are_needed_by_their_video(db: Database) -> None:
    with db.transaction() as tx:
        video, words = taken(tx, 1, type="video"), taken(tx, 2, type="subtitles")
        part = MediaSubtitles(video_id=video.id, language_code="EN", subtitles_id=words.id, display_name="English")
        media.replace_subtitles(tx, video.id, [part])
        assert media.list_subtitles(tx, [video.id]) == [part]
        assert media.is_in_use(tx, words.id)
        assert not media.is_in_use(tx, video.id)
        media.delete(tx, video.id)
        assert not media.is_in_use(tx, words.id)


def test_unused_are_those_that_no_tweet_needed_for_that_long(db: Database, clock: Clock, account_id: int) -> None:
    with db.transaction() as tx:
        unused, waiting, deleted = taken(tx, 1), taken(tx, 2), taken(tx, 3)
        words, video = taken(tx, 4, type="subtitles"), taken(tx, 5, type="video")
        media.replace_subtitles(
            tx,
            video.id,
            [MediaSubtitles(video_id=video.id, language_code="EN", subtitles_id=words.id, display_name="English")],
        )
        tweet_with(tx, account_id, [waiting.id, video.id])
        gone = tweet_with(tx, account_id, [deleted.id])
        new_tweet(tx, account_id)
    clock.forward(20 * DAY)
    with db.transaction() as tx:
        assert media.mark_used(tx, since=at(19 * DAY)) == 4
        assert media.mark_used(tx, since=at(19 * DAY)) == 0, "noted already"
        tx.execute("DELETE FROM tweet WHERE id = :id", id=gone)
    clock.forward(15 * DAY)
    found = media.list_unused(db, before=at(5 * DAY), limit=10)
    assert [each.id for each in found] == [unused.id]
    found = media.list_unused(db, before=at(21 * DAY), limit=10)
    assert [each.id for each in found] == [unused.id, deleted.id]


def test_equal_files_and_those_of_a_key(db: Database) -> None:
    with db.transaction() as tx:
        first = taken(tx, 1)
        second = taken(tx, 1, file_key=first.file_key, alt_text="A cat")
    found = media.find_equal(db, sha256=first.sha256)
    assert found is not None
    assert found.file_key == first.file_key
    assert [each.id for each in media.list_page(db, limit=5)] == [second.id, first.id]
    assert [each.id for each in media.list_page(db, limit=5, before=second.id)] == [first.id]
    assert media.list_page(db, limit=5, owner=7) == []
    assert (media.count(db), media.count(db, owner=7)) == (2, 0)
    assert media.file_keys_among(db, ["file 1", "file 2"]) == {"file 1"}

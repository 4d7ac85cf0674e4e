"""Which tweets a search finds, and which a time: whatever the words, and whatever the clock did."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.factories import at, new_account, new_tweet
from twitter_manager.storage import tweet_cleanup, tweet_lists
from twitter_manager.storage.database import Database
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.timestamps import later


def found(db: Database, words: str) -> list[str]:
    which = TweetFilter(words=words)
    listed = [each.tweet.content for each in tweet_lists.list_page(db, which, limit=100)]
    assert len(listed) == tweet_lists.count(db, which)
    return listed


@pytest.fixture
def a_tweet(db: Database, account_id: int) -> str:
    with db.transaction() as tx:
        return new_tweet(tx, account_id, "a b AND c OR 東 NEAR 🎉").content


class TestWords:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Café au lait", "cafe"),
            ("Cafe au lait", "CAFÉ"),
            ("Cafe\u0301 au lait", "café"),
            ("one two three", "three one"),
            ("one two three", '"two three"'),
            ("launching", "laun*"),
            ("we go live", '"go li"*'),
            ("we go live", "go li*"),
            ("C++ and AT&T", "at&t"),
            ("a (b) c", "(b)"),
            ("to be OR not", "or"),
            ("it is NEAR", "near"),
            ("content: none", "content:none"),
            ('she said "yes"', 'said "yes'),
            ("東京タワーに行きました", "東京"),
            ("東京タワーに行きました", "タワー 東京"),
            ("東京タワーに行きました", "京"),
            ("新しいiPhone新型", "iphone新型"),
            ("新しいiPhone新型", "iphone"),
            ("서울에서 만나요", "서울"),
            ("กรุงเทพมหานคร", "เทพ"),
            ("हिन्दी भाषा", "हिन्दी"),
            ("let's go🎉now", "🎉"),
            ("let's go🎉now", "now"),
            ("so 👍🏽", "👍"),
            ("I ❤️you", "❤"),
            ("I ❤you", "❤️ you"),
            ("melting \U0001fae0", "\U0001fae0"),
            ("Foo™ at 20°C", "foo c"),
            ("key 1️⃣", "1"),
        ],
    )
    def test_that_are_there(self, db: Database, account_id: int, text: str, words: str) -> None:
        with db.transaction() as tx:
            new_tweet(tx, account_id, "some other text")
            new_tweet(tx, account_id, text)
        assert found(db, words) == [text]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("one two three", "one four"),
            ("one two three", '"three two"'),
            ("launching", "laun"),
            ("launching", "unch*"),
            ("東京タワー", "京東"),
            ("東 is not 京", '"東京"'),
            ("go🎉", "🥳"),
            ("some text", "!!!"),
            ("some text", '""'),
            ("some text", "*"),
            ("हिन्दी", "हन्द"),
            ("パン", "ハン"),
            ("กี่", "กา"),
            ("бой", "бои и"),
            ("κόσμος", "κόσμε"),
        ],
    )
    def test_that_are_not(self, db: Database, account_id: int, text: str, words: str) -> None:
        with db.transaction() as tx:
            new_tweet(tx, account_id, text)
        assert found(db, words) == []

    @settings(
        max_examples=300, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        words=st.text(st.one_of(st.sampled_from("\"'*^(){}:+-\0 aANDORNEAR,東🎉\ufe0f"), st.characters()), max_size=200)
    )
    def test_whatever_is_asked_is_no_error(self, db: Database, a_tweet: str, words: str) -> None:
        text = words.encode("utf-8", "replace").decode()  # a query has no lone surrogates
        assert found(db, text) in ([], [a_tweet])

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            *(("Ο κόσμος μας", "κοσμος"), ("Ο κοσμος μας", "ΚΌΣΜΟΣ"), ("Новогодняя ёлка", "елка"), ("елка", "ЁЛКА")),
            *(("مُحَمَّد هنا", "محمد"), ("محمد هنا", "مُحَمَّد"), ("أحمد", "احمد"), ("ســلام", "سلام"), ("שָׁלוֹם", "שלום")),
            *(("Crème brûlée", "creme brulee"), ("cafe\u0301", "café"), ("Straße", "STRASSE"), ("ﬁne", "fine")),
            *(
                ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
                ("ﾊﾟﾝ", "パン"),
                ("Brand™", "brand"),
                ("Brand™", "Brand™"),
                ("m²", "m2"),
            ),
            *(
                ("한국어를", "한국어"),
                ("東京タワー", "東京"),
                ("ไทยที่นี่", "ที่"),
                ("हिन्दी", "हिन्दी"),
                ("tiếng Việt", "tieng viet"),
            ),
            *(("say “hello”", "＂say＂"), ("naïveté", "naïv*"), ("Łódź", "łodz")),
        ],
    )
    def test_with_or_without_what_a_writer_may_leave_out(
        self, db: Database, account_id: int, text: str, words: str
    ) -> None:
        with db.transaction() as tx:
            new_tweet(tx, account_id, text)
        assert found(db, words) == [text]

    def test_a_long_text_of_signs(self, db: Database, account_id: int) -> None:
        text = "東京" * 70
        with db.transaction() as tx:
            new_tweet(tx, account_id, text)
        assert found(db, text) == [text]


class TestTimes:
    @settings(
        max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        steps=st.lists(st.sampled_from([-1800, -600, 0, 1, 600, 900]), min_size=1, max_size=12),
        gone=st.sets(st.integers(0, 11)),
        since=st.none() | st.integers(-8, 8),
        until=st.none() | st.integers(-8, 8),
    )
    @example(steps=[0, 900, -900], gone=set(), since=None, until=1)  # back to an earlier time, and there again
    def test_the_right_ones_whatever_the_clock_did(
        self, db: Database, steps: list[int], gone: set[int], since: int | None, until: int | None
    ) -> None:
        class TakenBack(Exception):
            pass

        which = TweetFilter(
            since=None if since is None else at(since * 300), until=None if until is None else at(until * 300)
        )
        with pytest.raises(TakenBack), db.transaction() as tx:
            account, made = new_account(tx, 1), []
            for step in steps:
                tx.now = later(tx.now, step)  # back, too
                made.append(new_tweet(tx, account.id))
            for number in sorted(gone & set(range(len(made)))):
                tweet_cleanup.delete(tx, made[number])
            expected = [
                tweet.id
                for number, tweet in enumerate(made)
                if number not in gone
                and (which.since is None or tweet.created_at >= which.since)
                and (which.until is None or tweet.created_at < which.until)
            ]
            assert [each.tweet.id for each in tweet_lists.list_page(tx, which, limit=100)] == expected[::-1]
            assert tweet_lists.count(tx, which) == len(expected)
            raise TakenBack

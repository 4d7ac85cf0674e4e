"""Whatever is looked for in whatever texts, PostgreSQL finds what SQLite's full text search finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support import databases
from tests.support.clock import Clock
from tests.support.factories import new_account, new_tweet
from twitter_manager.storage import tweet_lists
from twitter_manager.storage.database import Database
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.postgres.migrations import SHIPPED
from twitter_manager.storage.postgres.tweet_search import SEPARATORS
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_lists import TweetFilter

pytestmark = pytest.mark.skipif(databases.chosen() == "sqlite", reason="asks PostgreSQL, too")

Both = tuple[Database, Database]
SIGNS = (
    'aAb Bc.,:/-_\'’*""＂＊%\\&|!<>()#@0²½ éÉe\u0301ßŁłﬁİı\u1680\u2028\ufffe'
    "东京タﾀワー🎉👍🏽❤\ufe0f1\u20e3กี่हिन्दीשָׁלוֹם مُحَمَّدـﷺ™①서울"
)
TEXTS = st.text(st.one_of(st.sampled_from(SIGNS), st.characters(exclude_categories=("Cs",))), max_size=30).map(
    lambda text: text.replace("\0", "")
)


class TakenBack(Exception):
    """Nothing of it is stored."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    path: Path = tmp_path_factory.mktemp("searched")
    pair = SqliteDatabase(path / "a.db", clock=Clock()), PostgresDatabase(databases.server().empty(), clock=Clock())
    for db in pair:
        db.migrate()
        with db.transaction() as tx:
            new_account(tx, 1)
    yield pair
    for db in pair:
        db.close()


def found(db: Database, texts: list[str], queries: list[str]) -> list[list[str]]:
    answers = []
    with pytest.raises(TakenBack), db.transaction() as tx:
        for text in texts:
            new_tweet(tx, 1, text)
        for words in queries:
            listed = tweet_lists.list_page(tx, TweetFilter(words=words), limit=100)
            assert len(listed) == tweet_lists.count(tx, TweetFilter(words=words, account_id=1))
            answers.append([each.tweet.content for each in listed])
        raise TakenBack
    return answers


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXTS.filter(bool), min_size=1, max_size=5), queries=st.lists(TEXTS, max_size=5), star=st.booleans()
)
@example(texts=["a" * 300, "東" * 20_000 + "京", "a " * 300 + "b c"], queries=["a*", '"東京"', '"b c"'], star=False)
@example(texts=["a" * 300 + "b"], queries=["a" * 300, "a" * 300 + "c", "a" * 301], star=True)
def test_the_same_tweets(both: Both, texts: list[str], queries: list[str], star: bool) -> None:
    parts = [part for text in texts for part in (text[:3], f'"{text[:8]}"')]
    asked = [f"{words}{'*' * star}" for words in [*queries, *parts]]
    on_sqlite, on_postgresql = (found(db, texts, asked) for db in both)
    assert dict(zip(asked, on_postgresql, strict=True)) == dict(zip(asked, on_sqlite, strict=True))


def test_texts_are_cut_where_queries_are() -> None:
    script = next(script for version, script in SHIPPED if version == 13)
    function = script.partition("CREATE FUNCTION tweet_text_stored()")[2].partition("']+'")[0]
    lines = [line.strip().removeprefix("|| ") for line in function.splitlines() if line.strip().startswith("|| '\\u")]
    lines += [line.strip().removeprefix("|| ") for line in function.splitlines() if line.strip().startswith("|| '\\U")]
    assert "".join(line.strip("'") for line in lines) == SEPARATORS

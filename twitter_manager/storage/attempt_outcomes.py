"""What became of attempts, counted: of a tweet, of an account, of an environment."""

from datetime import datetime

from twitter_manager.storage.database import Queries

__all__ = [
    "count",
    "count_ended",
    "count_held",
    "is_account_refused",
    "of_account",
    "of_environment",
    "was_refused_alone",
]


def count(q: Queries, tweet_id: int, outcome: str) -> int:
    found: int = q.value(
        "SELECT count(*) FROM attempt WHERE tweet_id = :tweet_id AND outcome = :outcome",
        tweet_id=tweet_id,
        outcome=outcome,
    )
    return found


def count_ended(q: Queries, account_id: int, *, since: datetime) -> tuple[int, int]:
    """How many attempts of the account that were over after `since` put their tweet on X, and how many X refused."""
    rows = q.all(
        """
        SELECT outcome, count(*) AS n FROM attempt
        WHERE account_id = :account_id AND over_at > :since AND outcome IN ('posted', 'refused')
        GROUP BY outcome
        """,
        account_id=account_id,
        since=since,
    )
    found = {row["outcome"]: int(row["n"]) for row in rows}
    return found.get("posted", 0), found.get("refused", 0)


def of_account(q: Queries, account_id: int, *, since: datetime) -> list[tuple[str, str | None, int]]:
    """Outcome, error code and number of the account's attempts that were over after `since`."""
    rows = q.all(
        """
        SELECT outcome, error_code, count(*) AS n FROM attempt
        WHERE account_id = :account_id AND over_at > :since
        GROUP BY outcome, error_code
        """,
        account_id=account_id,
        since=since,
    )
    return [(row["outcome"], row["error_code"], row["n"]) for row in rows]


def of_environment(q: Queries, *, mock: bool, since: datetime) -> list[tuple[str, str | None, int]]:
    """As `of_account`, of all accounts of the environment."""
    rows = q.all(
        """
        SELECT outcome, attempt.error_code, count(*) AS n FROM twitter_account AS account
        CROSS JOIN attempt
        WHERE account.mock = :mock AND attempt.account_id = account.id AND over_at > :since
        GROUP BY outcome, attempt.error_code
        """,
        mock=mock,
        since=since,
    )
    return [(row["outcome"], row["error_code"], row["n"]) for row in rows]


def count_held(q: Queries, tweet_id: int, *, error_code: str, since: datetime) -> int:
    """How many attempts of the tweet that began after `since` ended held with this code."""
    found: int = q.value(
        """
        SELECT count(*) FROM attempt WHERE tweet_id = :tweet_id AND outcome = 'held'
            AND error_code = :error_code AND started_at > :since
        """,
        tweet_id=tweet_id,
        error_code=error_code,
        since=since,
    )
    return found


def was_refused_alone(q: Queries, tweet_id: int, *, error_code: str, mock: bool) -> bool:
    """Whether X accepted another tweet of this environment after it had held this one with that code."""
    row = q.one(
        """
        SELECT 1 AS yes FROM attempt AS refused
        WHERE refused.tweet_id = :tweet_id AND refused.outcome = 'held' AND refused.error_code = :error_code
            AND EXISTS (
                SELECT 1 FROM attempt AS other WHERE other.id > refused.id AND other.outcome = 'posted'
                    AND other.tweet_id <> refused.tweet_id AND other.started_at > refused.over_at
                    AND other.account_id IN (SELECT id FROM twitter_account WHERE mock = :mock))
        LIMIT 1
        """,
        tweet_id=tweet_id,
        error_code=error_code,
        mock=mock,
    )
    return row is not None


def is_account_refused(q: Queries, account_id: int, *, error_code: str, since: datetime) -> bool:
    """Whether X refused a tweet of the account with that code after `since`, and accepted none of it later."""
    row = q.one(
        """
        SELECT 1 AS yes FROM tweet AS refused
        WHERE refused.twitter_account_id = :account_id AND refused.error_code = :error_code
            AND refused.status IN ('failed', 'held') AND refused.updated_at > :since
            AND NOT EXISTS (
                SELECT 1 FROM tweet AS accepted WHERE accepted.twitter_account_id = :account_id
                    AND accepted.status = 'posted' AND accepted.posted_at > refused.updated_at)
        LIMIT 1
        """,
        account_id=account_id,
        error_code=error_code,
        since=since,
    )
    return row is not None

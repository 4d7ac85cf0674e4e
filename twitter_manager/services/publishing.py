"""Handing over tweets and asking for them to go out. Nothing here calls X: the lane's worker does."""

import hashlib
import logging

from twitter_manager.errors import Conflict, Invalid, NotNow
from twitter_manager.models import Account, Tweet
from twitter_manager.services.context import Context
from twitter_manager.services.health import worker_is_alive
from twitter_manager.storage import accounts, app_rests, attempts, lanes, service_state, tweet_states, tweets
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.twitter.matching import canonical
from twitter_manager.twitter.text import parse

__all__ = ["Publishing", "check_text", "fingerprint"]

log = logging.getLogger("twitter_manager.services")


def check_text(text: str) -> None:
    """Raises Invalid for a text that X would refuse for itself: empty, with characters X does not take, too long."""
    parsed = parse(text)
    if parsed.invalid_characters:
        raise Invalid("text_invalid", field="text")
    if not any(letter.isprintable() and not letter.isspace() for letter in text):
        raise Invalid("text_empty", field="text")
    if parsed.remaining < 0:
        raise Invalid("text_too_long", field="text")


def fingerprint(
    text: str, *, reply_to: str | None = None, quote_of: str | None = None, media: tuple[str, ...] = ()
) -> str:
    """Equal for two tweets that could not be told apart on a timeline."""
    parts = [canonical(text), reply_to or "", quote_of or "", *media]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Publishing:
    """Creates tweets, makes them due, and takes the owner's word."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, *, account_id: int, text: str) -> Tweet:
        """A pending tweet that waits to be told. Raises Invalid, NotFound, Conflict; on return it is on the disk."""
        check_text(text)
        with self._context.db.transaction() as tx:
            account = accounts.get(tx, account_id)
            check_account(tx, account)
            return tweets.insert(tx, account_id=account.id, content=text, fingerprint=fingerprint(text))

    def post_now(self, tweet_id: int) -> None:
        """A pending tweet goes out before the merely due. Raises NotFound, Conflict, Invalid, NotNow."""
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            if tweet.status != "pending":
                raise Conflict("tweet_not_pending")
            check_account(tx, accounts.get(tx, tweet.twitter_account_id))
            self._check_worker(tx)
            tweet_states.make_due(tx, tweet_id, post_now=True)
            self._lanes_due(tx, {tweet.twitter_account_id})

    def post_pending(self, account_id: int | None) -> list[int]:
        """Every pending tweet of this world (of one account, if given) goes out; returns their ids, in order."""
        with self._context.db.transaction() as tx:
            if account_id is not None:
                check_account(tx, accounts.get(tx, account_id))
            self._check_worker(tx)
            due = tweet_states.make_pending_due(tx, account_id)
            self._lanes_due(tx, {tweet.twitter_account_id for tweet in due})
        return [tweet.id for tweet in due]

    def resolve(self, tweet_id: int, *, twitter_id: str | None) -> Tweet:
        """The owner's word on an unconfirmed tweet: at X as `twitter_id`, or (None) not there: then it goes out."""
        with self._context.db.transaction() as tx:
            tweet = tweets.get(tx, tweet_id)
            attempt = attempts.find_unsettled(tx, tweet_id)
            if tweet.status != "unconfirmed" or not tweet.needs_decision:
                raise Conflict("tweet_not_unconfirmed")
            if twitter_id is None:
                if attempt is not None:
                    attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code="owners_word")
                tweet_states.send_again(tx, tweet_id)
            else:
                if not tweet_states.mark_posted(tx, tweet_id, twitter_id=twitter_id, posted_at=tx.now):
                    raise Conflict("twitter_id_taken", field="twitter_id")
                if attempt is not None:
                    attempts.note_posted(tx, attempt.id, twitter_id=twitter_id, http_status=None)
            self._lanes_due(tx, {tweet.twitter_account_id})
        return tweets.get(self._context.db, tweet_id)

    def _lanes_due(self, tx: Transaction, account_ids: set[int]) -> None:
        """Wakes the lanes; while X refuses the whole app, what is due says so at once."""
        for account_id in account_ids:
            lanes.make_due(tx, account_id, tx.now)
        rest = app_rests.find(tx, mock=service_state.mock_mode(tx))
        if rest is not None and rest.probe_at > tx.now:
            tweet_states.hold_due_of_world(tx, mock=rest.mock, error_code=rest.code, until=rest.probe_at)
        tx.after_commit(self._context.signals.wake)

    def _check_worker(self, q: Queries) -> None:
        if not worker_is_alive(q, self._context.clock()):
            raise NotNow("no_worker", retryable=True)


def check_account(q: Queries, account: Account) -> None:
    """Raises unless tweets for the account can be taken: it must be of this world and speak OAuth 2.0."""
    if account.access_token_secret is not None:
        raise Invalid("oauth1_not_supported", field="account_id")
    if account.mock != service_state.mock_mode(q):
        raise Conflict("other_world", field="account_id")

"""After a restore: what of this database went out after the copy was made is found on the account's own timeline
before anything of the account is sent.

The timeline is read whole three times, as after an unclear attempt. A post that is the same as a tweet makes it
`posted`; a tweet that would have gone out before posts that are there, and is not among them, waits for its owner. What
is due later than everything that is there goes out as it would have.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from twitter_manager.models import SENDABLE, Account, Attempt, Lane, Tweet
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.findings import Finding, Unsettled, match_posts
from twitter_manager.services.dispatch.reconcile import ReconcileTimeline, ask_which
from twitter_manager.storage import attempts, lanes, restored, tweet_queue, tweet_states
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.restored import Restored
from twitter_manager.timestamps import later
from twitter_manager.twitter.errors import XError
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.matching import SeenPost, canonical_seen

__all__ = ["LookAfterRestore", "passed_over_by"]

LEASE = "restored"  # of the attempts that another service made

log = logging.getLogger("twitter_manager.services")


class LookAfterRestore(ReconcileTimeline):
    def __init__(
        self, context: Context, lane: Lane, account: Account, token: str, *, began: datetime, mark: Restored
    ) -> None:
        super().__init__(context, lane, account, token, began=began)
        self._mark = mark

    def _sends(self, first: Sequence[Attempt]) -> Sequence[Attempt]:
        return [*first, self._possible_attempt(tweet_id=0)]

    def _possible_attempt(self, tweet_id: int) -> Attempt:
        """The attempt that the other service may have made, at any time after the copy."""
        return Attempt(
            id=0,
            tweet_id=tweet_id,
            account_id=self._account.id,
            lease=LEASE,
            started_at=self._mark.known_until,
            over_at=self._mark.restored_at,
            outcome="unclear",
            http_status=None,
            error_code=None,
            twitter_id=None,
            since_id=self._mark.since_id,
            looks_absent=0,
            looks_failed=0,
            check_at=None,
        )

    def _found(self, tx: Transaction, posts: Sequence[SeenPost]) -> None:
        self._note_read(tx, posts)
        while self._adopt_some(tx, self._free(tx, posts)):
            pass  # the next part of a thread can be found once its parent was
        readings = self._mark.readings
        if self._began >= later(self._mark.restored_at, decisions.CHECKS[min(readings, len(decisions.CHECKS) - 1)]):
            readings += 1
        if readings < len(decisions.CHECKS):
            check_at = decisions.next_check(readings, self._mark.restored_at, tx.now)
            restored.put(tx, replace(self._mark, readings=readings, failures=0, check_at=check_at))
            return
        self._ask_about_the_rest(tx, posts)
        restored.delete(tx, self._account.id)
        log.info("account %s: its timeline was read since the copy; it goes on", self._account.id)

    def _adopt_some(self, tx: Transaction, free: Sequence[SeenPost]) -> bool:
        """Stores which posts are which tweets; False when there is none left."""
        found = [each for each in self._match(tx, free) if each.same is not None]
        for finding in found:
            attempt, tweet = finding.unsettled.attempt, finding.unsettled.tweet
            if attempt.id == 0:
                attempt = self._store_attempt(tx, tweet)
            if finding.same is not None:
                self._adopt(tx, tweet, attempt, finding.same)
        return bool(found)

    def _match(self, tx: Transaction, free: Sequence[SeenPost]) -> list[Finding]:
        unsettled = self._unsettled(tx)
        texts = {canonical_seen(post) for post in free}
        for tweet in tweet_queue.list_not_posted(tx, self._account.id) if free else ():
            # nothing but the same text makes one found that would not have gone out by itself
            if _may_have_gone_out(tweet, self._mark.restored_at) or canonical(tweet.content) in texts:
                attempt = self._possible_attempt(tweet.id)
                unsettled.append(Unsettled(tweet, attempt, attempt))
        return match_posts(unsettled, free, clock_ahead=self._x.clock_ahead)

    def _ask_about_the_rest(self, tx: Transaction, posts: Sequence[SeenPost]) -> None:
        free = self._free(tx, posts)
        doubtful = {each.unsettled.tweet.id: each.doubtful for each in self._match(tx, free)}
        for tweet in tweet_queue.list_not_posted(tx, self._account.id):
            if tweet.status not in SENDABLE:
                continue
            evidence = doubtful.get(tweet.id) or passed_over_by(
                tweet, posts, since=self._mark.known_until, clock_ahead=self._x.clock_ahead
            )
            if evidence:
                self._ask(tx, tweet, evidence)

    def _ask(self, tx: Transaction, tweet: Tweet, evidence: Sequence[SeenPost]) -> None:
        attempt = self._store_attempt(tx, tweet)
        attempts.close(tx, attempt.id, outcome="unclear", over_at=tx.now, error_code="doubtful_match")
        if tweet_states.begin_posting(tx, tweet.id) and tweet_states.mark_unconfirmed(
            tx, tweet.id, check_at=tx.now, error_code="doubtful_match", twitter_error=None
        ):
            ask_which(tx, tweet, evidence)
            log.warning("tweet %s may have gone out after the copy: its owner decides", tweet.id)

    def _store_attempt(self, tx: Transaction, tweet: Tweet) -> Attempt:
        return attempts.insert(
            tx, tweet_id=tweet.id, account_id=self._account.id, lease=LEASE, since_id=self._mark.since_id
        )

    def _release(self, tx: Transaction) -> None:
        super()._release(tx)
        mark = restored.find(tx, self._account.id)
        if mark is not None:
            lanes.make_due(tx, self._account.id, mark.check_at)

    def _failed(self, tx: Transaction, error: XError) -> None:
        super()._failed(tx, error)
        failures = self._mark.failures + 1
        check_at, _ = decisions.after_failed_check(failures, tx.now)
        restored.put(tx, replace(self._mark, failures=failures, check_at=check_at))
        log.warning("account %s: its timeline cannot be read after the restore: %s", self._account.id, error)


def _may_have_gone_out(tweet: Tweet, restored_at: datetime) -> bool:
    """Whether it would have gone out by itself, or at a word of its owner's."""
    return tweet.status in SENDABLE and (tweet.due_at is None or tweet.due_at <= restored_at)


def passed_over_by(
    tweet: Tweet, posts: Sequence[SeenPost], *, since: datetime, clock_ahead: timedelta | None
) -> tuple[SeenPost, ...]:
    """The posts that the account made, `since` the copy, when the tweet should have been at X already.

    Then it is there unrecognized, or was deleted, canceled or refused: to send it now would not be what its owner saw.
    """
    if tweet.due_at is None:
        return ()
    if (tweet.position or 1) > 1 and tweet.reply_to is not None:
        parent = int(tweet.reply_to)  # a part goes out right after the previous one, before everything else
        return tuple(post for post in posts if not post.is_repost and int(post.first_id) > parent)
    due = max(tweet.due_at, since).replace(microsecond=0) - (
        clock_ahead or timedelta(0)
    )  # X's times have whole seconds
    return tuple(post for post in posts if not post.is_repost and (post.created_at is None or post.created_at >= due))

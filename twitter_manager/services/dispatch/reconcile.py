"""Reconciliation: reads the account's own timeline to find out which unclear attempts put their tweet on X.

One reading serves all unsettled tweets of the account. `findings.match_posts` compares; what follows is stored in one
transaction, which reads again which tweets are still unsettled.
"""

import dataclasses
import json
import logging
from collections.abc import Sequence
from datetime import datetime

from twitter_manager.models import Account, Attempt, Lane, Tweet
from twitter_manager.services import alerts
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.services.backoff import is_young
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.findings import BEFORE_INTENT, Finding, Unsettled, match_posts
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.storage import account_tokens, attempt_outcomes, attempts, lanes, tweet_queue, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import AccountSuspended, RateLimited, Unauthorized, XError
from twitter_manager.twitter.text.matching import SeenPost

__all__ = ["ReconcileTimeline", "ask_which"]

ANY_CLOCK = 86_400.0  # seconds: where X's clock is not known

MAX_LOOKED_UP = 100  # posts in one call to X

log = logging.getLogger("twitter_manager.services")


def _original(post: SeenPost, original: SeenPost | None) -> SeenPost:
    """The first version; where X does not return it, the present one, whose time says nothing of the first."""
    if original is None:
        return dataclasses.replace(post, created_at=None)
    return dataclasses.replace(original, id=post.id, versions=post.versions)


def ask_which(tx: Transaction, tweet: Tweet, posts: Sequence[SeenPost]) -> None:
    ids = ", ".join(post.id for post in posts[:5])
    words = json.dumps({"status": None, "title": "Posts that may be this one", "detail": ids})
    tweet_states.mark_needs_decision(tx, tweet.id, error_code="doubtful_match", check_at=None, twitter_error=words)


class ReconcileTimeline(LaneTask):
    def __init__(self, context: Context, lane: Lane, account: Account, token: str, *, began: datetime) -> None:
        super().__init__(context, lane)
        self._account = account
        self._token = token
        self._began = began

    def run(self) -> None:
        # a reading that fails is no evidence
        with self.context.db.transaction(account_id=self._account.id) as tx:
            unsettled = self._unsettled(tx)
        try:
            posts = self._read(self._sends([each.first for each in unsettled]))
        except XError as error:
            self.finish(self._failed, error)
        else:
            self.finish(self._found, posts)
        self.context.notifier.notify_tweets(each.tweet.id for each in unsettled)

    def _unsettled(self, tx: Transaction) -> list[Unsettled]:
        found = []
        for tweet in tweet_queue.list_unsettled(tx, self._account.id):
            every = attempts.list_of_tweet(tx, tweet.id)
            if every and every[-1].outcome == "unclear":
                found.append(Unsettled(tweet, every[-1], every[0]))
            elif tweet.due_at is not None:
                # nothing is left to look for, so only its owner can say more
                tweet_states.mark_needs_decision(tx, tweet.id, error_code="attempts_exhausted", check_at=None)
        for attempt in attempts.list_to_check(tx, self._account.id):
            if attempt.tweet_id not in {each.tweet.id for each in found}:
                first = attempts.list_of_tweet(tx, attempt.tweet_id)[0]
                found.append(Unsettled(tweets.get(tx, attempt.tweet_id), attempt, first))
        return found

    def _sends(self, first: Sequence[Attempt]) -> Sequence[Attempt]:
        """The attempts since whose beginning the timeline is read."""
        return first

    def _read(self, first: Sequence[Attempt]) -> list[SeenPost]:
        since, start = self._start_of(first)
        posts = x_tweets.list_own(
            self._x,
            self._token,
            self._account.x_user_id or "",
            since_id=since,
            start_time=start,
            before_page=self.extend_lease,
            account_id=self._account.id,
        )
        return self._first_versions(posts)

    def _first_versions(self, posts: Sequence[SeenPost]) -> list[SeenPost]:
        """Of an edited post, the first version (which was sent) under its present id."""
        edited = [post.first_id for post in posts if post.versions]
        originals: dict[str, SeenPost] = {}
        for at in range(0, len(edited), MAX_LOOKED_UP):
            self.extend_lease()
            ids = edited[at : at + MAX_LOOKED_UP]
            originals |= x_tweets.get_many(self._x, self._token, ids, account_id=self._account.id, metered=False)
        return [_original(post, originals.get(post.first_id)) if post.versions else post for post in posts]

    @property
    def _x(self) -> XClient:
        return self.context.environments.of(self._account.mock).x

    def _start_of(self, first: Sequence[Attempt]) -> tuple[str | None, datetime]:
        """since_id and start_time: the highest X id known before the first intent, and a time before it (X's clock)."""
        known = [attempt.since_id for attempt in first if attempt.since_id is not None]
        began = min((attempt.started_at for attempt in first), default=self._began)
        ahead = self._x.clock_ahead
        before = ANY_CLOCK if ahead is None else BEFORE_INTENT + max(ahead.total_seconds(), 0.0)
        return (min(known, key=int) if known and len(known) == len(first) else None), earlier(began, before)

    def _found(self, tx: Transaction, posts: Sequence[SeenPost]) -> None:
        self._note_read(tx, posts)
        free = self._free(tx, posts)
        for finding in match_posts(self._unsettled(tx), free, clock_ahead=self._x.clock_ahead):
            self._store_finding(tx, finding)

    def _note_read(self, tx: Transaction, posts: Sequence[SeenPost]) -> None:
        account_tokens.reset_unauthorized(tx, self._account.id)
        for post in posts:
            lanes.record_x_id(tx, self._account.id, post.id)

    def _free(self, tx: Transaction, posts: Sequence[SeenPost]) -> list[SeenPost]:
        """Those that are no tweet of ours yet."""
        every_id = {post_id for post in posts for post_id in (post.id, *post.versions)}
        adopted = tweets.adopted_ids(tx, self._account.id, sorted(every_id))
        return [post for post in posts if adopted.isdisjoint((post.id, *post.versions))]

    def _store_finding(self, tx: Transaction, finding: Finding) -> None:
        tweet, attempt = finding.unsettled.tweet, finding.unsettled.attempt
        if finding.same is not None:
            self._adopt(tx, tweet, attempt, finding.same)
        elif finding.unsettled.is_second:
            self._absent(tx, finding)
        elif finding.doubtful:
            ask_which(tx, tweet, finding.doubtful)
        elif not tweet.needs_decision or tweet.error_code == "x_cannot_be_asked":
            self._absent(tx, finding)

    def _adopt(self, tx: Transaction, tweet: Tweet, attempt: Attempt, post: SeenPost) -> None:
        attempts.record_posted(tx, attempt.id, twitter_id=post.id, http_status=None)
        alerts.note_success(tx, alerts.of_account(self._account))
        if tweet_states.mark_posted(tx, tweet.id, twitter_id=post.id, posted_at=post.created_at or attempt.started_at):
            log.info("tweet %s: found at X", tweet.id)
        else:
            log.error("tweet %s is at X under a second id, %s", tweet.id, post.id)

    def _absent(self, tx: Transaction, finding: Finding) -> None:
        """Counts only a reading that was due for this tweet and began long enough after the attempt was over."""
        each, tweet, attempt = finding.unsettled, finding.unsettled.tweet, finding.unsettled.attempt
        if each.check_at is None or each.check_at > self._began:
            return  # it was read for another tweet of the account
        over = attempt.over_at or tx.now
        checks = attempt.looks_absent
        if self._began >= later(over, decisions.CHECKS[min(checks, len(decisions.CHECKS) - 1)]):
            checks = attempts.record_absence(tx, attempt.id)
        if checks < len(decisions.CHECKS):
            self._schedule_check(tx, each, decisions.next_check(checks, over, tx.now))
        elif each.is_second:
            self._no_second(tx, finding)
        elif finding.unexplained:
            ask_which(tx, tweet, finding.unexplained)
        else:
            self._certainly_absent(tx, tweet, attempt)

    def _schedule_check(self, tx: Transaction, each: Unsettled, moment: datetime) -> None:
        if each.is_second:
            attempts.schedule_check(tx, each.attempt.id, moment)
        else:
            tweet_states.schedule_check(tx, each.tweet.id, moment)

    def _no_second(self, tx: Transaction, finding: Finding) -> None:
        """The tweet is posted, and this attempt did not post it again, as far as the timeline shows."""
        attempt = finding.unsettled.attempt
        attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code=attempt.error_code)
        if finding.doubtful:
            ids = ", ".join(post.id for post in finding.doubtful[:5])
            log.error("tweet %s may be at X under a second id, one of %s", attempt.tweet_id, ids)

    def _certainly_absent(self, tx: Transaction, tweet: Tweet, attempt: Attempt) -> None:
        code = attempt.error_code
        attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code=code)
        if code == "duplicate_after_unclear":
            tweet_states.mark_failed(tx, tweet.id, error_code="duplicate_content", twitter_error=tweet.twitter_error)
        elif attempt_outcomes.count(tx, tweet.id, "absent") < decisions.ATTEMPTS:
            tweet_states.send_again(tx, tweet.id)
        else:
            tweet_states.mark_needs_decision(tx, tweet.id, error_code="attempts_exhausted", check_at=None)
        log.info("tweet %s: absent from X (%s)", tweet.id, code)

    def _failed(self, tx: Transaction, error: XError) -> None:
        if isinstance(error, AccountSuspended):
            deactivate_account(self.context, tx, self._account.id, status="suspended", code="account_suspended")
            return
        if isinstance(error, Unauthorized):
            self._unauthorized(tx)
        for each in self._unsettled(tx):
            if each.check_at is not None and each.check_at <= tx.now:
                self._check_later(tx, each, error)

    def _check_later(self, tx: Transaction, each: Unsettled, error: XError) -> None:
        failed = attempts.record_failed_check(tx, each.attempt.id)
        moment, tell_owner = decisions.after_failed_check(failed, tx.now)
        if isinstance(error, RateLimited) and error.until is not None:
            moment = max(moment, error.until)
        if tell_owner and not each.is_second:
            tweet_states.mark_needs_decision(tx, each.tweet.id, error_code="x_cannot_be_asked", check_at=moment)
        else:
            self._schedule_check(tx, each, moment)

    def _unauthorized(self, tx: Transaction) -> None:
        """An old token is renewed, as for a send; with a young one the reading is just repeated later."""
        if not is_young(self._account.token_issued_at, tx.now):
            account_tokens.expire(tx, self._account.id, version=self._account.token_version)

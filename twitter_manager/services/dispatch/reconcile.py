"""Reconciliation: reads the account's own timeline to find out which unclear attempts put their tweet on X.

One reading serves all unsettled tweets of the account. The pure `match_posts` compares; what follows is stored in one
transaction, which reads again which tweets are still unsettled.
"""

import dataclasses
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from twitter_manager.models import Account, Attempt, Lane, Tweet
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.services.backoff import is_young
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import decisions
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.storage import accounts, attempts, lanes, tweet_queue, tweet_states, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier, later
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.client import XClient
from twitter_manager.twitter.errors import AccountSuspended, RateLimited, Unauthorized, XError
from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.matching import SeenPost, SentPost, Verdict, canonical_seen, compare

__all__ = ["Finding", "ReconcileTimeline", "Unsettled", "match_posts"]

BEFORE_INTENT = 120.0  # seconds: X's created_at has whole seconds and X's clock is not ours
CLOCKS_DIFFER = 3.0  # seconds, where X's clock is known: both have whole seconds
ANY_CLOCK = 86_400.0  # seconds: where X's clock is not known

MAX_LOOKED_UP = 100  # posts in one call to X

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A tweet, its unclear attempt, and its first one."""

    tweet: Tweet
    attempt: Attempt
    first: Attempt


@dataclass(frozen=True, slots=True)
class Finding:
    """What one complete reading says of one tweet: the post that is it, or posts that may be it, or neither.

    `unexplained`: posts of the time of its attempts that are no tweet of ours. X may return a post so altered that it
    is not recognized, so they are evidence against its absence.
    """

    unsettled: Unsettled
    same: SeenPost | None
    doubtful: tuple[SeenPost, ...]
    unexplained: tuple[SeenPost, ...] = ()


def match_posts(
    unsettled: Sequence[Unsettled], posts: Sequence[SeenPost], *, clock_ahead: timedelta | None
) -> list[Finding]:
    """Which of `posts` (adopted by no other tweet) are which of the tweets. Oldest first; each post matches once.

    A post that is the same as one of the tweets is no doubtful match of another. `clock_ahead`: by how much our clock
    is ahead of X's; None where X does not tell_owner its time.
    """
    free = sorted(posts, key=lambda post: (len(post.id), post.id))
    same: dict[int, SeenPost] = {}
    for each in unsettled:
        found = next((post for post in free if _verdict(each, post, clock_ahead) is Verdict.SAME), None)
        if found is not None:
            same[each.tweet.id] = found
            free.remove(found)
    ours = {canonical(each.tweet.content) for each in unsettled}
    findings = []
    for each in unsettled:
        others = ours - {canonical(each.tweet.content)}
        doubtful = tuple(
            post
            for post in free
            if _verdict(each, post, clock_ahead) is not Verdict.OTHER and canonical_seen(post) not in others
        )
        unexplained = tuple(
            post for post in free if _is_of_its_time(each, post, clock_ahead) and canonical_seen(post) not in others
        )
        findings.append(Finding(each, same.get(each.tweet.id), doubtful, unexplained))
    return findings


def _is_of_its_time(each: Unsettled, post: SeenPost, clock_ahead: timedelta | None) -> bool:
    """Whether X made the post while the tweet was being sent, and they agree in everything that X never changes."""
    sent = _sent(each.tweet)
    if post.is_repost or post.reply_to != sent.reply_to or (post.media_count and not sent.media_count):
        return False
    if each.first.since_id is not None and int(post.first_id) <= int(each.first.since_id):
        return False
    if post.created_at is None:
        return True
    slack = BEFORE_INTENT if clock_ahead is None else CLOCKS_DIFFER
    created = post.created_at + (clock_ahead or timedelta(0))
    over = each.attempt.over_at or later(each.attempt.started_at, decisions.CALL_SECONDS)
    return earlier(each.first.started_at, slack) <= created <= later(over, slack)


def _verdict(each: Unsettled, post: SeenPost, clock_ahead: timedelta | None) -> Verdict:
    """A post that is too old is another one, whatever its text; where X's clock is not known, it is doubtful."""
    verdict = compare(_sent(each.tweet), post)
    if each.first.since_id is not None:
        # an id is the better clock: X gives them in order
        return verdict if int(post.first_id) > int(each.first.since_id) else Verdict.OTHER
    began = earlier(each.first.started_at, BEFORE_INTENT)
    if post.created_at is None or post.created_at >= began - max(clock_ahead or timedelta(0), timedelta(0)):
        return verdict
    return Verdict.DOUBTFUL if clock_ahead is None and verdict is Verdict.SAME else Verdict.OTHER


def _sent(tweet: Tweet) -> SentPost:
    media_count = len(json.loads(tweet.media_ids))
    return SentPost(text=tweet.content, reply_to=tweet.reply_to, quote_of=tweet.quote_of, media_count=media_count)


def _original(post: SeenPost, original: SeenPost | None) -> SeenPost:
    """The first version; where X does not return it, the present one, whose time says nothing of the first."""
    if original is None:
        return dataclasses.replace(post, created_at=None)
    return dataclasses.replace(original, id=post.id, versions=post.versions)


def _ask_which(tx: Transaction, tweet: Tweet, posts: Sequence[SeenPost]) -> None:
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
        with self.context.db.transaction() as tx:
            unsettled = self._unsettled(tx)
        try:
            posts = self._read(unsettled)
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
        return found

    def _read(self, unsettled: Sequence[Unsettled]) -> list[SeenPost]:
        since, start = self._start_of([each.first for each in unsettled])
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
        accounts.reset_unauthorized(tx, self._account.id)
        every_id = {post_id for post in posts for post_id in (post.id, *post.versions)}
        adopted = tweets.adopted_ids(tx, self._account.id, sorted(every_id))
        for post in posts:
            lanes.record_x_id(tx, self._account.id, post.id)
        free = [post for post in posts if adopted.isdisjoint((post.id, *post.versions))]
        for finding in match_posts(self._unsettled(tx), free, clock_ahead=self._x.clock_ahead):
            self._store_finding(tx, finding)

    def _store_finding(self, tx: Transaction, finding: Finding) -> None:
        tweet, attempt = finding.unsettled.tweet, finding.unsettled.attempt
        if finding.same is not None:
            self._adopt(tx, tweet, attempt, finding.same)
        elif finding.doubtful:
            _ask_which(tx, tweet, finding.doubtful)
        elif not tweet.needs_decision or tweet.error_code == "x_cannot_be_asked":
            self._absent(tx, finding)

    def _adopt(self, tx: Transaction, tweet: Tweet, attempt: Attempt, post: SeenPost) -> None:
        attempts.record_posted(tx, attempt.id, twitter_id=post.id, http_status=None)
        tweet_states.mark_posted(tx, tweet.id, twitter_id=post.id, posted_at=post.created_at or attempt.started_at)
        log.info("tweet %s: found at X", tweet.id)

    def _absent(self, tx: Transaction, finding: Finding) -> None:
        """Counts only a reading that was due for this tweet and began long enough after the attempt was over."""
        tweet, attempt = finding.unsettled.tweet, finding.unsettled.attempt
        if tweet.due_at is None or tweet.due_at > self._began:
            return  # it was read for another tweet of the account
        over = attempt.over_at or tx.now
        checks = attempt.looks_absent
        if self._began >= later(over, decisions.CHECKS[min(checks, len(decisions.CHECKS) - 1)]):
            checks = attempts.record_absence(tx, attempt.id)
        if checks < len(decisions.CHECKS):
            tweet_states.schedule_check(tx, tweet.id, decisions.next_check(checks, over, tx.now))
        elif finding.unexplained:
            _ask_which(tx, tweet, finding.unexplained)
        else:
            self._certainly_absent(tx, tweet, attempt)

    def _certainly_absent(self, tx: Transaction, tweet: Tweet, attempt: Attempt) -> None:
        code = attempt.error_code
        attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code=code)
        if code == "duplicate_after_unclear":
            tweet_states.mark_failed(tx, tweet.id, error_code="duplicate_content", twitter_error=tweet.twitter_error)
        elif attempts.count_outcome(tx, tweet.id, "absent") < decisions.ATTEMPTS:
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
            if each.tweet.due_at is not None and each.tweet.due_at <= tx.now:
                self._check_later(tx, each, error)

    def _check_later(self, tx: Transaction, each: Unsettled, error: XError) -> None:
        failed = attempts.record_failed_check(tx, each.attempt.id)
        moment, tell_owner = decisions.after_failed_check(failed, tx.now)
        if isinstance(error, RateLimited) and error.until is not None:
            moment = max(moment, error.until)
        if tell_owner:
            tweet_states.mark_needs_decision(tx, each.tweet.id, error_code="x_cannot_be_asked", check_at=moment)
        else:
            tweet_states.schedule_check(tx, each.tweet.id, moment)

    def _unauthorized(self, tx: Transaction) -> None:
        """An old token is renewed, as for a send; with a young one the reading is just repeated later."""
        if not is_young(self._account.token_issued_at, tx.now):
            accounts.expire_token(tx, self._account.id, version=self._account.token_version)

"""The look: reads the account's own timeline to find out which unclear attempts put their tweet on X.

One look serves all unsettled tweets of the account. The evidence of one reading is judged by the pure `judge`; what
follows from it is stored in one transaction, which looks again at what is still unsettled.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.models import Account, Attempt, Lane, Tweet
from twitter_manager.services import app_rests, decisions
from twitter_manager.services.context import Context
from twitter_manager.services.steps import Step
from twitter_manager.services.tokens import lose_account
from twitter_manager.storage import accounts, attempts, lanes, tweets
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import later
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.errors import AccountSuspended, AppRefused, NotSent, RateLimited, Unauthorized, XError
from twitter_manager.twitter.matching import SeenPost, SentPost, Verdict, canonical, canonical_seen, compare

__all__ = ["Finding", "Look", "Unsettled", "judge"]

BEFORE_INTENT = 120.0  # seconds: X's created_at has whole seconds and X's clock is not ours

log = logging.getLogger("twitter_manager.services")


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A tweet, its unclear attempt, and when its first attempt began."""

    tweet: Tweet
    attempt: Attempt
    began: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What one whole reading says of one tweet: the post that is it, or posts that may be it, or neither."""

    unsettled: Unsettled
    same: SeenPost | None
    doubtful: tuple[SeenPost, ...]


def judge(unsettled: Sequence[Unsettled], posts: Sequence[SeenPost]) -> list[Finding]:
    """Which of `posts` (adopted by no other tweet) are which of the tweets. Oldest first; each post serves once.

    A post that is the same as one of the tweets is no doubtful match of another.
    """
    free = sorted(posts, key=lambda post: (len(post.id), post.id))
    same: dict[int, SeenPost] = {}
    for each in unsettled:
        found = next((post for post in free if _verdict(each, post) is Verdict.SAME), None)
        if found is not None:
            same[each.tweet.id] = found
            free.remove(found)
    ours = {canonical(each.tweet.content) for each in unsettled}
    findings = []
    for each in unsettled:
        others = ours - {canonical(each.tweet.content)}
        doubtful = tuple(
            post for post in free if _verdict(each, post) is not Verdict.OTHER and canonical_seen(post) not in others
        )
        findings.append(Finding(each, same.get(each.tweet.id), doubtful))
    return findings


def _verdict(each: Unsettled, post: SeenPost) -> Verdict:
    if post.created_at is not None and post.created_at < later(each.began, -BEFORE_INTENT):
        return Verdict.OTHER
    return compare(SentPost(text=each.tweet.content, reply_to=each.tweet.reply_to), post)


class Look(Step):
    """One reading of the timeline."""

    def __init__(self, context: Context, lane: Lane, account: Account, token: str, *, began: datetime) -> None:
        super().__init__(context, lane)
        self._account = account
        self._token = token
        self._began = began

    def run(self) -> None:
        """Reads the timeline whole and stores what it says; a reading that fails says nothing."""
        with self.context.db.transaction() as tx:
            unsettled = self._unsettled(tx)
        try:
            posts = self._read(unsettled)
        except XError as error:
            self.conclude(self._failed, error)
        else:
            self.conclude(self._found, posts)
        self.context.signals.settled(each.tweet.id for each in unsettled)

    def _unsettled(self, tx: Transaction) -> list[Unsettled]:
        found = []
        for tweet in tweets.list_unsettled(tx, self._account.id):
            every = attempts.list_of_tweet(tx, tweet.id)
            if every and every[-1].outcome == "unclear":
                found.append(Unsettled(tweet, every[-1], every[0].started_at))
        return found

    def _read(self, unsettled: Sequence[Unsettled]) -> list[SeenPost]:
        since, start = self._from_where(unsettled)
        return x_tweets.list_own(
            self.context.worlds.of(self._account.mock).x,
            self._token,
            self._account.x_user_id or "",
            since_id=since,
            start_time=start,
            before_page=self.keep,
            account_id=self._account.id,
        )

    def _from_where(self, unsettled: Sequence[Unsettled]) -> tuple[str | None, datetime]:
        """From the highest X id known before the first intent on; none known: from the time before it on."""
        with self.context.db.transaction() as tx:
            first = [attempts.list_of_tweet(tx, each.tweet.id)[0] for each in unsettled]
        ids = [attempt.since_id for attempt in first]
        known = [each for each in ids if each is not None]
        start = later(min((attempt.started_at for attempt in first), default=self._began), -BEFORE_INTENT)
        return (min(known, key=int) if known and len(known) == len(ids) else None), start

    def _found(self, tx: Transaction, posts: Sequence[SeenPost]) -> None:
        self._clear_answer(tx)
        adopted = tweets.adopted_ids(tx, self._account.id, [post.id for post in posts])
        for post in posts:
            lanes.note_x_id(tx, self._account.id, post.id)
        for finding in judge(self._unsettled(tx), [post for post in posts if post.id not in adopted]):
            self._settle(tx, finding)

    def _settle(self, tx: Transaction, finding: Finding) -> None:
        tweet, attempt = finding.unsettled.tweet, finding.unsettled.attempt
        if finding.same is not None:
            self._adopt(tx, tweet, attempt, finding.same)
        elif finding.doubtful:
            ids = ", ".join(post.id for post in finding.doubtful[:5])
            words = json.dumps({"status": None, "title": "Posts that may be this one", "detail": ids})
            tweets.ask_owner(tx, tweet.id, error_code="doubtful_match", look_at=None, twitter_error=words)
        elif not tweet.needs_decision or tweet.error_code == "x_cannot_be_asked":
            self._absent(tx, tweet, attempt)

    def _adopt(self, tx: Transaction, tweet: Tweet, attempt: Attempt, post: SeenPost) -> None:
        attempts.note_posted(tx, attempt.id, twitter_id=post.id, http_status=None)
        tweets.mark_posted(tx, tweet.id, twitter_id=post.id, posted_at=post.created_at or attempt.started_at)
        log.info("tweet %s: found at X", tweet.id)

    def _absent(self, tx: Transaction, tweet: Tweet, attempt: Attempt) -> None:
        """Counts only a reading that began late enough after the attempt was over."""
        over = attempt.over_at or tx.now
        looks = attempt.looks_absent
        if self._began >= later(over, decisions.LOOKS[min(looks, len(decisions.LOOKS) - 1)]):
            looks = attempts.note_absent(tx, attempt.id)
        if looks < len(decisions.LOOKS):
            tweets.look_at(tx, tweet.id, decisions.next_look(looks, over, tx.now))
        else:
            self._certainly_absent(tx, tweet, attempt)

    def _certainly_absent(self, tx: Transaction, tweet: Tweet, attempt: Attempt) -> None:
        code = attempt.error_code
        attempts.close(tx, attempt.id, outcome="absent", over_at=tx.now, error_code=code)
        if code == "duplicate_after_unclear":
            tweets.mark_failed(tx, tweet.id, error_code="duplicate_content", twitter_error=tweet.twitter_error)
        elif attempts.count_outcome(tx, tweet.id, "absent") < decisions.ATTEMPTS:
            tweets.send_again(tx, tweet.id)
        else:
            tweets.ask_owner(tx, tweet.id, error_code="attempts_exhausted", look_at=None)
        log.info("tweet %s: absent from X (%s)", tweet.id, code)

    def _failed(self, tx: Transaction, error: XError) -> None:
        if isinstance(error, AppRefused):
            probes = app_rests.probes_in_vain(tx, mock=self._account.mock)
            until = decisions.probe_at(probes, tx.now)
            app_rests.begin(tx, mock=self._account.mock, code=error.code, probe_at=until, problem=error.problem)
        if isinstance(error, AccountSuspended):
            self._account_suspended(tx)
            return
        if isinstance(error, Unauthorized):
            self._unauthorized(tx)
        for each in self._unsettled(tx):
            if each.tweet.due_at is not None and each.tweet.due_at <= tx.now:
                self._again_later(tx, each, error)

    def _again_later(self, tx: Transaction, each: Unsettled, error: XError) -> None:
        if isinstance(error, RateLimited | AppRefused | NotSent):
            # X was not asked, or asks to wait: that says nothing about whether it can be asked
            until = error.until if isinstance(error, RateLimited) else None
            tweets.look_at(tx, each.tweet.id, max(until or later(tx.now, 60), later(tx.now, 1)))
            return
        failed = attempts.note_failed_look(tx, each.attempt.id)
        moment, tell = decisions.after_failed_look(failed, tx.now)
        if tell:
            tweets.ask_owner(tx, each.tweet.id, error_code="x_cannot_be_asked", look_at=moment)
        else:
            tweets.look_at(tx, each.tweet.id, moment)

    def _account_suspended(self, tx: Transaction) -> None:
        held = lose_account(tx, self._account.id, status="suspended", code="account_suspended")
        tx.after_commit(lambda: self.context.signals.settled(held))

    def _unauthorized(self, tx: Transaction) -> None:
        """As for a send: an old token is renewed once, a young one waits for X."""
        issued = self._account.token_issued_at
        if issued is None or (tx.now - issued).total_seconds() >= decisions.YOUNG_TOKEN:
            accounts.expire_token(tx, self._account.id, version=self._account.token_version)
        else:
            accounts.mark_unauthorized(tx, self._account.id)

    def _clear_answer(self, tx: Transaction) -> None:
        accounts.trusted(tx, self._account.id)
        app_rests.end(tx, mock=self._account.mock)

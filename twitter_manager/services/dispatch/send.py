"""Sending one tweet: the intent is on the disk, then X is called once, then its answer is stored.

During the call no transaction is open. A process that dies then leaves an open attempt, and
services/dispatch/recovery.py finds it.
"""

import json
import logging
from datetime import datetime

from twitter_manager.errors import StorageUnavailable
from twitter_manager.models import Account, Attempt, Lane, Tweet
from twitter_manager.services import alerts
from twitter_manager.services.accounts.tokens import deactivate_account
from twitter_manager.services.context import Context
from twitter_manager.services.dispatch import app_pause, decisions
from twitter_manager.services.dispatch.decisions import (
    AccountLost,
    AppRests,
    Decision,
    Failed,
    Held,
    Posted,
    Situation,
    TokenStale,
    Unconfirmed,
)
from twitter_manager.services.dispatch.lane_task import LaneTask
from twitter_manager.services.dispatch.situation import situation_of
from twitter_manager.services.rate_limits import limiter
from twitter_manager.services.wakeup import wake_lane
from twitter_manager.storage import account_tokens, app_rests, attempts, lanes, tweet_holds, tweet_states
from twitter_manager.storage.database import Queries, Transaction
from twitter_manager.timestamps import uptime
from twitter_manager.twitter import tweets as x_tweets
from twitter_manager.twitter.errors import AppRefused, NotSent, Problem, XError

__all__ = ["SendTweet"]

INTENT_SECONDS = 10.0  # an older intent is not sent: the process was frozen meanwhile

log = logging.getLogger("twitter_manager.services")


class SendTweet(LaneTask):
    """One attempt for one tweet."""

    def __init__(
        self, context: Context, lane: Lane, account: Account, token: str, tweet: Tweet, attempt: Attempt
    ) -> None:
        super().__init__(context, lane)
        self._account = account
        self._token = token
        self._tweet = tweet
        self._attempt = attempt
        self._began = uptime()

    @classmethod
    def begin(
        cls, context: Context, tx: Transaction, lane: Lane, account: Account, token: str, tweet: Tweet
    ) -> "SendTweet":
        """Writes the intent; the caller commits it before `run`."""
        attempt = attempts.insert(
            tx, tweet_id=tweet.id, account_id=account.id, lease=lane.lease or "", since_id=lane.newest_x_id
        )
        tweet_states.begin_posting(tx, tweet.id)
        return cls(context, lane, account, token, tweet, attempt)

    def run(self) -> None:
        outcome: x_tweets.CreatedPost | XError
        try:
            outcome = x_tweets.create(
                self.context.environments.of(self._account.mock).x,
                self._token,
                _post_of(self._tweet),
                before_first_byte=self._before_first_byte,
                account_id=self._account.id,
            )
        except XError as error:
            outcome = error
        if self._concerns_app(outcome):
            self.turn = None
        self.finish(self._store, outcome)
        self.context.notifier.notify_tweets([self._tweet.id])

    def _concerns_app(self, outcome: x_tweets.CreatedPost | XError) -> bool:
        """Whether the app's rest may begin or end with it. One that this call may end began before the call did."""
        return isinstance(outcome, AppRefused) or app_rests.find(self.context.db, mock=self._account.mock) is not None

    def _before_first_byte(self) -> None:
        """The last chance to cancel. Raises NotSent."""
        if uptime() - self._began > INTENT_SECONDS:
            raise NotSent(Problem(None, title="The intent is too old"))
        if self.context.notifier.stopping.is_set():
            raise NotSent(Problem(None, title="The service stops"))
        try:
            wanted = self._is_wanted(self.context.db, self.context.clock())
        except StorageUnavailable as error:
            raise NotSent(Problem(None, title="The database is away")) from error
        if not wanted:
            raise NotSent(Problem(None, title="The lease was lost, or an earlier attempt put it on X after all"))

    def _store(self, tx: Transaction, outcome: x_tweets.CreatedPost | XError) -> None:
        problem = outcome.problem if isinstance(outcome, XError) else None
        account_id, mock = self._account.id, self._account.mock
        limiter.record_headers(tx, account_id=account_id, mock=mock, endpoint=x_tweets.CREATE, window=outcome.window)
        if isinstance(outcome, NotSent):
            limiter.release(tx, account_id=account_id, mock=mock, endpoint=x_tweets.CREATE)
            if self._called_off(tx):
                return
        situation = Situation()  # posted is posted in any
        if isinstance(outcome, XError):
            situation = situation_of(tx, self._account, self._tweet, outcome)
        decision = decisions.decide(outcome, situation, tx.now)
        log.info("tweet %s: %s", self._tweet.id, decision)
        self._apply(tx, decision, problem)

    def _called_off(self, tx: Transaction) -> bool:
        """Whether the send was canceled here (the service stops, the lease is lost, it is posted): X has nothing."""
        if self._is_wanted(tx, tx.now) and not self.context.notifier.stopping.is_set():
            return False
        if attempts.close(tx, self._attempt.id, outcome="not_sent", over_at=tx.now):
            tweet_states.send_again(tx, self._tweet.id)
            wake_lane(self.context, tx, self._account.id, tx.now)
        return True

    def _is_wanted(self, q: Queries, now: datetime) -> bool:
        """Whether it is still to be sent, and by this worker: the late 201 of an earlier attempt may arrive."""
        return tweet_states.may_be_sent(q, self._tweet.id, lease=self.lease, now=now)

    def _apply(self, tx: Transaction, decision: Decision, problem: Problem | None) -> None:
        """Stores the decision. Posted counts in any state; anything else only while the attempt is open."""
        words = json.dumps(problem.to_json()) if problem else None
        if isinstance(decision, Posted):
            self._posted(tx, decision)
            self._count(tx, decision, None)
            return
        if not attempts.close(
            tx,
            self._attempt.id,
            outcome=_outcome(decision),
            over_at=tx.now,
            error_code=decision.code,
            http_status=problem.status if problem else None,
        ):
            return
        match decision:
            case Unconfirmed():
                self._unconfirmed(tx, decision, words)
            case Held():
                self._held(tx, decision, words)
            case TokenStale():
                self._token_stale(tx, decision, words)
            case Failed():
                self._failed(tx, decision, words)
            case AccountLost():
                self._account_lost(tx, decision, words)
            case AppRests():
                self._app_rests(tx, decision, words)
        self._count(tx, decision, words)

    def _count(self, tx: Transaction, decision: Decision, words: str | None) -> None:
        """For the alerts; the app comes first, since it may explain what an account has."""
        code = None if isinstance(decision, Posted) else decision.code
        for subject, succeeds in (
            (alerts.of_app(mock=self._account.mock), decisions.app_succeeds(decision)),
            (alerts.of_account(self._account), decisions.account_succeeds(decision)),
        ):
            if succeeds:
                alerts.note_success(tx, subject)
            elif succeeds is False:
                alerts.note_failure(tx, subject, code=code or "post_refused", twitter_error=words)

    def _posted(self, tx: Transaction, decision: Posted) -> None:
        attempts.record_posted(tx, self._attempt.id, twitter_id=decision.twitter_id, http_status=201)
        attempts.watch_others(tx, self._tweet.id, posted_by=self._attempt.id)
        if not self._mark_posted(tx, decision.twitter_id):
            log.error("tweet %s is at X under a second id, %s", self._tweet.id, decision.twitter_id)
        lanes.record_x_id(tx, self._account.id, decision.twitter_id)
        self._note_accepted(tx, of_post=True)

    def _mark_posted(self, tx: Transaction, twitter_id: str) -> bool:
        """X's own answer overrides reconciliation, or an owner, that gave the id to another tweet."""
        if tweet_states.mark_posted(tx, self._tweet.id, twitter_id=twitter_id, posted_at=tx.now):
            return True
        if not tweet_states.clear_id_of_another(tx, self._account.id, twitter_id=twitter_id, tweet_id=self._tweet.id):
            return False
        log.error("post %s is tweet %s, and another tweet had its id", twitter_id, self._tweet.id)
        return tweet_states.mark_posted(tx, self._tweet.id, twitter_id=twitter_id, posted_at=tx.now)

    def _token_stale(self, tx: Transaction, decision: TokenStale, words: str | None) -> None:
        self._release_probe(tx)
        account_tokens.expire(tx, self._account.id, version=self._account.token_version)
        tweet_holds.hold(tx, self._tweet.id, error_code=decision.code, until=tx.now, twitter_error=words)

    def _failed(self, tx: Transaction, decision: Failed, words: str | None) -> None:
        self._note_accepted(tx, of_post=decision.of_post)
        tweet_states.mark_failed(tx, self._tweet.id, error_code=decision.code, twitter_error=words)

    def _account_lost(self, tx: Transaction, decision: AccountLost, words: str | None) -> None:
        tweet_holds.hold(tx, self._tweet.id, error_code=decision.code, until=tx.now, twitter_error=words)
        self._release_probe(tx)
        deactivate_account(self.context, tx, self._account.id, status=decision.status, code=decision.code)

    def _app_rests(self, tx: Transaction, decision: AppRests, words: str | None) -> None:
        tweet_holds.hold(tx, self._tweet.id, error_code=decision.code, until=tx.now, twitter_error=words)
        app_pause.begin(
            self.context,
            tx,
            mock=self._account.mock,
            began=self._attempt.started_at,
            code=decision.code,
            probe_at=decision.probe_at,
            twitter_error=words or "",
        )

    def _unconfirmed(self, tx: Transaction, decision: Unconfirmed, words: str | None) -> None:
        if not tweet_states.mark_unconfirmed(
            tx, self._tweet.id, check_at=decision.check_at, error_code=decision.code, twitter_error=words
        ):
            attempts.schedule_check(tx, self._attempt.id, decision.check_at)  # an earlier attempt posted it
        self._rest(tx, Held(decision.code, decision.rest_until, trouble=True))

    def _held(self, tx: Transaction, decision: Held, words: str | None) -> None:
        tweet_holds.hold(tx, self._tweet.id, error_code=decision.code, until=decision.until, twitter_error=words)
        if decision.outcome != "not_sent":
            self._release_probe(tx)
        if decision.unauthorized:
            account_tokens.mark_unauthorized(tx, self._account.id)
        elif decision.outcome != "not_sent":
            self._reset_streaks(tx)
        if decision.lane_rests:
            self._rest(tx, decision)

    def _rest(self, tx: Transaction, decision: Held) -> None:
        """The lane rests, and everything that would have gone out meanwhile is held with the reason."""
        lanes.rest(tx, self._account.id, until=decision.until, code=decision.code)
        if decision.trouble:
            lanes.set_trouble(tx, self._account.id, self.lane.trouble_streak + 1)
        held = tweet_holds.hold_due_of_account(tx, self._account.id, error_code=decision.code, until=decision.until)
        tx.after_commit(lambda: self.context.notifier.notify_tweets(held))

    def _note_accepted(self, tx: Transaction, *, of_post: bool) -> None:
        """X accepts this token; where its answer is about the post itself, this app, too."""
        self._reset_streaks(tx)
        if of_post:
            app_pause.end(self.context, tx, mock=self._account.mock, began=self._attempt.started_at)
        else:
            self._release_probe(tx)

    def _release_probe(self, tx: Transaction) -> None:
        app_pause.release_probe(tx, mock=self._account.mock, began=self._attempt.started_at)

    def _reset_streaks(self, tx: Transaction) -> None:
        lanes.set_trouble(tx, self._account.id, 0)
        account_tokens.reset_unauthorized(tx, self._account.id)


def _post_of(tweet: Tweet) -> x_tweets.NewPost:
    return x_tweets.NewPost(
        text=tweet.content,
        reply_to=tweet.reply_to,
        quote_of=tweet.quote_of,
        media_ids=json.loads(tweet.media_ids),
        poll=json.loads(tweet.poll) if tweet.poll else None,
        reply_settings=tweet.reply_settings,
        community_id=tweet.community_id,
        made_with_ai=tweet.made_with_ai,
        paid_partnership=tweet.paid_partnership,
    )


def _outcome(decision: Decision) -> str:
    match decision:
        case Unconfirmed():
            return "unclear"
        case Held():
            return decision.outcome
        case Failed():
            return "refused"
        case _:
            return "held"

"""What a decision needs besides X's answer, read in the transaction that stores what follows."""

from twitter_manager.models import Account, Tweet
from twitter_manager.services.dispatch import app_pause
from twitter_manager.services.dispatch.decisions import PARENT_SECONDS, Situation
from twitter_manager.storage import accounts, app_rests, attempt_outcomes, lanes
from twitter_manager.storage.database import Transaction
from twitter_manager.timestamps import earlier
from twitter_manager.twitter.errors import AppRefused, XError

__all__ = ["situation_of"]

DAY = 86_400.0


def situation_of(tx: Transaction, sender: Account, tweet: Tweet, error: XError) -> Situation:
    """`sender`: the account as it was when its token was taken for the call."""
    lane, account = lanes.get(tx, tweet.twitter_account_id), accounts.get(tx, tweet.twitter_account_id)
    expires = account.token_expires_at
    alone, of_account = _whose_refusal(tx, tweet, error, mock=account.mock)
    return Situation(
        trouble_streak=lane.trouble_streak,
        unauthorized_streak=account.unauthorized_streak,
        token_issued_at=account.token_issued_at,
        token_was_replaced=account.token_version != sender.token_version,
        token_is_over=expires is not None and expires <= tx.now,
        can_renew=account.refresh_token is not None,
        unclear_before=attempt_outcomes.count(tx, tweet.id, "absent") > 0,
        not_visible_before=_held_before(tx, tweet, "parent_not_visible", PARENT_SECONDS),
        is_next_part=(tweet.position or 1) > 1,
        probes=app_pause.probes_in_vain(tx, mock=account.mock),
        refused_alone=alone,
        account_is_refused=of_account,
        not_permitted_before=_held_before(tx, tweet, "account_not_permitted", DAY),
    )


def _held_before(tx: Transaction, tweet: Tweet, code: str, seconds: float) -> int:
    return attempt_outcomes.count_held(tx, tweet.id, error_code=code, since=earlier(tx.now, seconds))


def _whose_refusal(tx: Transaction, tweet: Tweet, error: XError, *, mock: bool) -> tuple[bool, bool]:
    """Whether a refusal of the app concerns this tweet alone, or its account: X has since accepted posts of others."""
    if not isinstance(error, AppRefused) or app_rests.find(tx, mock=mock) is not None:
        return False, False
    alone = attempt_outcomes.was_refused_alone(tx, tweet.id, error_code=error.code, mock=mock)
    of_account = attempt_outcomes.is_account_refused(
        tx, tweet.twitter_account_id, error_code="account_not_permitted", since=earlier(tx.now, DAY)
    )
    return alone, of_account

"""The tokens of accounts, encrypted before they come here: which pair it is (`version`), and who renews it."""

from datetime import datetime

from twitter_manager.storage.database import Transaction

__all__ = [
    "claim_refresh",
    "clamp_refresh_leases",
    "clear",
    "expire",
    "give_up_refresh",
    "mark_unauthorized",
    "reset_unauthorized",
    "store",
]


def reset_unauthorized(tx: Transaction, account_id: int) -> None:
    """X accepted the token: earlier 401s no longer count."""
    tx.execute(
        "UPDATE twitter_account SET unauthorized_streak = 0 WHERE id = :id AND unauthorized_streak > 0", id=account_id
    )


def mark_unauthorized(tx: Transaction, account_id: int) -> None:
    """X answered 401 to a fresh token: the account is degraded, not lost."""
    tx.execute(
        "UPDATE twitter_account SET unauthorized_streak = unauthorized_streak + 1, updated_at = :now WHERE id = :id",
        id=account_id,
        now=tx.now,
    )


def expire(tx: Transaction, account_id: int, *, version: int) -> None:
    """X no longer accepts this token: the next task renews it first."""
    tx.execute(
        """
        UPDATE twitter_account SET token_expires_at = :now, refresh_failures = 0, updated_at = :now
        WHERE id = :id AND token_version = :version
        """,
        id=account_id,
        version=version,
        now=tx.now,
    )


def claim_refresh(tx: Transaction, account_id: int, *, version: int, lease: str, until: datetime) -> bool:
    """Leases the renewal of the token pair of this `version` and stores the intent; False: another process has it."""
    changed = tx.execute(
        """
        UPDATE twitter_account SET refresh_lease = :lease, refresh_lease_until = :until,
            refresh_sent_at = coalesce(refresh_sent_at, :now)
        WHERE id = :id AND token_version = :version AND (refresh_lease IS NULL OR refresh_lease_until <= :now)
        """,
        id=account_id,
        version=version,
        lease=lease,
        until=until,
        now=tx.now,
    )
    return changed == 1


def clamp_refresh_leases(tx: Transaction, *, until: datetime) -> int:
    """The clock was set back: no lease of a renewal ends after `until`."""
    return tx.execute(
        "UPDATE twitter_account SET refresh_lease_until = :until WHERE refresh_lease_until > :until", until=until
    )


def give_up_refresh(tx: Transaction, account_id: int, *, lease: str, certainly_not_renewed: bool) -> None:
    """The renewal brought no new pair. Unless X certainly did not renew, the intent stays stored."""
    tx.execute(
        """
        UPDATE twitter_account SET refresh_lease = NULL, refresh_lease_until = NULL,
            refresh_sent_at = CASE WHEN :certainly_not_renewed = 1 THEN NULL ELSE refresh_sent_at END,
            refresh_failures = refresh_failures + 1, updated_at = :now
        WHERE id = :id AND refresh_lease = :lease
        """,
        id=account_id,
        lease=lease,
        certainly_not_renewed=certainly_not_renewed,
        now=tx.now,
    )


def clear(tx: Transaction, account_id: int) -> None:
    """The account keeps no token; connecting it again brings new ones."""
    tx.execute(
        """
        UPDATE twitter_account SET access_token = NULL, refresh_token = NULL, token_expires_at = NULL,
            token_version = token_version + 1, refresh_lease = NULL, refresh_lease_until = NULL,
            refresh_sent_at = NULL, updated_at = :now
        WHERE id = :id
        """,
        id=account_id,
        now=tx.now,
    )


def store(
    tx: Transaction,
    account_id: int,
    *,
    version: int,
    access_token: str,
    refresh_token: str,
    scopes: str,
    token_expires_at: datetime,
) -> bool:
    """Replaces the token pair of `version`; False when that one is gone already (reconnected meanwhile)."""
    changed = tx.execute(
        """
        UPDATE twitter_account SET access_token = :access_token, refresh_token = :refresh_token, scopes = :scopes,
            token_expires_at = :token_expires_at, token_issued_at = :now, token_version = token_version + 1,
            refresh_lease = NULL, refresh_lease_until = NULL, refresh_sent_at = NULL, refresh_failures = 0,
            updated_at = :now
        WHERE id = :id AND token_version = :version
        """,
        id=account_id,
        version=version,
        access_token=access_token,
        refresh_token=refresh_token,
        scopes=scopes,
        token_expires_at=token_expires_at,
        now=tx.now,
    )
    return changed == 1

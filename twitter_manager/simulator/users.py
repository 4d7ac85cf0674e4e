"""The people of the simulated X."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from twitter_manager.simulator.ids import next_id
from twitter_manager.timestamps import to_text

__all__ = ["User", "ensure", "find", "find_by_username", "list_all", "set_suspended", "username_fits"]

USERNAME = re.compile(r"[A-Za-z0-9_]{1,15}")


@dataclass(frozen=True)
class User:
    id: str
    username: str
    name: str
    description: str
    location: str
    created_at: str
    followers: int
    following: int
    subscription_type: str
    suspended: bool


def username_fits(username: str) -> bool:
    """Whether X would allow it as a handle (its OpenAPI document: username)."""
    return USERNAME.fullmatch(username) is not None


def find(db: sqlite3.Connection, user_id: str) -> User | None:
    return _user(db.execute("SELECT * FROM user WHERE id = :id", {"id": int(user_id)}).fetchone())


def find_by_username(db: sqlite3.Connection, username: str) -> User | None:
    """Case does not matter."""
    return _user(db.execute("SELECT * FROM user WHERE username = :name", {"name": username}).fetchone())


def list_all(db: sqlite3.Connection) -> list[User]:
    """Oldest first."""
    return [user for row in db.execute("SELECT * FROM user ORDER BY id") if (user := _user(row))]


def ensure(
    db: sqlite3.Connection,
    username: str,
    *,
    now: datetime,
    name: str | None = None,
    followers: int | None = None,
    following: int | None = None,
    subscription_type: str | None = None,
) -> User:
    """The user, made if missing; what is given is set. Raises ValueError for an impossible handle."""
    if not username_fits(username):
        raise ValueError("a username has 1 to 15 letters, digits or underscores")
    given = {
        "name": name,
        "followers": followers,
        "following": following,
        "subscription_type": subscription_type,
    }
    if find_by_username(db, username) is None:
        db.execute(
            "INSERT INTO user (id, username, name, created_at) VALUES (:id, :username, :username, :at)",
            {"id": next_id(db, now), "username": username, "at": to_text(now.replace(microsecond=0))},
        )
    db.execute(
        "UPDATE user SET name = coalesce(:name, name), followers = coalesce(:followers, followers),"
        " following = coalesce(:following, following),"
        " subscription_type = coalesce(:subscription_type, subscription_type) WHERE username = :username",
        {**given, "username": username},
    )
    user = find_by_username(db, username)
    if user is None:
        raise LookupError(username)
    return user


def set_suspended(db: sqlite3.Connection, username: str, *, suspended: bool) -> None:
    """Raises LookupError when there is no such user."""
    changed = db.execute(
        "UPDATE user SET suspended = :suspended WHERE username = :name", {"suspended": suspended, "name": username}
    )
    if changed.rowcount != 1:
        raise LookupError(f"no user {username}")


def _user(row: sqlite3.Row | None) -> User | None:
    if row is None:
        return None
    return User(**{**dict(row), "id": str(row["id"]), "suspended": bool(row["suspended"])})

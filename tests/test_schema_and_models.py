"""What drifts: every table's columns are its dataclass's fields, with the same types and the same right to be empty."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from twitter_manager import models
from twitter_manager.storage.sqlite.engine import SqliteDatabase

MODELS = {
    "api_key": models.ApiKey,
    "twitter_account": models.Account,
    "oauth_state": models.OAuthState,
    "tweet": models.Tweet,
    "thread": models.Thread,
    "batch": models.Batch,
    "batch_refusal": models.BatchRefusal,
    "idempotency_key": models.IdempotencyKey,
    "attempt": models.Attempt,
    "lane": models.Lane,
    "slot_week": models.SlotWeek,
    "media": models.Media,
    "media_subtitles": models.MediaSubtitles,
    "app_rest": models.AppRest,
    "alert": models.Alert,
    "audit": models.AuditEntry,
    "webhook": models.Webhook,
    "webhook_delivery": models.WebhookDelivery,
    "worker": models.Worker,
    "x_call": models.XCall,
    "rate_window": models.KnownWindow,
}
SEARCH = {"tweet_text", "tweet_text_config", "tweet_text_data", "tweet_text_idx"}  # FTS5's own
WITHOUT_MODEL = {"api_key_calls", "service_state", "tweet_count", "tweet_media", "tweet_period", *SEARCH}
NOT_A_ROW = {models.TweetOfAccount}
TYPES = {str: "TEXT", datetime: "TEXT", int: "INTEGER", bool: "INTEGER"}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = SqliteDatabase(tmp_path / "a.db")
    db.migrate()
    yield db
    db.close()


def test_every_table_has_a_model_or_is_known_to_have_none(db: SqliteDatabase) -> None:
    rows = db.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {row["name"] for row in rows} == set(MODELS) | WITHOUT_MODEL


def test_every_model_has_a_table() -> None:
    classes = {getattr(models, name) for name in models.__all__ if isinstance(getattr(models, name), type)}
    assert classes == set(MODELS.values()) | NOT_A_ROW


@pytest.mark.parametrize(("table", "model"), MODELS.items())
def test_the_columns_are_the_fields(db: SqliteDatabase, table: str, model: Any) -> None:
    columns = {
        row["name"]: (row["type"], not row["notnull"] and not row["pk"])
        for row in db.all(f"PRAGMA table_info({table})")
    }
    hints = get_type_hints(model)
    assert columns == {field.name: _column(hints[field.name]) for field in fields(model)}


def _column(hint: Any) -> tuple[str, bool]:
    """The column's type and whether it may be empty."""
    kinds = {str} if get_origin(hint) is Literal else set(get_args(hint) or (hint,))
    (kind,) = kinds - {NoneType}
    return TYPES[kind], NoneType in kinds

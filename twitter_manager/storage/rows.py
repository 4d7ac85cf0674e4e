"""From rows to the dataclasses of models.py: times and truth values get their types back."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar, get_args, get_type_hints

from twitter_manager.storage.database import Row
from twitter_manager.timestamps import from_text

__all__ = ["limit_to", "mapper", "to_time"]

Model = TypeVar("Model")
Pick = Callable[[Row], Sequence[Any]]


def to_time(value: datetime | str) -> datetime:
    """A time as the database gives it: PostgreSQL as such, SQLite as text."""
    return value if isinstance(value, datetime) else from_text(value)


def limit_to(account_ids: Collection[int] | None) -> dict[str, object]:
    """The parameters of `:every = 1 OR account_id = ANY(:among)`: of these accounts only; None: of every one."""
    return {"every": account_ids is None, "among": sorted(account_ids or ())}


def mapper(model: type[Model]) -> Callable[[Row], Model]:
    """A function from a row with the model's columns (or more) to the model."""
    hints = get_type_hints(model)
    columns = [field.name for field in fields(model)]  # type: ignore[arg-type]
    times = [position for position, name in enumerate(columns) if datetime in (hints[name], *get_args(hints[name]))]
    flags = [position for position, name in enumerate(columns) if hints[name] is bool]
    picks: dict[tuple[str, ...], Pick] = {}  # by the row's columns, since a column is found faster by position

    def to_model(row: Row) -> Model:
        names = tuple(row.keys())
        pick = picks.get(names)
        if pick is None:
            pick = picks[names] = itemgetter(*(names.index(name) for name in columns))
        values = list(pick(row))
        for position in times:
            if values[position] is not None:
                values[position] = to_time(values[position])
        for position in flags:
            values[position] = bool(values[position])
        return model(**dict(zip(columns, values, strict=True)))

    return to_model

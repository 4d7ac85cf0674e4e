"""From rows to the dataclasses of models.py: times and truth values get their types back."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints

from twitter_manager.storage.database import Row
from twitter_manager.timestamps import from_text

__all__ = ["mapper"]

Model = TypeVar("Model")


def mapper(model: type[Model]) -> Callable[[Row], Model]:
    """A function from a row with the model's columns (or more) to the model."""
    hints = get_type_hints(model)
    columns = [field.name for field in fields(model)]  # type: ignore[arg-type]
    times = frozenset(name for name in columns if datetime in (hints[name], *get_args(hints[name])))
    flags = frozenset(name for name in columns if hints[name] is bool)

    def to_model(row: Row) -> Model:
        values: dict[str, Any] = {name: row[name] for name in columns}
        for name in times:
            if values[name] is not None:
                values[name] = from_text(values[name])
        for name in flags:
            values[name] = bool(values[name])
        return model(**values)

    return to_model

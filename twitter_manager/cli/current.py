"""For all commands: the services of the application, and errors as plain text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import click
from flask import current_app

from twitter_manager.errors import ServiceError, StartRefused, StorageUnavailable
from twitter_manager.services import Services, audit
from twitter_manager.storage.copying import CopyFailed

__all__ = ["plain_refusals", "services"]


@contextmanager
def plain_refusals() -> Iterator[None]:
    """Errors of the service end the command with one line per fault, and exit code 1; what it changes is audited."""
    try:
        with audit.of_command(click.get_current_context().command_path.partition(" ")[2]):
            yield
    except (StartRefused, CopyFailed) as error:
        raise click.ClickException(str(error)) from error
    except StorageUnavailable as error:
        raise click.ClickException(f"{error.sentence}: {error.why}") from error
    except ServiceError as error:
        raise click.ClickException(error.sentence) from error


def services() -> Services:
    return cast(Services, current_app.extensions["services"])

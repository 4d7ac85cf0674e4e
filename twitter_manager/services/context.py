"""What every service works with."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from twitter_manager.crypto import Vault
from twitter_manager.errors import StorageUnavailable
from twitter_manager.services.environments import XEnvironments
from twitter_manager.services.notifier import Notifier
from twitter_manager.storage.database import Database, Transaction

__all__ = ["Context"]

log = logging.getLogger("twitter_manager.services")

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Context:
    """`notifier` is this process's; `clock` gives the time."""

    db: Database
    vault: Vault
    environments: XEnvironments
    notifier: Notifier
    clock: Callable[[], datetime]

    def store_durably(
        self,
        account_id: int | None,
        store: Callable[Concatenate[Transaction, Arguments], Result],
        *args: Arguments.args,
        **kw: Arguments.kwargs,
    ) -> Result:
        """Runs `store(tx, …)` in a transaction, and again until the database takes it. `account_id`: see transaction.

        For what X just told us: it exists nowhere else, so a locked or full disk must not lose it. What is not stored
        when the process ends is found again by reconciliation.
        """
        pause = 0.05
        while True:
            try:
                with self.db.transaction(account_id=account_id) as tx:
                    return store(tx, *args, **kw)
            except StorageUnavailable as error:
                log.error("cannot store what X answered yet: %s", error.why)
                time.sleep(pause)
                pause = min(pause * 2, 5.0)

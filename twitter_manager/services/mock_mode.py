"""Mock mode: which of the two worlds is on, at once in every process."""

from twitter_manager.errors import Conflict
from twitter_manager.services.context import Context
from twitter_manager.services.wakeup import wake_environment
from twitter_manager.storage import service_state

__all__ = ["MockMode"]


class MockMode:
    """The switch between the simulated and the real world."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def is_on(self) -> bool:
        """Whether the simulated world is on."""
        return service_state.mock_mode(self._context.db)

    def switch(self, enabled: bool) -> bool:
        """Switches, and returns the new state. A call in flight ends where it began. Raises Conflict."""
        if not enabled and self._context.environments.of(False).client is None:
            raise Conflict("oauth_not_configured")
        with self._context.db.transaction() as tx:
            service_state.set_mock_mode(tx, enabled)
            service_state.put(tx, service_state.SWITCHED, "1" if enabled else "0")
            wake_environment(self._context, tx, mock=enabled)
        return enabled

"""Mock mode: which of the two environments is on, at once in every process, and why."""

from twitter_manager.config import Settings
from twitter_manager.errors import Conflict
from twitter_manager.services.context import Context
from twitter_manager.services.wakeup import wake_environment
from twitter_manager.storage import service_state
from twitter_manager.storage.service_state import Switch
from twitter_manager.timestamps import to_text

__all__ = ["MockMode", "at_start", "why_on"]


def at_start(settings: Settings, switch: Switch | None) -> bool:
    """Whether it is on after a start: by the setting, else the last switch, else without TWITTER_CLIENT_ID."""
    if settings.mock_mode is not None or switch is None:
        return settings.mock_by_default
    return switch.on


def why_on(settings: Settings, switch: Switch | None) -> str:
    """What follows "mock mode is on because"."""
    if settings.mock_mode:
        return "MOCK_MODE is on"
    if switch is not None and switch.on:
        when = f" at {to_text(switch.at)}" if switch.at else ""
        rest = "MOCK_MODE is not set" if settings.mock_mode is None else "MOCK_MODE=off counts from the next start on"
        return f"it was switched on{when}, and {rest}"
    if settings.twitter_client_id is None:
        return "TWITTER_CLIENT_ID is not set"
    return "the service was started with other settings"


class MockMode:
    def __init__(self, context: Context, settings: Settings) -> None:
        self._context = context
        self._settings = settings

    def is_on(self) -> bool:
        return service_state.mock_mode(self._context.db)

    def why_on(self) -> str | None:
        """None while it is off."""
        if not self.is_on():
            return None
        return why_on(self._settings, service_state.last_switch(self._context.db))

    def switch(self, enabled: bool) -> bool:
        """Returns the new state. A call in flight ends where it began. Raises Conflict."""
        if not enabled and self._context.environments.of(False).client is None:
            raise Conflict("oauth_not_configured")
        with self._context.db.transaction() as tx:
            service_state.switch_mock_mode(tx, enabled)
            wake_environment(self._context, tx, mock=enabled)
        return enabled

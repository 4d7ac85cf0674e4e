"""Mock mode: which of the two environments is on, at once in every process, and why."""

from twitter_manager.config import Settings
from twitter_manager.errors import Conflict
from twitter_manager.services import audit
from twitter_manager.services.context import Context
from twitter_manager.services.wakeup import wake_environment
from twitter_manager.storage import service_state
from twitter_manager.storage.service_state import Switch
from twitter_manager.timestamps import to_text

__all__ = ["MockMode", "at_start", "why"]


def at_start(settings: Settings, switch: Switch | None) -> bool:
    """Whether it is on after a start: by the setting, else the last switch, else without TWITTER_CLIENT_ID."""
    if settings.mock_mode is not None or switch is None:
        return settings.mock_by_default
    return switch.on


def why(settings: Settings, switch: Switch | None, *, on: bool) -> str:
    """What follows "mock mode is on because", or "is off because"."""
    now, other = ("on", "off") if on else ("off", "on")
    if settings.mock_mode is on:
        return f"MOCK_MODE is {now}"
    if switch is not None and switch.on is on:
        when = f" at {to_text(switch.at)}" if switch.at else ""
        is_set = settings.mock_mode is not None
        rest = f"MOCK_MODE={other} counts from the next start on" if is_set else "MOCK_MODE is not set"
        return f"it was switched {now}{when}, and {rest}"
    if settings.mock_by_default is on:
        return f"TWITTER_CLIENT_ID is {'not set' if on else 'set'}"
    return "the service was started with other settings"


class MockMode:
    def __init__(self, context: Context, settings: Settings) -> None:
        self._context = context
        self._settings = settings

    def is_on(self) -> bool:
        return service_state.mock_mode(self._context.db)

    def is_on_because(self) -> tuple[bool, str]:
        """Whether it is on, and what follows "because"."""
        on = self.is_on()
        return on, why(self._settings, service_state.last_switch(self._context.db), on=on)

    def switch(self, enabled: bool) -> bool:
        """Returns the new state. A call in flight ends where it began. Raises Conflict."""
        if not enabled and self._context.environments.of(False).client is None:
            raise Conflict("oauth_not_configured")
        with self._context.db.transaction() as tx:
            service_state.switch_mock_mode(tx, enabled)
            wake_environment(self._context, tx, mock=enabled)
            audit.record(tx)
        return enabled

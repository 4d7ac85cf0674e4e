"""The final answer of an HTTP exchange: interim responses before it are skipped.

http.client skips only a 100, and takes a 103 for the answer.
"""

import http.client

__all__ = ["MAX_INTERIM", "FinalResponse"]

MAX_INTERIM = 100  # interim responses before one answer


class FinalResponse(http.client.HTTPResponse):
    """Begins with the first status from 200 on (RFC 9110 §15.2)."""

    _statuses = 0

    def begin(self) -> None:
        """Raises HTTPException where no final answer comes."""
        super().begin()
        while self.status < 200:
            self.headers = self.msg = None  # type: ignore[assignment]  # so that begin() reads the next one
            super().begin()

    def _read_status(self) -> tuple[str, int, str]:
        # begin() skips every 100 in a loop of its own, which somebody hostile never ends: so they are counted here
        self._statuses += 1
        if self._statuses > MAX_INTERIM:
            raise http.client.HTTPException("no final answer")
        return super()._read_status()  # type: ignore[misc,no-any-return]

"""The final answer of an HTTP exchange: interim responses before it are skipped.

http.client skips only a 100, and takes a 103 for the answer.
"""

import http.client

__all__ = ["MAX_INTERIM", "FinalResponse"]

MAX_INTERIM = 100  # interim responses before one answer


class FinalResponse(http.client.HTTPResponse):
    """Begins with the first status from 200 on (RFC 9110 §15.2)."""

    def begin(self) -> None:
        """Raises HTTPException where no final answer comes."""
        for _ in range(MAX_INTERIM):
            super().begin()
            if self.status >= 200:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # so that begin() reads the next one
        raise http.client.HTTPException("no final answer")

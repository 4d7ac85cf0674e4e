"""The final answer of an HTTP exchange: whatever comes before it is read past.

http.client takes a 103 for the answer; only a 100 it reads past.
"""

import http.client

__all__ = ["MAX_INTERIM", "FinalResponse"]

MAX_INTERIM = 100  # more before one answer are nonsense


class FinalResponse(http.client.HTTPResponse):
    """A response that begins with the first status of 200 and more (RFC 9110 §15.2)."""

    def begin(self) -> None:
        """Reads the head of the final answer. Raises HTTPException where none comes."""
        for _ in range(MAX_INTERIM):
            super().begin()
            if self.status >= 200:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # so that begin() reads the next one
        raise http.client.HTTPException("no final answer")

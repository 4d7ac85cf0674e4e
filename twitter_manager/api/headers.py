"""Headers that every answer carries."""

from flask import Flask, Response

__all__ = ["register"]

_ALWAYS = {
    "Referrer-Policy": "no-referrer",  # a state, a code or ?api_key must not travel on to other sites
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def register(app: Flask) -> None:
    """Adds them to whatever `app` answers."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers[name] = value
        return response

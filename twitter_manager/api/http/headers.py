"""Headers of every response."""

from flask import Flask, Response

from twitter_manager.answers import HEADERS

__all__ = ["register"]


def register(app: Flask) -> None:
    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

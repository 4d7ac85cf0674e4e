"""HEAD, which link checkers and mail programs send to every address they find: not allowed where GET changes
something."""

from flask import Flask

__all__ = ["CHANGING", "register"]

# endpoints whose GET changes something
CHANGING = frozenset({"oauth.begin", "oauth.callback", "consent.show"})


def register(app: Flask) -> None:
    """Removes HEAD from the routes of `app` that change something. To be called after its routes are registered."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint in CHANGING and rule.methods is not None:
            rule.methods.discard("HEAD")

"""create_app: the web application around the services. Touches nothing on the disk."""

from pathlib import Path

from twitter_manager import cli, config
from twitter_manager.api import BLUEPRINTS, oauth
from twitter_manager.api.http import (
    access,
    audited,
    auth,
    errors,
    forwarded,
    head,
    hosts,
    idempotency,
    queries,
    request_log,
)
from twitter_manager.api.http.application import Application
from twitter_manager.api.http.json_provider import OrjsonProvider
from twitter_manager.config import Settings
from twitter_manager.services import Services, build

__all__ = ["create_app"]


def create_app(settings: Settings | None = None, services: Services | None = None) -> Application:
    """By default with the settings of the current folder, and services built from them.

    Starts nothing: no keys, no migrations, no worker. Raises StartRefused for invalid settings.
    """
    if services is None:
        services = build(settings or config.load(Path.cwd()))
    settings = services.settings
    app = Application("twitter_manager.api", static_folder=None)
    app.json = OrjsonProvider(app)
    app.url_map.merge_slashes = False  # a redirect would repeat the query, and with it ?api_key
    app.extensions["services"] = services
    _add_routes(app, settings)
    forwarded.trust_proxies(app, settings.trusted_proxies)
    cli.register(app)
    return app


def _add_routes(app: Application, settings: Settings) -> None:
    """In the order in which requests pass them."""
    errors.register(app, oauth.callback_page)
    request_log.register(app)
    hosts.register(app, settings)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    oauth.register_callback(app, settings)
    head.register(app)
    audited.register(app)
    auth.register(app)
    access.register(app)
    queries.register(app)
    idempotency.register(app)

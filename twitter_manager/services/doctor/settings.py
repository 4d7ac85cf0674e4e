"""The settings: can they be read, and do they fit what X asks for."""

from urllib.parse import urlsplit

from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused
from twitter_manager.services.doctor.check import Check, fail, ok, warn

__all__ = ["NEEDED_SCOPES", "callback", "client_id", "misspelt", "proxies", "refused", "scopes", "understood"]

NEEDED_SCOPES = frozenset({"tweet.read", "tweet.write", "users.read", "offline.access"})
_LOCAL = ("127.0.0.1", "localhost", "::1")


def refused(error: StartRefused) -> list[Check]:
    remedy = "correct it in the environment or in .env; .env.example has every setting with its default"
    return [fail("settings", line, remedy) for line in str(error).splitlines()]


def understood(*, mock: bool, because: str) -> Check:
    """`because`: why mock mode is as it is."""
    if mock:
        return ok("settings", f"read; mock mode is on because {because}: X is simulated on this machine")
    return ok("settings", f"read; mock mode is off because {because}")


def misspelt(settings: Settings) -> list[Check]:
    """Names near to a setting's, one check each."""
    found = settings.misspelt.items()
    return [warn("names", f"{name} is no setting", f"if {meant} is meant, write that") for name, meant in found]


def proxies(settings: Settings) -> list[Check]:
    """X and the receivers of webhooks are called directly, whatever the environment says of proxies."""
    names = ", ".join(settings.unused_proxies)
    return [ok("proxy", f"{names} is set and not used: X and webhooks are called directly")] if names else []


def callback(settings: Settings) -> Check:
    """By what X accepts (docs.x.com: apps, callback URLs)."""
    parts = urlsplit(settings.callback_url)
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    ours = f"TWITTER_CALLBACK_URL=http://127.0.0.1:{settings.port}{parts.path or '/'}"
    remedy = f"set {ours} and register exactly that at X"
    if parts.hostname == "localhost":
        return warn("callback", "TWITTER_CALLBACK_URL says localhost; X asks for 127.0.0.1", remedy)
    if parts.hostname in _LOCAL and port != settings.port:
        text = f"TWITTER_CALLBACK_URL names port {port}; PORT is {settings.port}"
        return warn("callback", text, f"{remedy}; if the service itself runs with PORT={port}, put that into .env")
    if parts.hostname not in _LOCAL and parts.scheme != "https":
        text = "TWITTER_CALLBACK_URL begins with http://; X takes that only for this machine"
        return warn("callback", text, "put a proxy with TLS in front and set a https:// callback")
    where = f"{parts.scheme}://{parts.hostname}:{port}{parts.path}; exactly this must be registered at X"
    if settings.twitter_callback_url is None:
        where += (
            ". It follows PORT: if the service runs with another one, put that into .env, where this command sees it"
        )
    return ok("callback", where)


def scopes(settings: Settings) -> Check:
    """Whether they are enough to post, and for longer than two hours."""
    if missing := NEEDED_SCOPES - set(settings.twitter_scopes.split()):
        text = f"TWITTER_SCOPES lacks {', '.join(sorted(missing))}"
        return fail("scopes", text, "add them, and connect every account again")
    return ok("scopes", f"TWITTER_SCOPES asks for {settings.twitter_scopes}")


def client_id(settings: Settings, *, mock: bool) -> Check:
    if settings.twitter_client_id:
        kind = "confidential" if settings.twitter_client_secret else "public (no TWITTER_CLIENT_SECRET)"
        return ok("client", f"TWITTER_CLIENT_ID is set; the client is {kind}")
    if mock:
        return ok("client", "TWITTER_CLIENT_ID is not set; mock mode needs none")
    remedy = "set the OAuth 2.0 client id of your app at console.x.com, or MOCK_MODE=on"
    return fail("client", "TWITTER_CLIENT_ID is not set", remedy)

"""Settings: each once, with its type, default, help and secrecy; from the environment and `.env`, checked at start.

Order: the environment, then `.env` in the service's folder (app.py's, or see folder_of), then `instance/secrets.env`
there (what the first start made).
An empty value counts as not set.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from twitter_manager.database_url import is_postgresql, sqlite_path
from twitter_manager.env_files import nearly_settings, read_env_file
from twitter_manager.errors import StartRefused
from twitter_manager.host_names import served_name

__all__ = ["SECRETS_FILE", "Settings", "base_url_of", "folder_of", "load"]

SECRETS_FILE = "secrets.env"
CALLBACK_PATH = "/auth/callback"
SCOPES = (
    "tweet.read tweet.write users.read media.write like.read like.write bookmark.read bookmark.write offline.access"
)
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
_OAUTH1 = ("consumer_key", "consumer_secret", "oauth1_token", "oauth1_token_secret")


def _text(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has a character that cannot be printed")
    return value


def _api_key(value: str) -> str:
    if len(value) < 16:
        raise ValueError("is under 16 characters; leave it out and one is made for you")
    return _text(value)


def _fernet_keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    for key in keys:
        try:
            Fernet(key)
        except ValueError as error:
            raise ValueError("holds something that is no Fernet key (32 bytes, url-safe base64)") from error
    return keys


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:  # a bracket that is not closed, a port that is no number: in Python's words
        raise ValueError("is no http(s) URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise ValueError("is no http(s) URL")
    return value.rstrip("/")


def _origin(value: str) -> str:
    url = _url(value)
    parts = urlsplit(url)
    if parts.path or parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError("has more than a scheme, a host and a port: every call adds its own path, such as /2/tweets")
    return url


def _callback(value: str) -> str:
    _url(value)
    if urlsplit(value).fragment:
        raise ValueError("is a callback with a fragment, which X cannot call")
    return value


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not low <= int(value) <= high:
            raise ValueError(f"is no whole number from {low} to {high}")
        return int(value)

    return parse


def _switch(value: str) -> bool:
    word = value.lower()
    if word not in ("on", "off", "true", "false", "1", "0", "yes", "no"):
        raise ValueError("is neither on nor off")
    return word in ("on", "true", "1", "yes")


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        found = next((word for word in words if word.lower() == value.lower()), None)
        if found is None:
            raise ValueError(f"is none of {', '.join(words)}")
        return found

    return parse


def _hosts(value: str) -> tuple[str, ...]:
    names = [served_name(each.strip()) for each in value.split(",") if each.strip()]
    if None in names:
        raise ValueError("holds something that is no host name, such as twitter.example.org or 192.168.1.20")
    return tuple(name for name in names if name is not None)


def _networks(value: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    try:
        return tuple(ipaddress.ip_network(each.strip()) for each in value.split(",") if each.strip())
    except ValueError as error:
        raise ValueError("holds something that is no network, such as 192.168.1.0/24 or 10.0.0.7") from error


def _scopes(value: str) -> str:
    scopes = value.split()
    if not all(re.fullmatch(r"[a-z]+(\.[a-z]+)+", scope) for scope in scopes):
        raise ValueError("is no list of scopes separated by blanks")
    missing = {"tweet.read", "tweet.write", "users.read", "offline.access"} - set(scopes)
    if missing:
        raise ValueError(f"lacks {', '.join(sorted(missing))}, without which nothing can be posted for long")
    return " ".join(scopes)


def _setting(
    default: object,
    parse: Callable[[str], object],
    text: str,
    *,
    secret: bool = False,
    also: str | None = None,
) -> Any:
    """`parse` raises ValueError with words that follow the name; `also`: another name that is accepted."""
    metadata = {"parse": parse, "help": text, "secret": secret, "also": also}
    return field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A field `x_y` is the setting X_Y."""

    root: Path = field(default=Path(), metadata={"derived": True})
    from_secrets: frozenset[str] = field(default=frozenset(), metadata={"derived": True})  # only there
    # names that were given and are none, each with the setting that is probably meant
    misspelt: Mapping[str, str] = field(default_factory=dict, metadata={"derived": True})
    unused_proxies: tuple[str, ...] = field(default=(), metadata={"derived": True})  # names that are set

    api_key: str | None = _setting(None, _api_key, "a key for X-API-Key; made on first start", secret=True)
    encryption_key: tuple[str, ...] = _setting(
        (), _fernet_keys, "Fernet key for the tokens; several, comma-separated, newest first", secret=True
    )
    twitter_client_id: str | None = _setting(None, _text, "the X app's OAuth 2.0 client id")
    twitter_client_secret: str | None = _setting(
        None, _text, "its client secret; without one it is a public client", secret=True
    )
    twitter_callback_url: str | None = _setting(
        None, _callback, "must equal a callback registered at X", also="TWITTER_REDIRECT_URI"
    )
    twitter_bearer_token: str | None = _setting(
        None, _text, "app-only token for trends", secret=True, also="TWITTER_ACCESS_TOKEN"
    )
    twitter_api_url: str = _setting("https://api.x.com", _origin, "every /2/... call goes here")
    twitter_authorize_url: str = _setting(
        "https://x.com/i/oauth2/authorize", _url, "where a person connects an account"
    )
    twitter_media_api: str = _setting("v2", _one_of("v2", "v1.1"), "v1.1 takes the old upload")
    twitter_consumer_key: str | None = _setting(None, _text, "OAuth 1.0a for the old upload", secret=True)
    twitter_consumer_secret: str | None = _setting(None, _text, "OAuth 1.0a for the old upload", secret=True)
    twitter_oauth1_token: str | None = _setting(None, _text, "OAuth 1.0a for the old upload", secret=True)
    twitter_oauth1_token_secret: str | None = _setting(None, _text, "OAuth 1.0a for the old upload", secret=True)
    twitter_upload_url: str = _setting("https://upload.twitter.com", _url, "only for the old v1.1 upload")
    media_chunk_size: int | None = _setting(
        None,
        _whole_number(65_536, 5_242_880),
        "bytes per piece of an upload; by default from the file's size",
    )
    media_processing_timeout: int = _setting(
        300, _whole_number(1, 86_400), "seconds without progress until a video counts as failed"
    )
    twitter_scopes: str = _setting(SCOPES, _scopes, "what a person is asked to grant")
    mock_mode: bool | None = _setting(
        None, _switch, "on: a built-in simulated X; by default on without TWITTER_CLIENT_ID"
    )
    host: str = _setting("127.0.0.1", _text, "address to listen on")
    port: int = _setting(5555, _whole_number(1, 65_535), "port to listen on")
    instance_dir: str | None = _setting(None, _text, "database, keys, media, logs; instance/ in the service's folder")
    media_dir: str | None = _setting(None, _text, "media files; INSTANCE_DIR/media")
    allowed_hosts: tuple[str, ...] = _setting((), _hosts, "further names a request may carry in Host")
    trusted_proxies: int = _setting(0, _whole_number(0, 10), "how many X-Forwarded-* hops are believed")
    database_url: str = _setting(
        "sqlite:///instance/twitter_manager.db",
        _text,
        "sqlite:///path; relative paths are relative to the service's folder",
    )
    worker: bool = _setting(True, _switch, "the posting worker inside the web process")
    worker_concurrency: int = _setting(16, _whole_number(1, 256), "posts in flight at once")
    webhook_allowed_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = _setting(
        (), _networks, "networks that webhooks may reach although they are not public"
    )
    log_dir: str | None = _setting(None, _text, "log files, one a day; INSTANCE_DIR/logs")
    log_level: str = _setting("INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), "how much is logged")

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise StartRefused("\n".join(faults))

    @property
    def instance_path(self) -> Path:
        return self.root / (self.instance_dir or "instance")

    @property
    def secrets_path(self) -> Path:
        return self.instance_path / SECRETS_FILE

    @property
    def database_path(self) -> Path:
        """By default in INSTANCE_DIR."""
        if self.database_url == Settings.database_url:
            return self.instance_path / "twitter_manager.db"
        return Path(sqlite_path(self.database_url, base=str(self.root)))

    @property
    def simulator_path(self) -> Path:
        """The X of mock mode."""
        return self.instance_path / "simulator.db"

    @property
    def standalone_simulator_path(self) -> Path:
        """The X of `twitter-manager simulator`: what is done to it does not happen to mock mode."""
        return self.instance_path / "x.db"

    @property
    def log_path(self) -> Path:
        return self.root / self.log_dir if self.log_dir else self.instance_path / "logs"

    @property
    def callback_url(self) -> str:
        return self.twitter_callback_url or f"http://127.0.0.1:{self.port}{CALLBACK_PATH}"

    @property
    def base_url(self) -> str:
        """Where people reach this service, by its callback."""
        return base_url_of(self.callback_url)

    @property
    def mock_by_default(self) -> bool:
        """Whether mock mode is on before anyone switches it."""
        return self.twitter_client_id is None if self.mock_mode is None else self.mock_mode

    @property
    def where(self) -> str:
        """For a person."""
        return f"Instance: {self.instance_path}, database: {self.database_path}"

    def warnings(self) -> list[str]:
        """One line for each thing that is allowed but probably not meant."""
        parts = urlsplit(self.callback_url)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        found = [f"{name} is no setting; {meant} is probably meant" for name, meant in self.misspelt.items()]
        if local and (parts.port or 80) != self.port:
            found.append(f"TWITTER_CALLBACK_URL is local but names another port than PORT ({self.port})")
        if parts.hostname == "localhost":
            found.append("TWITTER_CALLBACK_URL says localhost; X asks for 127.0.0.1")
        return found

    def _faults(self) -> Iterator[str]:
        """One line for each thing that does not go together."""
        if is_postgresql(self.database_url):
            yield "DATABASE_URL: PostgreSQL is not served yet; use sqlite:///path"
        else:
            try:
                sqlite_path(self.database_url, base="")
            except ValueError as error:
                yield f"DATABASE_URL {error}"
        given = [name for name in _OAUTH1 if getattr(self, f"twitter_{name}")]
        if given and len(given) < len(_OAUTH1):
            yield "TWITTER_CONSUMER_KEY, …_SECRET, TWITTER_OAUTH1_TOKEN, …_SECRET: all or none"
        if self.twitter_media_api == "v1.1" and not given:
            yield "TWITTER_MEDIA_API=v1.1 needs the four OAuth 1.0a settings"
        if self.mock_mode is False and not self.twitter_client_id:
            yield "MOCK_MODE=off needs TWITTER_CLIENT_ID"


def base_url_of(callback_url: str) -> str:
    """Its origin, and the path that a proxy shows the service under."""
    parts = urlsplit(callback_url)
    prefix = parts.path.removesuffix(CALLBACK_PATH) if parts.path.endswith(CALLBACK_PATH) else ""
    return f"{parts.scheme}://{parts.netloc}{prefix}"


def folder_of(current: Path) -> Path:
    """The service's folder, for a command called in `current`.

    `current` if it has a .env or an instance; else the clone that this package runs from; else `current`.
    """
    clone = Path(__file__).resolve().parent.parent
    is_clone = all((clone / name).is_file() for name in ("app.py", "pyproject.toml"))
    is_set_up = any((current / name).exists() for name in (".env", "instance"))
    return clone if is_clone and not is_set_up else current


def load(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Raises StartRefused with one line per fault."""
    environment = os.environ if environ is None else environ
    from_file = read_env_file(root / ".env")
    given: dict[str, str] = from_file | {k: v for k, v in environment.items() if v.strip()}
    folder = root / given.get("INSTANCE_DIR", "instance").strip()
    secrets = read_env_file(folder / SECRETS_FILE)
    from_secrets, given = frozenset(secrets.keys() - given.keys()), secrets | given
    values: dict[str, object] = {}
    faults = []
    for each in fields(Settings):
        if "derived" in each.metadata:
            continue
        try:
            values |= _read(each.name, each.metadata, given)
        except ValueError as error:
            faults.append(f"{each.name.upper()} {error}")
    if faults:
        raise StartRefused("\n".join(faults))
    misspelt = _misspelt(environment, from_file.keys() | secrets.keys())
    return Settings(
        root=root,
        from_secrets=from_secrets,
        misspelt=misspelt,
        unused_proxies=tuple(name for name in _PROXIES if name in given),
        **values,  # type: ignore[arg-type]
    )


def _misspelt(environment: Iterable[str], in_files: Iterable[str]) -> dict[str, str]:
    """The environment has other programs' names, too: there only the nearest count."""
    settings = [each for each in fields(Settings) if "derived" not in each.metadata]
    known = [name for each in settings for name in (each.name.upper(), each.metadata["also"]) if name]
    near = nearly_settings(environment, known, nearness=0.9)
    return near | nearly_settings(in_files, known, nearness=0.75)


def _read(name: str, metadata: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
    text = given.get(name.upper()) or given.get(metadata["also"] or "")
    return {} if text is None else {name: metadata["parse"](text.strip())}

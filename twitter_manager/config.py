"""Settings: each once, with its type, default, help and secrecy; from the environment and `.env`, checked at start.

Order: the environment, then `.env` in the service's folder (app.py's, or see folder_of), then `instance/secrets.env`
there (what the first start made).
An empty value counts as not set. NAME_FILE in the environment or `.env` names a file that has the value of NAME.
"""

import ipaddress
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twitter_manager import setting_values
from twitter_manager.database_url import is_postgresql, shown, sqlite_path
from twitter_manager.env_files import nearly_settings, read_env_file, read_value
from twitter_manager.errors import StartRefused

__all__ = ["SECRETS_FILE", "Settings", "base_url_of", "folder_of", "load"]

SECRETS_FILE = "secrets.env"
CALLBACK_PATH = "/auth/callback"
SCOPES = (
    "tweet.read tweet.write users.read media.write like.read like.write bookmark.read bookmark.write offline.access"
)
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")
_OAUTH1 = ("consumer_key", "consumer_secret", "oauth1_token", "oauth1_token_secret")


def _setting(
    default: object,
    parse: Callable[[str], object],
    text: str,
    *,
    secret: bool = False,
    also: str | None = None,
    hidden: bool = False,
) -> Any:
    """`parse` raises ValueError with words that follow the name; `also`: another name that is accepted; `hidden`: it
    may have a secret in it."""
    metadata = {"parse": parse, "help": text, "secret": secret, "hidden": secret or hidden, "also": also}
    return field(default=default, repr=not metadata["hidden"], metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A field `x_y` is the setting X_Y."""

    root: Path = field(default=Path(), metadata={"derived": True})
    from_secrets: frozenset[str] = field(default=frozenset(), metadata={"derived": True})  # only there
    # names that were given and are none, each with the setting that is probably meant
    misspelt: Mapping[str, str] = field(default_factory=dict, metadata={"derived": True})
    unused_proxies: tuple[str, ...] = field(default=(), metadata={"derived": True})  # names that are set

    api_key: str | None = _setting(
        None, setting_values.api_key, "a key for X-API-Key; made on first start", secret=True
    )
    encryption_key: tuple[str, ...] = _setting(
        (), setting_values.fernet_keys, "Fernet key for the tokens; several, comma-separated, newest first", secret=True
    )
    twitter_client_id: str | None = _setting(None, setting_values.text, "the X app's OAuth 2.0 client id")
    twitter_client_secret: str | None = _setting(
        None, setting_values.text, "its client secret; without one it is a public client", secret=True
    )
    twitter_callback_url: str | None = _setting(
        None, setting_values.callback, "must equal a callback registered at X", also="TWITTER_REDIRECT_URI"
    )
    twitter_bearer_token: str | None = _setting(
        None, setting_values.text, "app-only token for trends", secret=True, also="TWITTER_ACCESS_TOKEN"
    )
    twitter_api_url: str = _setting("https://api.x.com", setting_values.origin, "every /2/... call goes here")
    twitter_authorize_url: str = _setting(
        "https://x.com/i/oauth2/authorize", setting_values.url, "where a person connects an account"
    )
    twitter_media_api: str = _setting("v2", setting_values.one_of("v2", "v1.1"), "v1.1 takes the old upload")
    twitter_consumer_key: str | None = _setting(None, setting_values.text, "OAuth 1.0a for the old upload", secret=True)
    twitter_consumer_secret: str | None = _setting(
        None, setting_values.text, "OAuth 1.0a for the old upload", secret=True
    )
    twitter_oauth1_token: str | None = _setting(None, setting_values.text, "OAuth 1.0a for the old upload", secret=True)
    twitter_oauth1_token_secret: str | None = _setting(
        None, setting_values.text, "OAuth 1.0a for the old upload", secret=True
    )
    twitter_upload_url: str = _setting("https://upload.twitter.com", setting_values.url, "only for the old v1.1 upload")
    media_chunk_size: int | None = _setting(
        None,
        setting_values.whole_number(65_536, 5_242_880),
        "bytes per piece of an upload; by default from the file's size",
    )
    media_processing_timeout: int = _setting(
        300, setting_values.whole_number(1, 86_400), "seconds without progress until a video counts as failed"
    )
    twitter_scopes: str = _setting(SCOPES, setting_values.scopes, "what a person is asked to grant")
    mock_mode: bool | None = _setting(
        None, setting_values.switch, "on: a built-in simulated X; by default on without TWITTER_CLIENT_ID"
    )
    host: str = _setting("127.0.0.1", setting_values.text, "address to listen on")
    port: int = _setting(5555, setting_values.whole_number(1, 65_535), "port to listen on")
    instance_dir: str | None = _setting(
        None, setting_values.text, "database, keys, media, logs; instance/ in the service's folder"
    )
    media_dir: str | None = _setting(None, setting_values.text, "media files; INSTANCE_DIR/media")
    allowed_hosts: tuple[str, ...] = _setting((), setting_values.hosts, "further names a request may carry in Host")
    trusted_proxies: int = _setting(0, setting_values.whole_number(0, 10), "how many X-Forwarded-* hops are believed")
    database_url: str = _setting(
        "sqlite:///instance/twitter_manager.db",
        setting_values.text,
        "sqlite:///path, relative to the service's folder; or postgresql://user:password@host:5432/database",
        hidden=True,
    )
    worker: bool = _setting(True, setting_values.switch, "the posting worker inside the web process")
    worker_concurrency: int = _setting(16, setting_values.whole_number(1, 256), "posts in flight at once")
    webhook_allowed_networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = _setting(
        (), setting_values.networks, "networks that webhooks may reach although they are not public"
    )
    backup_dir: str | None = _setting(
        None, setting_values.text, "where copies are put on a clock; without it none are made"
    )
    backup_every: timedelta = _setting(  # noqa: RUF009  - a field like the others
        timedelta(hours=24), setting_values.duration, "how often: 30m, 24h, 7d"
    )
    backup_keep: int = _setting(
        7, setting_values.whole_number(1, 10_000), "how many copies are kept; older ones are deleted"
    )
    log_dir: str | None = _setting(None, setting_values.text, "log files, one a day; INSTANCE_DIR/logs")
    log_level: str = _setting("INFO", setting_values.one_of("DEBUG", "INFO", "WARNING", "ERROR"), "how much is logged")

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
    def database_path(self) -> Path | None:
        """SQLite's file, by default in INSTANCE_DIR; None: the database is PostgreSQL's."""
        if is_postgresql(self.database_url):
            return None
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
    def backup_path(self) -> Path | None:
        return self.root / self.backup_dir if self.backup_dir else None

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
        return f"Instance: {self.instance_path}, database: {self.database_path or shown(self.database_url)}"

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
        if not is_postgresql(self.database_url):
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
    given |= _from_named_files(root, given)
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
    known = list(_names())
    near = nearly_settings(_unnamed(environment), known, nearness=0.9)
    return near | nearly_settings(_unnamed(in_files), known, nearness=0.75)


def _names() -> Iterator[str]:
    """Every name of every setting."""
    for each in fields(Settings):
        if "derived" not in each.metadata:
            yield from (name for name in (each.name.upper(), each.metadata["also"]) if name)


def _unnamed(names: Iterable[str]) -> set[str]:
    """Without those that name a setting's file."""
    return set(names) - {f"{name}_FILE" for name in _names()}


def _from_named_files(root: Path, given: Mapping[str, str]) -> dict[str, str]:
    """What the files hold that are named by NAME_FILE, as containers hand secrets over. Raises StartRefused."""
    named = {name: given[f"{name}_FILE"].strip() for name in _names() if f"{name}_FILE" in given}
    found, faults = {}, []
    for name, path in named.items():
        try:
            if name in given:
                raise ValueError(f"and {name} are both set; keep one of them")
            found[name] = read_value(root / path)
        except ValueError as error:
            faults.append(f"{name}_FILE {error}")
    if faults:
        raise StartRefused("\n".join(faults))
    return found


def _read(name: str, metadata: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
    text = given.get(name.upper()) or given.get(metadata["also"] or "")
    return {} if text is None else {name: metadata["parse"](text.strip())}

"""Settings: where they come from, what each takes, and one line naming each fault."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from twitter_manager import config
from twitter_manager.config import Settings
from twitter_manager.errors import StartRefused

KEY, OLD_KEY = "A" * 43 + "=", "B" * 42 + "A="
SCOPES = "tweet.read tweet.write users.read offline.access"
OAUTH1 = {
    "TWITTER_CONSUMER_KEY": "a",
    "TWITTER_CONSUMER_SECRET": "b",
    "TWITTER_OAUTH1_TOKEN": "c",
    "TWITTER_OAUTH1_TOKEN_SECRET": "d",
}
Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Settings for an empty folder and just this environment."""
    return lambda **environment: config.load(tmp_path, environment)


def faults(load: Load, **environment: str) -> list[str]:
    with pytest.raises(StartRefused) as refused:
        load(**environment)
    return str(refused.value).splitlines()


def test_with_nothing_set(load: Load, tmp_path: Path) -> None:
    settings = load()
    assert (settings.host, settings.port, settings.worker, settings.worker_concurrency) == ("127.0.0.1", 5555, True, 16)
    assert settings.callback_url == "http://127.0.0.1:5555/auth/callback"
    assert (settings.twitter_api_url, settings.twitter_authorize_url) == (
        "https://api.x.com",
        "https://x.com/i/oauth2/authorize",
    )
    assert settings.twitter_scopes.split() == [
        *("tweet.read", "tweet.write", "users.read", "media.write", "like.read", "like.write"),
        *("bookmark.read", "bookmark.write", "offline.access"),
    ]
    assert (settings.twitter_upload_url, settings.twitter_media_api) == ("https://upload.twitter.com", "v2")
    assert (settings.media_processing_timeout, settings.trusted_proxies, settings.log_level) == (300, 0, "INFO")
    assert settings.mock_by_default
    instance = tmp_path / "instance"
    assert (settings.instance_path, settings.secrets_path) == (instance, instance / "secrets.env")
    assert (settings.database_path, settings.log_path) == (instance / "twitter_manager.db", instance / "logs")
    assert settings.simulator_path == instance / "simulator.db"
    assert settings.warnings() == []


class TestWhereFrom:
    def test_the_environment_then_env_then_secrets(self, tmp_path: Path) -> None:
        (tmp_path / "instance").mkdir()
        (tmp_path / "instance" / "secrets.env").write_text(
            f"API_KEY={'s' * 20}\nENCRYPTION_KEY={KEY}\nPORT=1\nHOST=s\n"
        )
        (tmp_path / ".env").write_text(f"API_KEY={'e' * 20}\nPORT=2\n")
        settings = config.load(tmp_path, {"PORT": "3"})
        assert (settings.port, settings.api_key, settings.host) == (3, "e" * 20, "s")
        assert settings.encryption_key == (KEY,)

    @pytest.mark.parametrize("empty", ["", "   "])
    def test_empty_is_not_set(self, tmp_path: Path, empty: str) -> None:
        (tmp_path / ".env").write_text("PORT=2\nHOST=\n")
        settings = config.load(tmp_path, {"PORT": empty})
        assert (settings.port, settings.host) == (2, "127.0.0.1")

    def test_secrets_lie_in_the_instance_folder(self, tmp_path: Path) -> None:
        folder = tmp_path / "my data"
        folder.mkdir()
        (folder / "secrets.env").write_text(f"API_KEY={'s' * 20}\n")
        settings = config.load(tmp_path, {"INSTANCE_DIR": " my data "})
        assert settings.api_key == "s" * 20
        assert settings.secrets_path == folder / "secrets.env"

    def test_an_absolute_instance_folder_takes_the_database_along(self, tmp_path: Path) -> None:
        settings = config.load(Path("/srv/app"), {"INSTANCE_DIR": str(tmp_path)})
        assert settings.database_path == tmp_path / "twitter_manager.db"

    def test_values_are_taken_as_they_stand(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("# a comment\nTWITTER_CLIENT_SECRET='pa$HOME ${X} #1'\nexport PORT=2\n")
        settings = config.load(tmp_path, {})
        assert (settings.twitter_client_secret, settings.port) == ("pa$HOME ${X} #1", 2)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_a_file_of_windows(self, tmp_path: Path, encoding: str) -> None:
        (tmp_path / ".env").write_bytes("PORT=2\r\nINSTANCE_DIR=Größe\r\n".encode(encoding))
        settings = config.load(tmp_path, {})
        assert (settings.port, settings.instance_dir) == (2, "Größe")

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes("PORT=2\n".encode("utf-16"))
        with pytest.raises(StartRefused, match=r"^\.env cannot be read") as refused:
            config.load(tmp_path, {})
        assert len(str(refused.value).splitlines()) == 1

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("\n\nTWITTER_CLIENT_ID: abc\nPORT=1\n", [3]),
            ("# a comment\n\nPORT 7899\nHOST\n", [3, 4]),
            ("PORT=1\nTWITTER_CLIENT_SECRET='it is\nHOST=::1\n", [2]),
            ("TWITTER_CLIENT_SECRET='a' b\n", [1]),
        ],
    )
    @pytest.mark.parametrize("name", [".env", "instance/secrets.env"])
    def test_a_line_that_cannot_be_read_is_named(self, tmp_path: Path, text: str, lines: list[int], name: str) -> None:
        (tmp_path / "instance").mkdir()
        (tmp_path / name).write_text(text)
        with pytest.raises(StartRefused) as refused:
            config.load(tmp_path, {})
        told = str(refused.value).splitlines()
        assert [line.split(" is not ")[0] for line in told] == [f"{Path(name).name} line {line}" for line in lines]
        assert not any(word in str(refused.value) for word in ("abc", "7899", "it is"))

    def test_a_name_that_is_nearly_a_setting_is_warned_of(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(
            "MOCK_MOD=on\nPROT=80\nTWITTER_REDIRECT_URL=http://127.0.0.1:5555/cb\nPORTER=1\n"
        )
        environment = {"TWITTER_CLIENTID": "x", "APP_KEY": "y", "LOGNAME": "z", "PROT": "1", "HOSTNAME": "h"}
        settings = config.load(tmp_path, environment)
        assert dict(settings.misspelt) == {
            "MOCK_MOD": "MOCK_MODE",
            "PROT": "PORT",
            "PORTER": "PORT",
            "TWITTER_CLIENTID": "TWITTER_CLIENT_ID",
            "TWITTER_REDIRECT_URL": "TWITTER_REDIRECT_URI",
        }
        assert "MOCK_MOD is no setting; MOCK_MODE is probably meant" in settings.warnings()

    def test_other_peoples_settings_do_not_matter(self, load: Load) -> None:
        assert load(PATH="/bin", API="x", ROOT="/elsewhere").root != Path("/elsewhere")

    def test_second_names(self, load: Load) -> None:
        settings = load(TWITTER_REDIRECT_URI="http://127.0.0.1:5555/cb", TWITTER_ACCESS_TOKEN="bearer")
        assert (settings.callback_url, settings.twitter_bearer_token) == ("http://127.0.0.1:5555/cb", "bearer")
        both = load(TWITTER_REDIRECT_URI="http://127.0.0.1/old", TWITTER_CALLBACK_URL="http://127.0.0.1/new")
        assert both.callback_url == "http://127.0.0.1/new"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PORT", "65535", 65_535),
        ("PORT", " 80 ", 80),
        ("MOCK_MODE", "On", True),
        ("MOCK_MODE", "TRUE", True),
        ("WORKER", "off", False),
        ("WORKER", "0", False),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("TWITTER_API_URL", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("ALLOWED_HOSTS", "A.example, b.example ,", ("a.example", "b.example")),
        ("ALLOWED_HOSTS", "a:8443,[FE80::1]:80,fe80::1,192.168.1.20", ("a", "fe80::1", "fe80::1", "192.168.1.20")),
        ("ENCRYPTION_KEY", f"{KEY}, {OLD_KEY}", (KEY, OLD_KEY)),
        ("TWITTER_SCOPES", SCOPES.replace(" ", "  "), SCOPES),
        ("API_KEY", "k" * 16, "k" * 16),
        ("MEDIA_CHUNK_SIZE", "65536", 65_536),
    ],
)
def test_what_is_taken(load: Load, name: str, text: str, value: object) -> None:
    assert getattr(load(**{name: text}), name.lower()) == value


BAD = [
    ("API_KEY", "k" * 15),
    ("API_KEY", "k" * 16 + "\n\0"),
    ("ENCRYPTION_KEY", "short"),
    ("ENCRYPTION_KEY", f"{KEY},"),
    ("ENCRYPTION_KEY", f"{KEY},nonsense"),
    ("TWITTER_CLIENT_ID", "a\x07b"),
    ("TWITTER_CALLBACK_URL", "localhost:5555/cb"),
    ("TWITTER_CALLBACK_URL", "http://127.0.0.1/cb#part"),
    ("TWITTER_CALLBACK_URL", "http://[::1/cb"),
    ("TWITTER_API_URL", "api.x.com"),
    ("TWITTER_API_URL", "ftp://api.x.com"),
    ("TWITTER_API_URL", "https://"),
    ("TWITTER_API_URL", "https://api.x.com/2"),
    ("TWITTER_API_URL", "https://api.x.com/2/"),
    ("TWITTER_API_URL", "https://api.x.com?a=1"),
    ("TWITTER_API_URL", "https://api.x.com:port"),
    ("TWITTER_API_URL", "https://api.x.com:99999"),
    ("TWITTER_API_URL", "https://api .x.com"),
    ("TWITTER_AUTHORIZE_URL", "x"),
    ("TWITTER_UPLOAD_URL", "x"),
    ("TWITTER_MEDIA_API", "v3"),
    ("TWITTER_SCOPES", "tweet.read"),
    ("TWITTER_SCOPES", "tweet.read,tweet.write,users.read,offline.access"),
    ("MEDIA_CHUNK_SIZE", "1"),
    ("MEDIA_PROCESSING_TIMEOUT", "0"),
    ("MOCK_MODE", "maybe"),
    ("HOST", "a\udcffb"),
    ("PORT", "http"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "1e3"),
    ("PORT", "٣٣"),
    ("TRUSTED_PROXIES", "11"),
    *(("ALLOWED_HOSTS", text) for text in ("https://a.example", "a/b", "*", "a b", "[::1", "ä.example", "u@a", "a,?")),
    ("WORKER", "2"),
    ("WORKER_CONCURRENCY", "0"),
    ("WORKER_CONCURRENCY", "257"),
    ("LOG_LEVEL", "LOUD"),
    ("DATABASE_URL", "mysql://x"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:///"),
]


@pytest.mark.parametrize(("name", "text"), BAD, ids=lambda value: repr(value)[:40])
def test_a_fault_is_one_line_that_names_the_setting(load: Load, name: str, text: str) -> None:
    (line,) = faults(load, **{name: text})
    assert line.startswith(name)


@pytest.mark.parametrize("name", ["TWITTER_API_URL", "TWITTER_CALLBACK_URL"])
@pytest.mark.parametrize("url", ["http://a:b", "http://[::1", "http://a:99999", "http://[a]/x"])
def test_a_url_that_cannot_be_read_is_refused_in_our_words(load: Load, name: str, url: str) -> None:
    assert faults(load, **{name: url}) == [f"{name} is no http(s) URL"]


def test_several_faults_are_several_lines(load: Load) -> None:
    lines = faults(load, PORT="x", API_KEY="short", MOCK_MODE="maybe")
    assert [line.split(" ")[0] for line in lines] == ["API_KEY", "MOCK_MODE", "PORT"]


@pytest.mark.parametrize("name", ["API_KEY", "ENCRYPTION_KEY", "TWITTER_CLIENT_SECRET", "TWITTER_BEARER_TOKEN"])
def test_a_secret_is_not_in_its_fault_or_in_a_repr(load: Load, name: str) -> None:
    (line,) = faults(load, **{name: "hushhush\x07"})
    assert "hushhush" not in line
    good = {"API_KEY": "hushhush" * 4, "ENCRYPTION_KEY": KEY}.get(name, "hushhush")
    assert good not in repr(load(**{name: good}))


class TestWhatGoesTogether:
    def test_mock_mode_off_needs_a_client(self, load: Load) -> None:
        assert faults(load, MOCK_MODE="off") == ["MOCK_MODE=off needs TWITTER_CLIENT_ID"]
        assert not load(MOCK_MODE="off", TWITTER_CLIENT_ID="c").mock_by_default
        assert not load(TWITTER_CLIENT_ID="c").mock_by_default
        assert load(TWITTER_CLIENT_ID="c", MOCK_MODE="on").mock_by_default

    @pytest.mark.parametrize("missing", OAUTH1)
    def test_oauth1_all_or_none(self, load: Load, missing: str) -> None:
        (line,) = faults(load, **{name: value for name, value in OAUTH1.items() if name != missing})
        assert "all or none" in line
        assert load(**OAUTH1).twitter_consumer_key == "a"

    def test_the_old_upload_needs_it(self, load: Load) -> None:
        (line,) = faults(load, TWITTER_MEDIA_API="v1.1")
        assert line.startswith("TWITTER_MEDIA_API")
        assert load(TWITTER_MEDIA_API="V1.1", **OAUTH1).twitter_media_api == "v1.1"

    def test_each_has_its_line(self, load: Load) -> None:
        lines = faults(load, MOCK_MODE="off", TWITTER_MEDIA_API="v1.1", DATABASE_URL="sqlite:///")
        assert [line[:9] for line in lines] == ["DATABASE_", "TWITTER_M", "MOCK_MODE"]

    @pytest.mark.parametrize(
        ("callback", "warned"),
        [
            ("http://127.0.0.1:5555/cb", 0),
            ("http://127.0.0.1:6000/cb", 1),
            ("http://127.0.0.1/cb", 1),
            ("http://localhost:5555/cb", 1),
            ("http://localhost:6000/cb", 2),
            ("https://example.com/cb", 0),
        ],
    )
    def test_warnings(self, load: Load, callback: str, warned: int) -> None:
        assert len(load(TWITTER_CALLBACK_URL=callback).warnings()) == warned


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/x.db", "{root}/data/x.db"),
        ("sqlite:////var/x.db", "/var/x.db"),
        ("my data/ä.db", "{root}/my data/ä.db"),
    ],
)
def test_the_database_lies_beside_app_py(load: Load, tmp_path: Path, url: str, path: str) -> None:
    assert load(DATABASE_URL=url).database_path == Path(path.format(root=tmp_path))


def test_every_setting_says_what_it_is() -> None:
    settings: list[Any] = [each for each in fields(Settings) if "derived" not in each.metadata]
    assert len(settings) > 25
    for each in settings:
        assert each.metadata["help"]
        assert each.repr != each.metadata["hidden"]

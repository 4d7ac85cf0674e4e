"""DATABASE_URL, as a table: what each spelling means, on every system."""

import pytest

from twitter_manager.database_url import is_postgresql, sqlite_path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data.db", "/srv/app/data.db"),
        ("sqlite:///instance/data.db", "/srv/app/instance/data.db"),
        ("sqlite:////var/lib/data.db", "/var/lib/data.db"),
        (r"sqlite:///C:\Users\Jörg Müller\data.db", r"C:\Users\Jörg Müller\data.db"),
        ("sqlite:///C:/Users/me/data.db", "C:/Users/me/data.db"),
        ("sqlite:///c:/data.db", "c:/data.db"),
        (r"sqlite:///\\server\share\data.db", r"\\server\share\data.db"),
        ("C:/data/x.db", "C:/data/x.db"),
        (r"C:\data\x.db", r"C:\data\x.db"),
        ("/data/x.db", "/data/x.db"),
        ("data/x.db", "/srv/app/data/x.db"),
        ("sqlite:///my data/ä ö 北京 🐦.db", "/srv/app/my data/ä ö 北京 🐦.db"),
        ("sqlite:////my%20data/x.db", "/my%20data/x.db"),
        ("sqlite:///a?b#c.db", "/srv/app/a?b#c.db"),
    ],
)
def test_paths(url: str, path: str) -> None:
    assert sqlite_path(url, base="/srv/app") == path


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://host/db", "neither"),
        ("sqlite://data.db", "neither"),
        ("sqlite:data.db", "neither"),
        ("SQLITE:///data.db", "neither"),
        ("http://example.com/x.db", "neither"),
        ("postgres:user:password@host/db", "neither"),
        ("postgresql:db", "neither"),
        ("sqlite:///", "names no file"),
        ("sqlite:///   ", "names no file"),
        ("sqlite:///folder/", "names no file"),
        ("sqlite:///folder\\", "names no file"),
        ("", "names no file"),
        ("sqlite:///:memory:", "memory"),
        (":memory:", "memory"),
        ("sqlite:///a\0b.db", "no path can have"),
    ],
)
def test_refused_in_a_sentence(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        sqlite_path(url, base="/srv/app")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://h/d", True),
        ("postgres://h/d", True),
        ("sqlite:///postgresql.db", False),
        ("postgresql.db", False),
    ],
)
def test_postgresql(url: str, expected: bool) -> None:
    assert is_postgresql(url) == expected

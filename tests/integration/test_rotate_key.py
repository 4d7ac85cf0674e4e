"""`rotate-key`: another encryption key while the service runs, without losing a secret."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import run
from tests.support import databases
from tests.support.clock import Clock
from tests.support.service import Service
from twitter_manager import config
from twitter_manager.crypto import Vault, new_encryption_key
from twitter_manager.factory import create_app
from twitter_manager.services import Services, build, prepare, secrets_file
from twitter_manager.storage import secrets, service_state


def another(service: Service) -> Services:
    """The services of a command that is called now, in the same folder."""
    root = service.services.settings.root
    return build(config.load(root, databases.settings_of(root)), clock=service.clock)


def rotate(service: Service, *words: str) -> tuple[int, str, str]:
    services = another(service)
    result = create_app(services=services).test_cli_runner().invoke(args=["rotate-key", *words])
    services.close()
    return result.exit_code, result.stdout, result.stderr


def keys_of(service: Service) -> tuple[str, ...]:
    root = service.services.settings.root
    return config.load(root, databases.settings_of(root)).encryption_key


def readable_with(service: Service, key: str) -> list[bool]:
    return [Vault([key]).position(secret.text) == 0 for secret in secrets.list_all(service.services.db)]


@pytest.fixture
def busy(service: Service, alice: int) -> Service:
    """With every kind of secret."""
    service.connect("bob")
    service.begin()
    service.client.post("/api/v1/webhooks", json={"url": "https://example.com/hook", "events": ["tweet.posted"]})
    service.client.post(
        "/api/v1/tweet", json={"account_id": alice, "text": "once"}, headers={"Idempotency-Key": "a-key-of-a-caller"}
    )
    return service


def test_every_secret_is_under_the_new_key_and_the_old_one_can_go(busy: Service, alice: int) -> None:
    kinds = {secret.kind for secret in secrets.list_all(busy.services.db)}
    assert kinds == set(secrets._PLACES)
    code, out, _ = rotate(busy)
    assert code == 0
    new, old = keys_of(busy)
    assert new not in out
    assert all(readable_with(busy, new))
    assert not any(readable_with(busy, old))
    assert "The older key can go" in out
    # the running service never stood still: it reads old and new, and encrypts with the new one
    busy.connect("carol")
    assert all(readable_with(busy, new))
    replayed = busy.client.post(
        "/api/v1/tweet", json={"account_id": alice, "text": "once"}, headers={"Idempotency-Key": "a-key-of-a-caller"}
    )
    assert replayed.headers["Idempotent-Replayed"] == "true"
    tweet = busy.tweet(alice, "after it")
    busy.beat()
    busy.services.publishing.post_now(tweet)
    busy.run_due()
    assert busy.row(tweet)["status"] == "posted"


def test_check_says_what_is_under_which_key_and_changes_nothing(busy: Service) -> None:
    before = keys_of(busy)
    code, out, _ = rotate(busy, "--check")
    assert (code, keys_of(busy)) == (0, before)
    assert f"{len(list(secrets.list_all(busy.services.db)))} secrets" in out
    assert "nothing is to be removed" in out


@pytest.mark.parametrize("rows", range(0, 9, 2))
def test_interrupted_anywhere_it_is_called_again(busy: Service, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    class Killed(BaseException):
        pass

    replace, left = secrets.replace, iter(range(rows))

    def until_killed(*words: object) -> bool:
        if next(left, None) is None:
            raise Killed
        return replace(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(secrets, "replace", until_killed)
    monkeypatch.setattr("twitter_manager.services.encryption._ROWS", 1)
    services = another(busy)
    with pytest.raises(Killed):
        services.key_rotation.rotate()
    services.close()
    monkeypatch.undo()
    new, old = keys_of(busy)
    assert sum(readable_with(busy, new)) == rows
    code, out, _ = rotate(busy, "--check")
    assert code == 1
    assert "Call rotate-key" in out
    assert rotate(busy)[0] == 0
    assert keys_of(busy) == (new, old), "no third key"
    root = busy.services.settings.root
    assert prepare(config.load(root, databases.settings_of(root))).settings.encryption_key == (new, old), "it starts"
    assert all(readable_with(busy, new))


def test_of_two_at_once_neither_loses_the_other_ones_key(busy: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    write, both = secrets_file.write, threading.Barrier(2)

    def late(*words: Any) -> None:
        with suppress(threading.BrokenBarrierError):  # the other one is kept out
            both.wait(0.5)
        write(*words)

    monkeypatch.setattr(secrets_file, "write", late)
    commands = [another(busy) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda services: services.key_rotation.rotate(), commands))
    for services in commands:
        services.close()
    found = busy.services.key_rotation.check()
    assert (found.unreadable, found.keys) == (0, keys_of(busy))


def test_a_service_that_was_idle_meanwhile_takes_the_new_key_though_the_old_one_is_out(
    busy: Service, alice: int
) -> None:
    assert rotate(busy)[0] == 0
    new = keys_of(busy)[0]
    secrets_file.write(busy.services.settings.secrets_path, {"ENCRYPTION_KEY": new})
    answer = busy.client.post(f"/api/v1/accounts/{alice}/refresh")
    assert answer.status_code == 200, answer.text
    busy.connect("carol")
    assert all(readable_with(busy, new))


def test_a_token_that_is_renewed_meanwhile_is_never_overwritten(busy: Service, alice: int) -> None:
    found = [each for each in secrets.list_all(busy.services.db) if each.kind == "access token"]
    assert busy.client.post(f"/api/v1/accounts/{alice}/refresh").status_code == 200
    fresh = [each for each in secrets.list_all(busy.services.db) if each.kind == "access token"]
    with busy.services.db.transaction() as tx:
        changed = [secrets.replace(tx, each, "the older token") for each in found]
    assert changed == [False, True], "bob's was not renewed"
    assert fresh[0] in secrets.list_all(busy.services.db)


def test_it_rotates_while_others_write(busy: Service) -> None:
    ends, failed = threading.Event(), list[BaseException]()

    def connect(name: str) -> None:
        number = 0
        try:
            while not ends.is_set():
                busy.connect(f"{name}{number}")
                number += 1
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=connect, args=(name,)) for name in ("dora", "emil", "fritz", "gina")]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            assert rotate(busy)[0] in (0, 1)
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert failed == []
    rotate(busy)
    found = another(busy).key_rotation.check()
    assert found.unreadable == 0
    assert found.is_done
    assert len(found.keys) == 3


def test_a_key_of_the_settings_is_changed_there(tmp_path: Path, clock: Clock) -> None:
    old, new = new_encryption_key(), new_encryption_key()
    services = build(prepare(config.load(tmp_path, {"ENCRYPTION_KEY": old})).settings, clock=clock)
    result = create_app(services=services).test_cli_runner().invoke(args=["rotate-key"])
    services.close()
    assert result.exit_code == 0
    assert "ENCRYPTION_KEY=OLD,NEW" in result.stdout
    assert old not in result.stdout
    services = build(config.load(tmp_path, {"ENCRYPTION_KEY": f"{new},{old}"}), clock=clock)
    assert services.key_rotation.rotate().under == (1, 0)
    services.close()


def test_where_the_service_has_its_key_from_elsewhere_the_file_is_left_alone(busy: Service) -> None:
    with busy.services.db.transaction() as tx:
        service_state.put(tx, "encryption_key_source", "settings")
    before = keys_of(busy)
    code, _, err = rotate(busy)
    assert (code, keys_of(busy)) == (1, before)
    assert "from its own settings" in err


def test_a_key_that_does_not_fit_is_refused(busy: Service) -> None:
    path = busy.services.settings.secrets_path
    path.write_text(path.read_text().replace(keys_of(busy)[0], new_encryption_key()))
    before = keys_of(busy)
    code, _, err = rotate(busy)
    assert (code, keys_of(busy)) == (1, before)
    assert "is not the one" in err
    assert busy.connect("dora"), "the running service keeps the keys it has"


def test_the_command_is_listed(service: Service) -> None:
    assert run(service, "rotate-key", "--help")[0] == 0

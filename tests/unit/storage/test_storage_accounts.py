"""Accounts, keys, states, rests, workers and attempts: compare-and-set says whether it did."""

import pytest

from tests.support.clock import START, Clock
from tests.support.factories import at, new_account, new_posting_tweet, new_tweet
from twitter_manager.errors import NotFound
from twitter_manager.models import Account
from twitter_manager.storage import (
    account_tokens,
    accounts,
    api_keys,
    app_rests,
    attempt_outcomes,
    attempts,
    oauth_states,
    service_state,
    workers,
)
from twitter_manager.storage.database import Transaction
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.timestamps import earlier


class TestConnecting:
    def test_the_same_x_user_is_the_same_account_made_well_again(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            account_tokens.claim_refresh(tx, account_id, version=1, lease="l", until=at(60))
            account_tokens.mark_unauthorized(tx, account_id)
            accounts.change_status(tx, account_id, "failed", "token_refused")
            again = new_account(tx, 1)
        assert again.id == account_id
        assert (again.status, again.error_code, again.token_version) == ("active", None, 2)
        assert (again.refresh_lease, again.refresh_sent_at, again.unauthorized_streak) == (None, None, 0)

    def test_the_same_x_user_in_the_other_environment_is_another(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            assert new_account(tx, 1, mock=False).id != account_id
        assert accounts.count_by_status(db) == {"active": 2}

    def test_pages_hold_each_account_once_oldest_first(self, db: SqliteDatabase) -> None:
        with db.transaction() as tx:
            made = [new_account(tx, number).id for number in range(1, 6)]
        pages = [[each.id for each in accounts.list_page(db, limit=2, offset=first)] for first in (0, 2, 4, 6)]
        assert pages == [made[:2], made[2:4], made[4:], []]
        assert accounts.count(db) == 5

    @pytest.mark.parametrize(
        ("held_by_mock", "comes_as_mock", "renamed"),
        [(True, True, True), (False, False, True), (True, False, True), (False, True, False)],
    )
    def test_a_handle_goes_to_who_has_it_now(
        self, db: SqliteDatabase, held_by_mock: bool, comes_as_mock: bool, renamed: bool
    ) -> None:
        with db.transaction() as tx:
            old = new_account(tx, 5, mock=held_by_mock)
            accounts.rename_namesakes(tx, x_user_id="77", username="USER5", mock=comes_as_mock)
            assert accounts.get(tx, old.id).username == ("user5~1005" if renamed else "user5")
            accounts.rename_namesakes(tx, x_user_id="1005", username=accounts.get(tx, old.id).username, mock=True)

    def test_one_keeps_ones_own_name(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            accounts.rename_namesakes(tx, x_user_id="1001", username="user1", mock=True)
        assert accounts.get(db, account_id).username == "user1"

    def test_nobody(self, db: SqliteDatabase) -> None:
        assert accounts.find(db, 9) is None
        with pytest.raises(NotFound) as error:
            accounts.get(db, 9)
        assert error.value.code == "account_not_found"


class TestRenewal:
    def store(self, tx: Transaction, account: Account, version: int) -> bool:
        return account_tokens.store(
            tx,
            account.id,
            version=version,
            access_token="new access",
            refresh_token="new refresh",
            scopes="tweet.read",
            token_expires_at=at(7200),
        )

    def test_one_at_a_time_and_the_intent_is_kept(self, db: SqliteDatabase, account_id: int, clock: Clock) -> None:
        def claim(lease: str) -> bool:
            with db.transaction() as tx:
                return account_tokens.claim_refresh(tx, account_id, version=1, lease=lease, until=at(60))

        assert [claim("first"), claim("second")] == [True, False]
        clock.forward(59.999)
        assert claim("third") is False
        clock.forward(0.001)
        assert claim("fourth") is True
        account = accounts.get(db, account_id)
        assert (account.refresh_lease, account.refresh_sent_at) == ("fourth", at(0))

    def test_a_new_pair_ends_it(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            account = accounts.get(tx, account_id)
            assert not account_tokens.claim_refresh(tx, account_id, version=2, lease="stale", until=at(60))
            assert account_tokens.claim_refresh(tx, account_id, version=1, lease="l", until=at(60))
            assert self.store(tx, account, 1)
            assert not self.store(tx, account, 1)
            after = accounts.get(tx, account_id)
        assert (after.access_token, after.refresh_token, after.token_version) == ("new access", "new refresh", 2)
        assert (after.refresh_lease, after.refresh_sent_at, after.refresh_failures) == (None, None, 0)

    @pytest.mark.parametrize(("certainly_not_renewed", "sent_at"), [(True, None), (False, START)])
    def test_giving_up(self, db: SqliteDatabase, account_id: int, certainly_not_renewed: bool, sent_at: object) -> None:
        with db.transaction() as tx:
            account_tokens.claim_refresh(tx, account_id, version=1, lease="l", until=at(60))
            for lease in ("somebody else's", "l"):
                account_tokens.give_up_refresh(tx, account_id, lease=lease, certainly_not_renewed=certainly_not_renewed)
            after = accounts.get(tx, account_id)
        assert (after.refresh_lease, after.refresh_sent_at, after.refresh_failures) == (None, sent_at, 1)

    def test_only_the_token_that_was_refused_expires(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            account_tokens.expire(tx, account_id, version=2)
            assert accounts.get(tx, account_id).token_expires_at == at(7200)
            account_tokens.expire(tx, account_id, version=1)
            assert accounts.get(tx, account_id).token_expires_at == at(0)

    def test_a_streak_of_401s(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            account_tokens.mark_unauthorized(tx, account_id)
            account_tokens.mark_unauthorized(tx, account_id)
            assert accounts.get(tx, account_id).unauthorized_streak == 2
            account_tokens.reset_unauthorized(tx, account_id)
            assert accounts.get(tx, account_id).unauthorized_streak == 0

    def test_secrets_are_not_in_a_repr(self, db: SqliteDatabase, account_id: int) -> None:
        assert "encrypted" not in repr(accounts.get(db, account_id))


class TestKeys:
    def test_only_active_ones_are_found(self, db: SqliteDatabase) -> None:
        with db.transaction() as tx:
            key = api_keys.insert(tx, key_hash="a" * 64, name="mine", source="command")
            assert api_keys.find_active_by_hash(tx, "a" * 64) == api_keys.find_active(tx, key.id, now=tx.now) == key
            assert [api_keys.revoke(tx, key.id), api_keys.revoke(tx, key.id)] == [True, False]
            assert api_keys.find_active_by_hash(tx, "a" * 64) is api_keys.find_active(tx, key.id, now=tx.now) is None
            assert [each.is_active for each in api_keys.list_all(tx)] == [False]
        assert "a" * 64 not in repr(key)

    def test_a_new_setting_retires_the_old_ones_only(self, db: SqliteDatabase) -> None:
        with db.transaction() as tx:
            for letter, source in (("a", "setting"), ("b", "setting"), ("c", "command")):
                api_keys.insert(tx, key_hash=letter * 64, name="", source=source)
            assert api_keys.retire_settings(tx, but="b" * 64) == 1
            assert [each.is_active for each in api_keys.list_all(tx)] == [False, True, True]
            assert api_keys.insert(tx, key_hash="a" * 64, name="", source="setting").is_active


def test_a_state_serves_once(db: SqliteDatabase, account_id: int, clock: Clock) -> None:
    def begin(letter: str) -> None:
        with db.transaction() as tx:
            oauth_states.insert(
                tx,
                state=letter * 43,
                code_verifier="encrypted",
                redirect_uri="http://127.0.0.1/cb",
                mock=True,
                api_key_id=None,
                account_id=account_id,
            )

    begin("a")
    clock.forward(1)
    begin("b")
    with db.transaction() as tx:
        assert oauth_states.delete_older_than(tx, at(1), limit=10) == 1
        assert oauth_states.consume(tx, "a" * 43, code_hash=None) is None
        spent = oauth_states.consume(tx, "b" * 43, code_hash="c" * 64)
        assert spent is not None
        assert (spent.account_id, spent.created_at, spent.mock) == (account_id, at(1), True)
        assert oauth_states.consume(tx, "b" * 43, code_hash="d" * 64) is None
        oauth_states.record_connected(tx, "b" * 43, account_id)
    used = oauth_states.find(db, "b" * 43)
    assert used is not None
    assert (used.used_at, used.code_hash, used.connected_account_id) == (at(1), "c" * 64, account_id)
    with db.transaction() as tx:
        oauth_states.delete(tx, "b" * 43)
    assert oauth_states.find(db, "b" * 43) is None
    assert "encrypted" not in repr(spent)


def test_a_rest_of_the_app_counts_its_probes(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        for probe_at in (60, 120):
            app_rests.put(tx, mock=True, code="usage_capped", probe_at=at(probe_at), twitter_error="{}")
        rest = app_rests.find(tx, mock=True)
        assert rest is not None
        assert (rest.probes, rest.probe_at, rest.since, rest.mock) == (1, at(120), at(0), True)
        assert app_rests.find(tx, mock=False) is None
        assert not app_rests.claim_probe(tx, mock=True, until=at(999))
        assert app_rests.list_all(tx) == [rest]
        assert [app_rests.delete(tx, mock=True), app_rests.delete(tx, mock=True)] == [True, False]


def test_workers(db: SqliteDatabase, clock: Clock) -> None:
    with db.transaction() as tx:
        workers.beat(tx, worker_id="a", host="here")
        workers.beat(tx, worker_id="b", host="here")
        workers.beat(tx, worker_id="c", host="there")
    clock.forward(10)
    with db.transaction() as tx:
        workers.beat(tx, worker_id="a", host="here")
        other, _ = workers.list_others(tx, but="b")
        assert (other.id, other.started_at, other.seen_at) == ("a", at(0), at(10))
        assert workers.delete_unseen_since(tx, at(0)) == 0
        workers.delete(tx, "a")
    assert [workers.any_seen_since(db, at(0)), workers.any_seen_since(db, at(1))] == [True, False]
    with db.transaction() as tx:
        assert workers.delete_unseen_since(tx, at(1)) == 2


def test_facts_about_the_service(db: SqliteDatabase) -> None:
    with db.transaction() as tx:
        assert service_state.mock_mode(tx)
        service_state.set_mock_mode(tx, False)
        assert not service_state.mock_mode(tx)
        service_state.put(tx, service_state.CANARY, "old")
        service_state.put(tx, service_state.CANARY, "new")
    assert service_state.find(db, service_state.CANARY) == "new"
    assert service_state.find(db, "nothing") is None


class TestAttempts:
    def test_what_is_certain_is_not_closed_again(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet, attempt = new_posting_tweet(tx, account_id)
            assert attempts.find_unsettled(tx, tweet.id) == attempt
            assert attempts.list_open_of_account(tx, account_id) == [attempt]
            assert attempts.close(tx, attempt.id, outcome="unclear", over_at=at(5), http_status=503)
            assert attempts.record_absence(tx, attempt.id) == 1
            assert attempts.close(tx, attempt.id, outcome="unclear", over_at=at(7))
            assert (
                attempts.record_absence(tx, attempt.id) == 1
            )  # a late end makes the looks before it count for nothing
            assert attempts.close(tx, attempt.id, outcome="absent", over_at=at(50))
            assert not attempts.close(tx, attempt.id, outcome="refused", over_at=at(60))
            assert attempts.find_unsettled(tx, tweet.id) is None
            (after,) = attempts.list_of_tweet(tx, tweet.id)
        assert (after.outcome, after.over_at, after.http_status) == ("absent", at(7), 503)

    def test_knowledge_counts_from_any_outcome(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet, attempt = new_posting_tweet(tx, account_id)
            attempts.close(tx, attempt.id, outcome="absent", over_at=at(5), error_code="x_unclear")
            attempts.record_posted(tx, attempt.id, twitter_id="77", http_status=201)
            (after,) = attempts.list_of_tweet(tx, tweet.id)
        assert (after.outcome, after.twitter_id, after.over_at, after.error_code) == ("posted", "77", at(5), None)

    def test_checks_are_counted_while_it_is_unclear(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            _, attempt = new_posting_tweet(tx, account_id)
            assert attempts.record_absence(tx, attempt.id) == attempts.record_failed_check(tx, attempt.id) == 0
            attempts.close(tx, attempt.id, outcome="unclear", over_at=at(5))
            assert [attempts.record_failed_check(tx, attempt.id) for _ in range(2)] == [1, 2]
            assert [attempts.record_absence(tx, attempt.id) for _ in range(2)] == [1, 2]
            assert attempts.record_failed_check(tx, attempt.id) == 1

    def test_outcomes_are_counted_by_code(self, db: SqliteDatabase, account_id: int) -> None:
        with db.transaction() as tx:
            tweet = new_tweet(tx, account_id)
            for code in ("parent_not_visible", "rate_limited", "parent_not_visible"):
                attempt = attempts.insert(tx, tweet_id=tweet.id, account_id=account_id, lease="l", since_id="5")
                attempts.close(tx, attempt.id, outcome="held", over_at=tx.now, error_code=code)
            assert attempt_outcomes.count(tx, tweet.id, "held") == 3
            recent = {"error_code": "parent_not_visible", "since": earlier(tx.now, 1)}
            assert attempt_outcomes.count_held(tx, tweet.id, **recent) == 2
            assert attempt_outcomes.count_held(tx, tweet.id, error_code="parent_not_visible", since=tx.now) == 0
            assert attempt_outcomes.count(tx, tweet.id, "absent") == 0

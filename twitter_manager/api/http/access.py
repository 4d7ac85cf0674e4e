"""What the key of a request may do, checked in one place before any view: its scope, its world, and for a key that is
limited to some accounts, that whatever the path names belongs to one of them.

What belongs to no visible account does not exist: it is 404, as anything that was never there. Accounts that are named
anywhere become ids in account_names, which asks here; lists and numbers pass `among` on to the storage.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial

from flask import Response
from werkzeug.routing import Rule

from twitter_manager.api.http import current, inputs
from twitter_manager.api.http.application import Application, Request, request_in_progress
from twitter_manager.api.http.auth import PUBLIC
from twitter_manager.api.openapi.operations import Operation, operations_of
from twitter_manager.errors import NotFound
from twitter_manager.models import ApiKey
from twitter_manager.services import Services
from twitter_manager.services.api_keys import check_scope, check_unlimited, is_limited
from twitter_manager.storage import batches, threads, tweets, webhooks
from twitter_manager.storage.database import Queries

__all__ = ["GATES", "among", "check_account", "key_id", "owner", "register", "sees"]

_UNDECLARED = Operation(responses={}, scope="admin")  # a call that nothing is said of


def register(app: Application) -> None:
    """Checks each request to `app` that has a key. To be called after `auth.register`, and after its routes are
    registered: a parameter of a path that has no gate is refused here."""
    operations = operations_of(app)
    gated = {rule.endpoint: _gated(rule, operations) for rule in app.url_map.iter_rules()}

    @app.check
    def check_key_may(request: Request) -> None:
        key = request.api_key
        if key is None:
            return
        services: Services = app.extensions["services"]
        services.api_keys.count_call(key)
        services.api_keys.check_world(key)
        endpoint = request.endpoint
        if endpoint is None:
            return
        operation = operations.get(endpoint, _UNDECLARED)
        check_scope(key, operation.scope_for(request.method))
        if not is_limited(key):
            return
        if operation.whole_service:
            check_unlimited(key)
        for name in gated[endpoint]:
            GATES[name](services.db, key, inputs.to_id((request.view_args or {})[name], field=name))

    @app.finish
    def record_use(request: Request, response: Response) -> None:
        key = request.api_key
        if key is None:
            return
        services: Services = app.extensions["services"]
        if services.api_keys.is_use_due(key):
            # once the answer is out, so that nobody waits for it
            response.call_on_close(partial(services.api_keys.record_use, key.id))


def _gated(rule: Rule, operations: Mapping[str, Operation]) -> Collection[str]:
    """The parameters of the path that name something of ours."""
    operation = operations.get(rule.endpoint, _UNDECLARED)
    names = set() if rule.endpoint in PUBLIC else rule.arguments - operation.path.keys() - {"account_id"}
    if not names <= GATES.keys():
        raise LookupError(f"{rule.rule}: say in GATES whose it is")
    return names


def among() -> Collection[int] | None:
    """The ids of the accounts that there are for the key of this request; None: all. For lists, numbers, and whatever
    is done to many."""
    request = request_in_progress()
    key = request.api_key
    if key is None or not is_limited(key):
        return None
    if request.among is None:
        request.among = current.services().api_keys.visible_accounts(key)
    return request.among


def sees(account_id: int) -> bool:
    """Whether there is this account for the key of this request, if there is one at all."""
    visible = among()
    return visible is None or account_id in visible


def check_account(account_id: int, *, field: str | None = None) -> None:
    """Raises NotFound for an account that there is not for the key of this request."""
    if not sees(account_id):
        raise NotFound("account_not_found", field=field)


def key_id() -> int | None:
    """Who asks."""
    key = current.api_key()
    return None if key is None else key.id


def owner() -> int | None:
    """The id of the key if it is one with limits: then what it makes is its own, and it sees nothing else."""
    return None if among() is None else key_id()


def _check_tweet(q: Queries, _: ApiKey, tweet_id: int) -> None:
    if not sees(tweets.get(q, tweet_id).twitter_account_id):
        raise NotFound("tweet_not_found")


def _check_thread(q: Queries, _: ApiKey, thread_id: int) -> None:
    if not sees(threads.get(q, thread_id).account_id):
        raise NotFound("thread_not_found")


def _check_batch(q: Queries, key: ApiKey, batch_id: int) -> None:
    mine = batches.get(q, batch_id).api_key_id == key.id
    if not mine and not batches.has_rows_of(q, batch_id, account_ids=among() or ()):
        raise NotFound("batch_not_found")


def _check_webhook(q: Queries, key: ApiKey, webhook_id: int) -> None:
    if webhooks.get(q, webhook_id).api_key_id != key.id:
        raise NotFound("webhook_not_found")


def _check_key(_: Queries, key: ApiKey, key_id: int) -> None:
    current.services().api_keys.check_visible(key_id, key)


# By the parameter of the path that names something of ours; `account_id` is read by account_names.account_in_path.
GATES: dict[str, Callable[[Queries, ApiKey, int], None]] = {
    "tweet_id": _check_tweet,
    "thread_id": _check_thread,
    "batch_id": _check_batch,
    "key_id": _check_key,
    "webhook_id": _check_webhook,
}

"""respond(world, request): the entry point of the simulated X."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime

from twitter_manager.simulator import (
    authorize,
    faults,
    grants,
    journal,
    oauth,
    post_pages,
    posts_api,
    rate_windows,
    routes,
    settings,
    users,
    users_api,
)
from twitter_manager.simulator.call import Call
from twitter_manager.simulator.faults import Rule
from twitter_manager.simulator.grants import Consent
from twitter_manager.simulator.messages import Request, Response
from twitter_manager.simulator.problems import Refusal, forbidden, invalid_parameter, problem
from twitter_manager.simulator.users import User
from twitter_manager.simulator.world import World

__all__ = ["HANDLERS", "dated", "respond"]

FIELD_NAMES = frozenset({"post.fields", "tweet.fields"})
SUSPENDED = "Your account is suspended and is not permitted to access this feature."

HANDLERS: dict[str, Callable[[Call], Response]] = {
    "GET /i/oauth2/authorize": authorize.show,
    "POST /i/oauth2/authorize": authorize.decide,
    "GET /{username}/status/{id}": post_pages.show,
    "POST /2/oauth2/token": oauth.token,
    "POST /2/oauth2/revoke": oauth.revoke,
    "POST /2/tweets": posts_api.create,
    "GET /2/tweets": posts_api.show_many,
    "GET /2/tweets/{id}": posts_api.show,
    "DELETE /2/tweets/{id}": posts_api.delete,
    "GET /2/users/me": users_api.show_me,
    "GET /2/users/by/username/{username}": users_api.show_by_username,
    "GET /2/users/{id}": users_api.show,
    "GET /2/users/{id}/tweets": posts_api.show_timeline,
}


def respond(world: World, request: Request) -> Response:
    """X's answer to `request`, with its effect on the world; `delay` and `delivery` are left to the transport. Raises
    WorldUnavailable."""
    now = world.now()
    with world.transaction() as db:
        found = routes.match(request.method, request.path)
        if found is None:
            response = _unknown(request)
            journal.record(db, request, response, route=None, username=None, fault=None, now=now)
            return dated(response, now)
        route, values = found
        consent = _bearer(db, request, now)
        user = users.find(db, consent.user_id) if consent else None
        call = Call(db, now, request, route, values, settings.read(db), user)
        username = user.username if user else _known_to_token_endpoint(call)
        rule = faults.consume_rule(db, route=route, username=username, chance=world.chance)
        response = _with_rule(call, consent, rule)
        journal.record(
            db, request, response, route=route.name, username=username, fault=rule.kind if rule else None, now=now
        )
    return _delayed(dated(response, now), call.settings.latency)


def dated(response: Response, now: datetime) -> Response:
    """With the Date header (RFC 9110 §6.6.1), by which a caller can check its own clock."""
    return replace(response, headers={"date": format_datetime(now, usegmt=True), **response.headers})


def _with_rule(call: Call, consent: Consent | None, rule: Rule | None) -> Response:
    if rule and rule.kind in faults.BEFORE:
        return faults.refusal(rule, route=call.route, now=call.now)
    response = _ordinary(call, consent)
    return faults.spoiled(rule, response, now=call.now) if rule else response


def _ordinary(call: Call, consent: Consent | None) -> Response:
    """Without a fault."""
    if not call.route.is_api:
        return _handled(call)
    if consent is None or call.caller is None:
        return problem(401, "Unauthorized")
    window = rate_windows.count(
        call.db,
        user_id=call.user.id,
        route=call.route.name,
        limit=int(call.route.limit * call.settings.limit_factor),
        now=call.now,
    )
    if call.settings.rate_limits and window.exceeded:
        return problem(429, "Too Many Requests").with_headers(window.headers())
    return _permitted(call, consent).with_headers(window.headers())


def _permitted(call: Call, consent: Consent) -> Response:
    if not consent.allows(call.route.scopes):
        return forbidden()
    if call.user.suspended:
        return forbidden(SUSPENDED)
    known = _known_parameters(call)
    for name in call.request.query:
        if name not in known:
            expected = ",".join(sorted(known))
            return invalid_parameter(name, "", f"The query parameter [{name}] is not one of [{expected}]")
    return _handled(call)


def _known_parameters(call: Call) -> frozenset[str]:
    """Those of the route, in the vocabulary that this X speaks."""
    dialect = call.settings.dialect
    foreign = FIELD_NAMES - {dialect} if dialect in FIELD_NAMES else frozenset()
    return call.route.query - foreign


def _handled(call: Call) -> Response:
    try:
        return HANDLERS[call.route.name](call)
    except Refusal as refusal:
        return refusal.response


def _bearer(db: sqlite3.Connection, request: Request, now: datetime) -> Consent | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        return None
    consent = grants.holder(db, token.strip(), kind="access", now=now)
    if consent is None:
        grants.remember_secret(db, token.strip())
    return consent


def _known_to_token_endpoint(call: Call) -> str | None:
    """Whose refresh token it is, so that a rule for one user applies to it."""
    shown = call.request.form().get("refresh_token", "") if call.route.path == "/2/oauth2/token" else ""
    consent = grants.holder(call.db, shown, kind="refresh", now=call.now) if shown else None
    user: User | None = users.find(call.db, consent.user_id) if consent else None
    return user.username if user else None


def _unknown(request: Request) -> Response:
    allowed = routes.allowed_methods(request.path)
    if allowed:
        return problem(405, "Method Not Allowed").with_headers({"allow": ", ".join(allowed)})
    return problem(404, "Not Found")


def _delayed(response: Response, latency: float) -> Response:
    if not latency:
        return response
    return Response(response.status, response.headers, response.body, response.delivery, response.delay + latency)

"""The token endpoint and revocation (RFC 6749, 7009, 7636)."""

import base64
import binascii
import hashlib
import hmac
import re

from twitter_manager.simulator import grants
from twitter_manager.simulator.call import Call
from twitter_manager.simulator.grants import Code, Consent
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.problems import Refusal, json_response, oauth_error

__all__ = ["revoke", "token"]

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.1."""
NO_CLIENT = oauth_error(401, "unauthorized_client", "Missing valid authorization header")


def token(call: Call) -> Response:
    """POST /2/oauth2/token: authorization_code and refresh_token."""
    form = call.request.form()
    _remember_what_was_shown(call, form)
    grant_type = _required(form, "grant_type")
    client_id = _client(call, form)
    if grant_type == "authorization_code":
        return _exchange(call, form, client_id)
    if grant_type == "refresh_token":
        return _refresh(call, form, client_id)
    return oauth_error(400, "unsupported_grant_type", "Value passed for the grant_type was invalid.")


def revoke(call: Call) -> Response:
    """POST /2/oauth2/revoke: access or refresh token; an unknown one is accepted, too (RFC 7009 §2.2)."""
    form = call.request.form()
    _remember_what_was_shown(call, form)
    shown = _required(form, "token")
    _client(call, form)
    grants.revoke(call.db, shown)
    return json_response(200, {"revoked": True})


def _exchange(call: Call, form: dict[str, str], client_id: str) -> Response:
    code = grants.find_code(call.db, _required(form, "code"), now=call.now)
    if code is None or code.client_id != client_id:
        return oauth_error(400, "invalid_request", "Value passed for the authorization code was invalid.")
    if _required(form, "redirect_uri") != code.redirect_uri:
        return oauth_error(
            400,
            "invalid_request",
            "Value passed for the redirect uri did not match the uri of the authorization code.",
        )
    if not _verifies(_required(form, "code_verifier"), code):
        return oauth_error(
            400, "invalid_request", "Value passed for the code verifier did not match the code challenge."
        )
    grants.consume_code(call.db, code.value)
    consent = grants.new_consent(call.db, client_id=client_id, user_id=code.user_id, scope=code.scope)
    return _new_pair(call, consent)


def _refresh(call: Call, form: dict[str, str], client_id: str) -> Response:
    """The old refresh token is used up; the old access token stays valid until it expires."""
    old = _required(form, "refresh_token")
    consent = grants.holder(call.db, old, kind="refresh", now=call.now)
    if consent is None or consent.client_id != client_id:
        return oauth_error(400, "invalid_request", "Value passed for the token was invalid.")
    grants.kill_token(call.db, old)
    return _new_pair(call, consent)


def _new_pair(call: Call, consent: Consent) -> Response:
    pair = grants.issue_tokens(call.db, consent, now=call.now)
    body = {
        "token_type": "bearer",
        "expires_in": pair.expires_in,
        "access_token": pair.access_token,
        "scope": pair.scope,
    }
    if pair.refresh_token:
        body["refresh_token"] = pair.refresh_token
    return json_response(200, body, headers={"cache-control": "no-store"})


def _verifies(verifier: str, code: Code) -> bool:
    """RFC 7636 §4.6."""
    if not VERIFIER.fullmatch(verifier):
        return False
    if code.method == "plain":
        return hmac.compare_digest(verifier, code.challenge)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, code.challenge.encode())


def _client(call: Call, form: dict[str, str]) -> str:
    """The client id: Basic for a confidential client, client_id in the body for a public one. Raises Refusal (401)."""
    basic = _basic(call)
    client_id, secret = basic or (form.get("client_id", ""), None)
    if not client_id:
        raise Refusal(NO_CLIENT)
    if not grants.has_clients(call.db):
        return client_id
    try:
        registered = grants.client_secret(call.db, client_id)
    except LookupError as error:
        raise Refusal(NO_CLIENT) from error
    if registered is not None and not hmac.compare_digest(registered.encode(), (secret or "").encode()):
        raise Refusal(NO_CLIENT)
    return client_id


def _basic(call: Call) -> tuple[str, str] | None:
    kind, _, encoded = call.request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return client_id, secret


def _remember_what_was_shown(call: Call, form: dict[str, str]) -> None:
    # valid or not, none of it may appear in a log
    shown = [form.get(name) for name in ("code", "code_verifier", "refresh_token", "token", "client_secret")]
    basic = _basic(call)
    for value in [*shown, basic[1] if basic else None]:
        if value:
            grants.remember_secret(call.db, value)


def _required(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise Refusal(oauth_error(400, "invalid_request", f"Missing required parameter [{name}]."))
    return form[name]

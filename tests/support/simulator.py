"""For the simulator's tests: a caller with a token, and an app that requests one."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

API = "https://api.x.com"
AUTHORIZE = "https://x.com/i/oauth2/authorize"
CALLBACK = "http://127.0.0.1:5555/auth/callback"
VERIFIER = "v" * 43


@dataclass
class Caller:
    """Somebody with a bearer token and a transport."""

    session: requests.Session
    token: str
    base: str = API

    def call(self, method: str, path: str, **what: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.session.request(method, self.base + path, headers=headers, timeout=5, **what)

    def get(self, path: str, **query: str) -> Any:
        return self.call("GET", path, params=query).json()

    def post(self, text: str, **more: Any) -> requests.Response:
        return self.call("POST", "/2/tweets", json={"text": text, **more})

    def posted(self, text: str, **more: Any) -> str:
        """The id of a post that went well."""
        response = self.post(text, **more)
        assert response.status_code == 201, response.text
        return str(response.json()["data"]["id"])


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_query(**changes: str) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "scope": "tweet.read tweet.write users.read offline.access",
        "state": "state-1",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in query.items() if value}


def returned(response: requests.Response) -> dict[str, str]:
    """What came back to the app in the redirect."""
    assert response.status_code == 302, response.text
    assert response.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


def new_code(session: requests.Session, *, username: str = "alice", **changes: str) -> str:
    query = authorize_query(**changes, mock_user=username)
    return returned(session.get(AUTHORIZE, params=query, allow_redirects=False))["code"]


def exchange(session: requests.Session, code: str, *, auth: tuple[str, str] | None = None, **changes: Any) -> Any:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **({} if auth else {"client_id": "app"}),
        **changes,
    }
    return session.post(f"{API}/2/oauth2/token", data=form, auth=auth)


def refresh(session: requests.Session, token: str, *, client_id: str = "app") -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": client_id}
    return session.post(f"{API}/2/oauth2/token", data=form)

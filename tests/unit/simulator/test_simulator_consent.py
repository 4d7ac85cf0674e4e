"""The consent page, as a person's browser or a script sees it."""

import re

import pytest
import requests

from tests.support.simulator import AUTHORIZE, CALLBACK, authorize_query, exchange, returned
from twitter_manager.simulator.world import World


def test_mock_user_answers_at_once_and_makes_the_person(session: requests.Session, world: World) -> None:
    query = authorize_query(mock_user="bob", redirect_uri=f"{CALLBACK}?kept=1")
    back = returned(session.get(AUTHORIZE, params=query, allow_redirects=False))
    assert (back["state"], back["kept"]) == ("state-1", "1")
    assert [user.username for user in world.users()] == ["bob"]


def test_the_page_offers_everybody_and_says_it_is_a_simulation(session: requests.Session, world: World) -> None:
    world.user("alice")
    page = session.get(AUTHORIZE, params=authorize_query(client_id="<b>app</b>"))
    assert page.status_code == 200
    assert "simulation of X" in page.text
    assert '<option value="alice">' in page.text
    assert "&lt;b&gt;app&lt;/b&gt;" in page.text
    assert "<b>app" not in page.text


def test_the_page_needs_no_script_and_nothing_from_elsewhere(session: requests.Session, world: World) -> None:
    world.user("alice")
    page = session.get(AUTHORIZE, params=authorize_query())
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=", page.text)
    assert set(re.findall(r'action="([^"]*)"', page.text)) == {""}
    assert set(re.findall(r'<label for="(\w+)"', page.text)) == set(re.findall(r' id="(\w+)"', page.text))
    assert "default-src 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("form", [{"user": "alice"}, {"new_user": " @newcomer "}])
def test_a_yes_leads_back_with_a_code(session: requests.Session, world: World, form: dict[str, str]) -> None:
    world.user("alice")
    decision = {"decision": "approve", **form}
    answer = session.post(AUTHORIZE, params=authorize_query(), data=decision, allow_redirects=False)
    assert exchange(session, returned(answer)["code"]).status_code == 200


def test_a_no_leads_back_with_access_denied(session: requests.Session) -> None:
    decision = {"decision": "decline"}
    answer = session.post(AUTHORIZE, params=authorize_query(), data=decision, allow_redirects=False)
    assert returned(answer) == {"state": "state-1", "error": "access_denied"}


def test_an_impossible_username_is_asked_for_again(session: requests.Session, world: World) -> None:
    decision = {"decision": "approve", "new_user": "no spaces <here>"}
    answer = session.post(AUTHORIZE, params=authorize_query(), data=decision, allow_redirects=False)
    assert answer.status_code == 400
    assert "1 to 15 letters" in answer.text
    assert world.users() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"response_type": "token"}, "response_type"),
        ({"client_id": ""}, "client_id"),
        ({"redirect_uri": "nowhere"}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/steal"}, "registered callback"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/steal"}, "registered callback"),
        ({"redirect_uri": "http://127.0.0.1@evil.example/steal"}, "registered callback"),
        ({"redirect_uri": "javascript://x/alert(1)"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1/\r\nX: 1"}, "redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1/#part"}, "redirect_uri"),
        ({"state": ""}, "state"),
        ({"state": "s" * 501}, "state"),
        ({"scope": ""}, "scope"),
        ({"scope": "tweet.read tweet.eat"}, "tweet.eat"),
        ({"code_challenge": ""}, "code_challenge"),
        ({"code_challenge_method": "S512"}, "code_challenge_method"),
        ({"mock_user": "much_too_long_name"}, "username"),
    ],
)
def test_a_wrong_link_is_a_page_and_never_a_redirect(
    session: requests.Session, change: dict[str, str], words: str
) -> None:
    answer = session.get(AUTHORIZE, params=authorize_query(**change), allow_redirects=False)
    assert answer.status_code == 400
    assert words in answer.text


def test_only_registered_apps_are_shown_the_page_once_there_are_any(session: requests.Session, world: World) -> None:
    world.register_client("known", None)
    assert session.get(AUTHORIZE, params=authorize_query(client_id="known")).status_code == 200
    assert session.get(AUTHORIZE, params=authorize_query(client_id="unknown")).status_code == 400


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1/x", "http://127.8.8.8/", "http://[::1]:5555/", "http://localhost/cb"]
)
def test_addresses_of_this_machine_need_no_registration(session: requests.Session, uri: str) -> None:
    assert session.get(AUTHORIZE, params=authorize_query(redirect_uri=uri)).status_code == 200


def test_other_addresses_are_registered(session: requests.Session, world: World) -> None:
    world.register_callback("https://tool.example/auth/callback")
    for uri, status in (("https://tool.example/auth/callback", 200), ("https://tool.example/auth/callback/", 400)):
        assert session.get(AUTHORIZE, params=authorize_query(redirect_uri=uri)).status_code == status


def test_another_site_cannot_say_yes_for_anybody(session: requests.Session, world: World) -> None:
    """Its link shows the page, on which a person decides; its form is refused."""
    query, foreign = authorize_query(), {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    shown = session.get(AUTHORIZE, params={**query, "mock_user": "mallory"}, headers=foreign, allow_redirects=False)
    assert (shown.status_code, "asks to act" in shown.text) == (200, True)
    sent = session.post(AUTHORIZE, params=query, data={"new_user": "mallory"}, headers=foreign, allow_redirects=False)
    assert sent.status_code == 400
    assert world.users() == []

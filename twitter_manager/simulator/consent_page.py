"""The consent page's HTML, every value escaped."""

from html import escape

from twitter_manager.simulator.html_page import page
from twitter_manager.simulator.messages import Response

__all__ = ["question", "refused"]


def question(*, client_id: str, scopes: list[str], usernames: list[str], mistake: str = "") -> Response:
    """200 (400 after a `mistake`): choose a user, invent one, or decline. The forms post to the
    page's own address, so that the authorize parameters stay in its query under whatever prefix it is mounted."""
    wanted = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in scopes)
    content = f"""
<h1>Let an app use an account?</h1>
{f'<p class="mistake" role="alert">{escape(mistake)}</p>' if mistake else ""}
<p>The app <code>{escape(client_id)}</code> asks to act for one of your simulated accounts.</p>
<details><summary>What it asks for ({len(scopes)})</summary><ul>{wanted}</ul></details>
{_existing(usernames)}
<form method="post" action="">
<h2>Somebody new</h2>
<label for="new_user">Invent a username (letters, digits, _; at most 15)</label>
<input id="new_user" name="new_user" required maxlength="16" pattern="@?[A-Za-z0-9_]{{1,15}}" autocomplete="off"
 autocapitalize="none" spellcheck="false">
<button name="decision" value="approve">Create and authorize</button>
</form>
<form method="post" action="">
<button class="quiet" name="decision" value="decline">Decline</button>
</form>"""
    return page(400 if mistake else 200, "Authorize an app", content, with_form=True)


def refused(reason: str) -> Response:
    """400: the link that led here is wrong."""
    content = f"""
<h1>Something went wrong</h1>
<p class="mistake" role="alert">You weren’t able to give access to the app. {escape(reason)}</p>
<p>Go back and try logging in again.</p>"""
    return page(400, "Authorization refused", content)


def _existing(usernames: list[str]) -> str:
    if not usernames:
        return ""
    options = "".join(f'<option value="{escape(name)}">@{escape(name)}</option>' for name in usernames)
    return f"""
<form method="post" action="">
<h2>Somebody there already</h2>
<label for="user">Account</label>
<select id="user" name="user">{options}</select>
<button name="decision" value="approve">Authorize</button>
</form>"""

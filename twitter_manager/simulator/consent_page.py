"""The consent page's HTML: no script, nothing loaded from elsewhere, every value escaped."""

from html import escape

from twitter_manager.simulator.messages import Answer

__all__ = ["question", "refused"]

HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # with no-referrer browsers send the form with `Origin: null`
    # No form-action: browsers would also hold the redirect back to the app against it.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
main { max-width: 30rem; margin: 2rem auto; padding: 0 1rem; }
.simulation { background: #7a4a00; color: #fff; padding: .6rem 1rem; text-align: center; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
form { border: 1px solid #8888; border-radius: .6rem; padding: 1rem; margin: 1rem 0; }
label { display: block; margin-bottom: .3rem; }
select, input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-bottom: .7rem; }
button { font: inherit; font-weight: 600; padding: .55rem 1.2rem; border-radius: 2rem; border: 1px solid;
  cursor: pointer; background: #0f5fa8; color: #fff; }
button.quiet { background: transparent; color: inherit; }
:focus-visible { outline: 3px solid #f5a623; outline-offset: 2px; }
.mistake { border-left: 4px solid #c62828; padding-left: .8rem; }
code { overflow-wrap: anywhere; }
"""


def question(*, client_id: str, scopes: list[str], usernames: list[str], mistake: str = "") -> Answer:
    """200 (400 after a `mistake`): choose one of the people there are, invent one, or decline. The forms post to the
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
    return _page(400 if mistake else 200, "Authorize an app", content)


def refused(reason: str) -> Answer:
    """400: the link that led here is wrong."""
    content = f"""
<h1>Something went wrong</h1>
<p class="mistake" role="alert">You weren’t able to give access to the app. {escape(reason)}</p>
<p>Go back and try logging in again.</p>"""
    return _page(400, "Authorization refused", content)


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


def _page(status: int, title: str, content: str) -> Answer:
    html = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} (simulated X)</title><style>{STYLE}</style></head>
<body>
<div class="simulation" role="note">This is a simulation of X on this machine. Nothing is sent to x.com.</div>
<main>{content}
</main>
</body>
</html>
"""
    return Answer(status, HEADERS, html.encode())

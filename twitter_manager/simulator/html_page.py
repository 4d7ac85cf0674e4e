"""The frame of this X's pages: no script, nothing loaded from elsewhere."""

import base64
import hashlib
from html import escape

from twitter_manager.simulator.messages import Response

__all__ = ["page"]

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
a { color: LinkText; }
article { border: 1px solid #8888; border-radius: .6rem; padding: .8rem 1rem; margin: .8rem 0; }
article.shown { border-width: 2px; border-color: #0f5fa8; font-size: 1.15rem; }
article p, article header { margin: 0 0 .5rem; }
article footer, .handle, .context { opacity: .8; font-size: .9rem; }
article article { margin: .5rem 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.attached { border: 1px solid #8888; border-radius: .6rem; padding: .4rem .8rem; margin: .5rem 0; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    # No form-action: browsers would apply it to the redirect back to the app, too.
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'"
    ),
}


def page(status: int, title: str, content: str, *, with_form: bool = False) -> Response:
    """`content` is HTML, its values escaped."""
    html = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} (simulated X)</title><style>{STYLE}</style></head>
<body>
<div class="simulation" role="note">This is a simulation of X on this machine. Nothing is sent to x.com.</div>
<main>{content}
</main>
</body>
</html>
"""
    # with no-referrer browsers would send the form with `Origin: null`
    headers = {**HEADERS, "referrer-policy": "same-origin"} if with_form else HEADERS
    return Response(status, headers, html.encode())

"""The HTML of a post as X shows it on its page, every value escaped."""

from dataclasses import dataclass
from html import escape, unescape
from typing import Any
from urllib.parse import urlsplit

from twitter_manager.simulator.html_page import page
from twitter_manager.simulator.messages import Response
from twitter_manager.simulator.posts import Post
from twitter_manager.simulator.users import User
from twitter_manager.timestamps import from_text

__all__ = ["Shown", "absent", "conversation"]


@dataclass(frozen=True)
class Shown:
    """A post as shown. `reply_to`: the username it replies to; None: unknown, or no reply."""

    post: Post
    author: User
    reply_to: str | None
    quoted: "Shown | None"
    replies: int
    edited: bool

    @property
    def path(self) -> str:
        """Relative to the page of any post, wherever these pages are mounted."""
        return f"../../{self.author.username}/status/{self.post.id}"


def conversation(before: list[Shown], shown: Shown, after: list[Shown]) -> Response:
    """200: the post, above it what it replies to, below it its replies."""
    articles = [
        *(_article(each) for each in before),
        _article(shown, emphasized=True),
        *(_article(each) for each in after),
    ]
    title = f"{shown.author.name} on X"
    return page(200, title, f"\n<h1>Post</h1>{''.join(articles)}")


def absent() -> Response:
    """404: there is no such post, or it is not visible."""
    content = "\n<h1>This post is not here</h1>\n<p>It was deleted, is not visible yet, or never was.</p>"
    return page(404, "No such post", content)


def _article(shown: Shown, *, emphasized: bool = False) -> str:
    post, author = shown.post, shown.author
    replying = f'<p class="context">Replying to @{escape(shown.reply_to)}</p>' if shown.reply_to else ""
    return f"""
<article{' class="shown"' if emphasized else ""}>
<header><strong>{escape(author.name)}</strong> <span class="handle">@{escape(author.username)}</span></header>
{replying}<p class="text">{_linked(post.text, post.urls)}</p>
{_attached(shown)}<footer><a href="{escape(shown.path)}">{_time(post.created_at)}</a>\
{" · Edited" if shown.edited else ""} · {_counted(shown.replies, "reply", "replies")}</footer>
</article>"""


def _linked(text: str, urls: list[dict[str, Any]]) -> str:
    """X's text, in which &, < and > are escaped already, with links in place of the t.co names."""
    out, done = "", 0
    for url in urls:
        start = text.find(url["url"], done)
        if start < 0:
            continue
        out += escape(unescape(text[done:start])) + _link(url)
        done = start + len(url["url"])
    return out + escape(unescape(text[done:]))


def _link(url: dict[str, Any]) -> str:
    shown = escape(url["display_url"])
    if urlsplit(url["expanded_url"]).scheme not in ("http", "https"):
        return shown
    return f'<a href="{escape(url["expanded_url"])}" rel="noopener noreferrer nofollow">{shown}</a>'


def _attached(shown: Shown) -> str:
    post = shown.post
    media = "".join(f'<p class="attached">Media {escape(media_id)}</p>\n' for media_id in post.media_ids)
    options = (post.poll or {}).get("options", [])
    poll = "".join(f"<li>{escape(str(option))}</li>" for option in options)
    quoted = _article(shown.quoted) + "\n" if shown.quoted else ""
    return media + (f'<ul class="attached">{poll}</ul>\n' if poll else "") + quoted


def _time(text: str) -> str:
    moment = from_text(text)
    return f'<time datetime="{escape(text)}">{moment:%H:%M} · {moment:%b} {moment.day}, {moment.year} (UTC)</time>'


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

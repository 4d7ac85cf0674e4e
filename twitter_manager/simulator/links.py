"""What X does to a text: NFC, t.co in place of links, &amp; &lt; &gt;, and a cut text for long posts."""

import hashlib
import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["WrittenText", "fingerprint", "normalized", "shortened", "written"]

# X knows every top-level domain; these are the ones people write without a scheme.
COMMON_TLDS = (
    "com|org|net|edu|gov|io|dev|app|co|ai|me|info|biz|tv|de|uk|fr|es|it|nl|eu|ch|at|jp|br|in|us|ca|au|ly|gg|xyz"
)
LINK = re.compile(
    r"https?://[^\s<>\"\u3000\u200b\u2060]+"
    rf"|(?<![A-Za-z0-9_@#$./-])(?:[A-Za-z0-9][A-Za-z0-9-]*\.)+(?:{COMMON_TLDS})(?![A-Za-z0-9_@-]|\.[A-Za-z0-9])"
    r"(?:[/?][^\s<>\"\u3000]*)?",
    re.IGNORECASE,
)
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NOT_SHOWN = dict.fromkeys(map(ord, "\u200b\u2060"))  # letters after a link are then adjacent to its t.co
SHORT_POST = 280
DISPLAYED = 26


@dataclass(frozen=True)
class Link:
    """One entry of entities.urls; start and end count characters of the returned text."""

    start: int
    end: int
    url: str
    expanded_url: str
    display_url: str


@dataclass(frozen=True)
class WrittenText:
    text: str
    urls: list[dict[str, Any]]


def written(text: str, *, seed: str, attached: list[tuple[str, str]]) -> WrittenText:
    """`text` as X returns it. `seed` (the post's id) decides the t.co names; `attached` are the links X appends
    for media and a quoted post, each (expanded_url, display_url)."""
    out, done = "", 0
    links: list[Link] = []
    for match in LINK.finditer(text):
        found = _without_trailing_marks(match.group())
        out += _escaped(text[done : match.start()])
        links.append(_link(found, at=len(out), seed=f"{seed}.{len(links)}"))
        out += links[-1].url
        done = match.start() + len(found)
    out += _escaped(text[done:])
    for expanded, display in attached:
        out += " " if out else ""
        links.append(_link(expanded, at=len(out), seed=f"{seed}.{len(links)}", display=display))
        out += links[-1].url
    return WrittenText(out, [asdict(link) for link in links])


def normalized(text: str) -> str:
    """NFC, stripped, as X stores it."""
    return unicodedata.normalize("NFC", text).strip()


def shortened(text: str) -> str:
    """The `text` of a long post; the whole is in note_post (docs.x.com: data dictionary)."""
    return text if len(text) <= SHORT_POST else text[: SHORT_POST - 1] + "…"


def fingerprint(text: str) -> str:
    """Equal for texts that X treats as duplicates: they differ in white space only."""
    return hashlib.sha256(" ".join(normalized(text).split()).encode()).hexdigest()[:32]


def _link(found: str, *, at: int, seed: str, display: str | None = None) -> Link:
    url = "https://t.co/" + _short_name(seed)
    expanded = found if "://" in found else f"http://{found}"
    bare = expanded.partition("://")[2].removeprefix("www.")
    shown = display or (bare if len(bare) <= DISPLAYED else bare[:DISPLAYED] + "…")
    return Link(at, at + len(url), url, expanded, shown)


def _short_name(seed: str) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    return "".join(ALPHABET[number // 62**position % 62] for position in range(10))


def _without_trailing_marks(link: str) -> str:
    """Punctuation after a link belongs to the sentence; a closing bracket too unless the link opened it."""
    while link and (
        link[-1] in ".,;:!?'…。、" or (link[-1] in ")]" and link.count(link[-1]) > link.count(_opening(link[-1])))
    ):
        link = link[:-1]
    return link


def _opening(bracket: str) -> str:
    return "(" if bracket == ")" else "["


def _escaped(text: str) -> str:
    shown = text.translate(NOT_SHOWN)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

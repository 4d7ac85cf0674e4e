"""Is a post on the account's own timeline the one that was sent?

Asked after an unclear answer of X. The three mistakes cost differently, and every rule here follows from that:

a false SAME      the post counts as sent and is lost, and nobody notices
a false OTHER     the post is sent again and is there twice
a false DOUBTFUL  somebody has to decide: costly, but safe

So SAME requires that everything is equal that X is known to keep; what X is known to change (escapes, t.co, blanks,
normal form, the ends of links, links it adds for media and quotes, mentions it adds to replies) is undone first, on
X's side only where only X does it. What could be the same post misreported is DOUBTFUL; `nearness` says when texts are
near. With several posts on either side: assign the SAME ones first, then search the rest for DOUBTFUL ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from twitter_manager.twitter.text.canonical import canonical, masked
from twitter_manager.twitter.text.nearness import is_cut_short, is_near
from twitter_manager.twitter.text.parse import LIMIT, weighted_length

__all__ = ["SeenPost", "SeenUrl", "SentPost", "Verdict", "canonical_seen", "compare"]


class Verdict(Enum):
    """What to do with a post: adopt it, ask its owner, or ignore it."""

    SAME = "same"
    DOUBTFUL = "doubtful"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SentPost:
    text: str
    reply_to: str | None
    quote_of: str | None = None
    media_count: int = 0


@dataclass(frozen=True, slots=True)
class SeenUrl:
    """A link in a post as X reports it: the t.co address in the text, and its target if X says so."""

    url: str
    expanded_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPost:
    """A post as X reports it: `text` with its escapes and t.co addresses, `long_text` if it is a long post."""

    id: str
    text: str
    urls: tuple[SeenUrl, ...]
    long_text: str | None = None
    long_urls: tuple[SeenUrl, ...] = ()
    reply_to: str | None
    quote_of: str | None = None
    media_count: int
    created_at: datetime | None
    versions: tuple[str, ...] = ()  # its ids from the first on, where its owner has edited it
    is_repost: bool = False

    @property
    def first_id(self) -> str:
        """The id it was posted under."""
        return min((self.id, *self.versions), key=int)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a seen post: its text expanded, and what was cut from the end as X's addition."""

    text: str
    quotes_cut: frozenset[str] = frozenset()
    media_cut: bool = False


_ESCAPES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "#39": "'"}
_ESCAPE = re.compile(r"&(amp|lt|gt|quot|#39);")
_TCO = re.compile(r"https?://t\.co/([A-Za-z0-9]+)", re.ASCII)
_OWN_TCO = re.compile(r"\bt\.co/([A-Za-z0-9]+)", re.ASCII | re.IGNORECASE)
_LAST_TCO = re.compile(r"(?:\A|\s)https?://t\.co/([A-Za-z0-9]+)\s*\Z", re.ASCII)
_STATUS_LINK = re.compile(
    r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/(?:i/web|\w+)/status(?:es)?/(\d+)(/(?:photo|video)/\d+)?",
    re.ASCII | re.IGNORECASE,
)
_MENTIONS = re.compile(r"(?:@[A-Za-z0-9_]{1,15}(?: |\Z))+")
_MAX_LINKS_ADDED = 2  # one for the media, one for the quoted post


def canonical_seen(post: SeenPost) -> str:
    """Of a post on X: expanded, without the links X adds for its media and its quoted post."""
    return canonical(list(_readings(post))[-1].text)


def compare(sent: SentPost, seen: SeenPost) -> Verdict:
    """Whether `seen` is the post that was sent. Linear in the length of the texts; never raises."""
    own_slugs = frozenset(_OWN_TCO.findall(sent.text))
    readings = list(_readings(seen, own_slugs, quote_of=sent.quote_of))
    ours = canonical(sent.text)
    for reading in readings:
        if _is_text(ours, canonical(reading.text), sent, seen):
            agree = sent.reply_to == seen.reply_to and _media_agree(sent, seen, reading)
            return Verdict.SAME if agree and _quotes_agree(sent, seen, reading) else Verdict.DOUBTFUL
    texts = [reading.text for reading in readings]
    if sent.media_count or sent.quote_of or seen.media_count or seen.quote_of:
        texts.append(_without_last_links(seen))
    if any(_may_be_text(theirs, sent, seen, own_slugs) for theirs in dict.fromkeys(texts)):
        return Verdict.DOUBTFUL
    return Verdict.OTHER


def _readings(
    post: SeenPost, own_slugs: frozenset[str] = frozenset(), *, quote_of: str | None = None
) -> Iterator[_Reading]:
    """The text unchanged; then without a link at its end that X may have added, and without a second one."""
    text, targets = _text(post), _targets(post, own_slugs)
    quotes: frozenset[str] = frozenset()
    media = False
    yield _Reading(_spelled_out(text, targets))
    for _ in range(_MAX_LINKS_ADDED):
        last = _LAST_TCO.search(text)
        status = _STATUS_LINK.match(targets.get(last[1], "")) if last else None
        if last is None or status is None or not (status[2] or status[1] in (post.quote_of, quote_of, post.id)):
            return
        quotes, media = (quotes, True) if status[2] else (quotes | {status[1]}, media)
        text = text[: last.start()]
        yield _Reading(_spelled_out(text, targets), quotes, media)


def _text(post: SeenPost) -> str:
    """What X shows, its escapes undone once: "&amp;" in a post comes back as "&amp;amp;"."""
    shown = post.text if post.long_text is None else post.long_text
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], shown)


def _targets(post: SeenPost, own_slugs: frozenset[str]) -> dict[str, str]:
    """The targets of the t.co addresses in a post, by the part after the slash; not of those we wrote ourselves."""
    named = ((_TCO.match(link.url), link.expanded_url) for link in (*post.urls, *post.long_urls))
    return {tco[1]: target for tco, target in named if tco and target and tco[1] not in own_slugs}


def _spelled_out(text: str, targets: dict[str, str]) -> str:
    """The text with the targets that X names in place of their t.co addresses; letters may follow directly."""
    if not targets:
        return text
    slugs = "|".join(sorted(targets, key=lambda slug: (-len(slug), slug)))
    return re.sub(rf"https?://t\.co/({slugs})", lambda link: targets[link[1]], text)


def _without_last_links(post: SeenPost) -> str:
    """The text without the links at its end, whatever X says of them: with media one of them may be X's."""
    text = _text(post)
    for _ in range(_MAX_LINKS_ADDED):
        text = _LAST_TCO.sub("", text)
    return _spelled_out(text, _targets(post, frozenset()))


def _is_text(ours: str, theirs: str, sent: SentPost, seen: SeenPost) -> bool:
    if ours == theirs:
        return True
    # X writes whom a reply answers before its text. Only with the parent X names is that sure to be X's doing.
    is_same_reply = sent.reply_to is not None and sent.reply_to == seen.reply_to
    added = theirs[: len(theirs) - len(ours)]
    is_apart = added.endswith(" ") or not ours
    return is_same_reply and is_apart and theirs.endswith(ours) and _MENTIONS.fullmatch(added) is not None


def _media_agree(sent: SentPost, seen: SeenPost, reading: _Reading) -> bool:
    return sent.media_count == seen.media_count and not (reading.media_cut and not sent.media_count)


def _quotes_agree(sent: SentPost, seen: SeenPost, reading: _Reading) -> bool:
    named = {seen.quote_of} if seen.quote_of else reading.quotes_cut - {seen.id}
    if sent.quote_of:
        return named == {sent.quote_of}
    # A link to a post in our own text makes X call that post quoted.
    return named <= {status[1] for status in _STATUS_LINK.finditer(sent.text)}


def _may_be_text(theirs: str, sent: SentPost, seen: SeenPost, own_slugs: frozenset[str]) -> bool:
    is_long = seen.long_text is None and weighted_length(sent.text) > LIMIT
    return any(
        is_near(ours, read) or is_cut_short(read, of=ours, is_long=is_long)
        for ours, read in _pairs(theirs, sent, own_slugs)
    )


def _pairs(theirs: str, sent: SentPost, own_slugs: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Our text and theirs in the forms to compare.

    Where X left a t.co unexplained, or explains one that was in our text, the links prove nothing: both without them.
    """
    spell = masked if own_slugs or _TCO.search(theirs) else canonical
    ours, read = spell(sent.text), spell(theirs)
    yield ours, read
    if sent.reply_to is not None:
        yield _without_mentions(ours), _without_mentions(read)


def _without_mentions(text: str) -> str:
    mentions = _MENTIONS.match(text)
    return text[mentions.end() :] if mentions else text

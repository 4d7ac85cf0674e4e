"""Our weighted length beside twitter-text's own, the npm package, on 20,000 texts.

No text that twitter-text calls too long or invalid is valid here. The weights are equal but for KINDS.
"""

import json
import os
import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from emoji import EMOJI_DATA

from twitter_manager.twitter.text.emoji import SEQUENCES
from twitter_manager.twitter.text.normalization import nfc
from twitter_manager.twitter.text.parse import is_blank, parse, weighted_length
from twitter_manager.twitter.text.tlds import NOT_IN_IANA, NOT_IN_TWITTER_TEXT, TLDS

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / ".venv" / "npm" / "node_modules"
MAX_TEXTS = 20_000
SEED = 20_261_128


class Counted(NamedTuple):
    """What twitter-text says of a text."""

    text: str
    weight: int
    valid: bool
    urls: list[str]


def counted_by_twitter_text(texts: list[str]) -> list[Counted]:
    """All in one process."""
    node = shutil.which("node")
    if node is None or not PACKAGE.exists():
        pytest.skip("needs node and `make e2e`, which installs twitter-text into .venv/npm")
    script = Path(__file__).with_name("twitter_text.js")
    done = subprocess.run(
        [node, str(script)],
        input=json.dumps(texts),
        env={**os.environ, "NODE_PATH": str(PACKAGE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    answers = json.loads(done.stdout)
    return [Counted(text, *answer) for text, answer in zip(texts, answers, strict=True)]


# What the two know differently, each with its reason; always the longer weight is ours.
def _has_other_emoji(text: str) -> bool:
    """twitter-text joins 👁‍🗨, ☝️🏽 and the like, which are no fully qualified sequences of Unicode's list."""
    return re.search("\u200d|\ufe0f[\U0001f3fb-\U0001f3ff]", text) is not None


def _has_new_tld(text: str) -> bool:
    """Delegated since twitter-text's list was made: its letters weigh, where they are more than a link's 23."""
    return re.search(rf"\.(?:{'|'.join(NOT_IN_TWITTER_TEXT)})", text, re.IGNORECASE) is not None


def _has_cut_emoji(text: str) -> bool:
    """twitter-text takes a path's length from right after the Latin part of a host, even where more follows.

    So it may cut an emoji in two, and counts its parts: its own mistake, and here ours may be the lower weight.
    """
    tlds = "|".join(sorted(TLDS, key=len, reverse=True))
    cut = rf"\.(?:{tlds})(?![0-9a-z@+-])[^\s/:?]*[^\x00-\uffff][^\s/:?]*\.\w+[/:?]"
    return re.search(cut, text, re.IGNORECASE) is not None


CUT = "emoji that a path cuts in two"
KINDS: Mapping[str, Callable[[str], bool]] = {
    CUT: _has_cut_emoji,
    "emoji that are not fully qualified": _has_other_emoji,
    "new top-level domains": _has_new_tld,
}


def kind_of(text: str) -> str | None:
    """Why the two may weigh it differently."""
    return next((name for name, has in KINDS.items() if has(nfc(text))), None)


# Thirty scripts and what stands between them.
SCRIPTS = (
    *("abcXYZ", "éèñüß", "αβγΣς", "бгдЁ", "հայ", "שלום", "عربي", "सकता", "বাংল", "ਪੰਜਾ", "ગુજર", "தமிழ", "తెలుగ", "ಕನ್ನಡ"),
    *(
        "മലയ",
        "සිංහ",
        "ไทยที่",
        "ລາວ",
        "བོད",
        "မြန်",
        "ქართ",
        "አማር",
        "ខ្មែរ",
        "ᠮᠣᠩ",
        "ひらが",
        "カタカ",
        "漢字國",
        "한국어",
        "ꦗꦮ",
    ),
    *("ᏣᎳᎩ", "ᚠᚢᚦ", "𐍈𐌰𐌿", "𝔘𝔫𝔦", "ｆｕｌｌ", "ﾊﾝｶｸ", "ꋊꍂ"),
)
BETWEEN = (
    *(
        " ",
        " ",
        " ",
        "\n",
        ".",
        ",",
        "-",
        "_",
        "/",
        "@",
        "#",
        "$",
        "(",
        ")",
        ":",
        "?",
        "!",
        "…",
        "“",
        "”",
        "–",
        "’",
        "&",
    ),
    *(
        "\u200b",
        "\u200d",
        "\u200e",
        "\u2060",
        "\u00ad",
        "\u3000",
        "\ufe0e",
        "\ufe0f",
        "\u20e3",
        "\u0301",
        "\u0308",
        "。",
    ),
)
HOSTS = (
    *(
        "example",
        "a",
        "foo.bar",
        "www.example",
        "xn--n3h",
        "☃",
        "müller",
        "日本",
        "a_b",
        "a_b.example",
        "-a",
        "ex-ample",
    ),
    *("1", "127.0.0", "はじめよう", "пример", "a" * 63, "a" * 64, "x.y.z", "me@example", "T", "t"),
)
TAILS = (
    *(
        "",
        "",
        "",
        "/",
        "/path",
        "/a/b.html",
        "?q=1",
        "/?q=1&r=2",
        "/x_(y)",
        "/(a(b))",
        "/((",
        ":80",
        ":80/x",
        "#top",
        "/#!a",
    ),
    *(
        "/путь",
        "/é",
        "/日本",
        "/" + "x" * 300,
        "?" + "y" * 300,
        "/a,b.",
        "/…",
        ".",
        ",",
        "@x",
        "-x",
        "日本",
        "/a.co,b.co",
    ),
)
SCHEMES = ("", "", "http://", "https://", "HTTPS://", "ftp://", "//", "@", "http:/", ".http://", "xhttp://")


def link(chance: random.Random) -> str:
    """Something like a link."""
    if chance.random() < 0.1:
        return f"https://t.co/{'Ab3' * chance.randint(0, 14)}{chance.choice(TAILS)}"
    common = ["com", "org", "co.jp", "io", "nosuchtld", "COM", "xn--p1ai", "み", "みんな", "com.web"]
    tld = chance.choice(common if chance.random() < 0.5 else EVERY_TLD)
    return f"{chance.choice(SCHEMES)}{chance.choice(HOSTS)}.{tld}{chance.choice(TAILS)}"


EVERY_TLD = sorted(TLDS)
EVERY_EMOJI = sorted(EMOJI_DATA)
OLD_EMOJI = sorted(SEQUENCES)


def word(chance: random.Random) -> str:
    """A few letters of one script."""
    return "".join(chance.choices(chance.choice(SCRIPTS), k=chance.randint(1, 8)))


def piece(chance: random.Random) -> str:
    """One word, link, emoji or sign."""
    dice = chance.random()
    if dice < 0.35:
        return word(chance)
    if dice < 0.6:
        return chance.choice(BETWEEN)
    if dice < 0.75:
        return link(chance)
    return chance.choice(OLD_EMOJI if dice < 0.87 else EVERY_EMOJI) * chance.choice((1, 1, 1, 2))


def generated(chance: random.Random) -> str:
    """A text of a few pieces, or of so many that it weighs about 280."""
    text = "".join(piece(chance) for _ in range(chance.randint(1, 12)))
    if chance.random() < 0.5:
        while weighted_length(text) < 270:
            text += piece(chance)
        text += "x" * max(chance.randint(-6, 6) + 280 - weighted_length(text), 0)
    return text if chance.random() < 0.98 else text + chance.choice("\ufffe\ufeff\uffff\ud83d")


@pytest.fixture(scope="module")
def counted() -> list[Counted]:
    """The texts: every emoji by itself, every top-level domain, and what chance makes."""
    chance = random.Random(SEED)
    texts = [*EVERY_EMOJI, *(f"see foo.{tld}/x and http://{tld}.{tld}" for tld in EVERY_TLD)]
    while len(texts) < MAX_TEXTS + len(EVERY_EMOJI) + len(EVERY_TLD):
        texts.append(generated(chance))
    return counted_by_twitter_text(texts)


def test_nothing_that_twitter_text_refuses_is_valid_here(counted: list[Counted]) -> None:
    assert [each.text for each in counted if not each.valid and parse(each.text).valid] == []
    refused = sum(not each.valid for each in counted)
    print(f"{len(counted)} texts, {refused} refused by twitter-text")
    assert refused > MAX_TEXTS // 5


def test_what_twitter_text_takes_is_refused_only_for_a_known_reason(counted: list[Counted]) -> None:
    kinds: Counter[str] = Counter()
    for each in counted:
        if each.valid and not parse(each.text).valid and not is_blank(each.text):
            kinds[kind_of(each.text) or ("a lone surrogate" if "\ud83d" in each.text else each.text)] += 1
    print(kinds)
    assert set(kinds) <= {*KINDS, "a lone surrogate"}


def test_the_weights_are_equal_but_for_what_the_lists_know_differently(counted: list[Counted]) -> None:
    ours = [weighted_length(each.text) for each in counted]
    differing = [(each, weight) for each, weight in zip(counted, ours, strict=True) if weight != each.weight]
    print(f"{len(differing)} of {len(counted)} differ: {Counter(kind_of(each.text) for each, _ in differing)}")
    assert [each for each, _ in differing if kind_of(each.text) is None] == []
    assert [pair for pair in differing if pair[1] < pair[0].weight and kind_of(pair[0].text) != CUT] == []
    assert len(differing) < len(counted) // 20


def test_there_are_as_many_links_but_for_new_top_level_domains(counted: list[Counted]) -> None:
    # of a text that is refused anyway, not every link is looked for here
    both = [(each, parse(each.text)) for each in counted if each.valid]
    differing = [each for each, ours in both if ours.valid and len(ours.urls) != len(each.urls)]
    assert [each for each in differing if not _has_new_tld(nfc(each.text))] == []


def test_the_lists_of_top_level_domains_differ_as_noted(counted: list[Counted]) -> None:
    texts = [f"http://foo.{tld}" for tld in EVERY_TLD]
    known = {tld for tld, each in zip(EVERY_TLD, counted_by_twitter_text(texts), strict=True) if each.urls}
    assert set(EVERY_TLD) - known == NOT_IN_TWITTER_TEXT
    assert known >= NOT_IN_IANA

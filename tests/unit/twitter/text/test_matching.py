"""Whether a post on the timeline is the one that was sent, against a small model of what X makes of a text."""

import time
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twitter_manager.twitter.text.canonical import canonical
from twitter_manager.twitter.text.matching import (
    SeenPost,
    SeenUrl,
    SentPost,
    Verdict,
    canonical_seen,
    compare,
)
from twitter_manager.twitter.text.normalization import nfc
from twitter_manager.twitter.text.urls import find_urls

SAME, DOUBTFUL, OTHER = Verdict.SAME, Verdict.DOUBTFUL, Verdict.OTHER
MEDIA_LINK = "https://x.com/alice/status/900/photo/1"
LONG = "Every morning the harbour wakes before the town does, and so do I. " * 6


def at_x(
    text: str, /, *, reply_to: str | None = None, quote_of: str | None = None, media_count: int = 0, **changes: object
) -> SeenPost:
    """What X gives back for a text: NFC, t.co for links and for media and quotes, then escapes."""
    normal, links = nfc(text).strip(), []
    slugs = (f"https://t.co/{number:010d}" for number in count(1))
    for url in find_urls(normal)[::-1]:
        short, target = next(slugs), normal[url.start : url.end]
        links.append(SeenUrl(short, target if "://" in target else f"http://{target}"))
        normal = normal[: url.start] + short + normal[url.end :]
    shown = normal.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    added = [MEDIA_LINK] * bool(media_count) + [f"https://twitter.com/bob/status/{quote_of}"] * bool(quote_of)
    for target in added:
        links.append(SeenUrl(next(slugs), target))
        shown = f"{shown} {links[-1].url}".strip()
    post = SeenPost(
        id="900",
        text=shown,
        urls=tuple(links),
        reply_to=reply_to,
        quote_of=quote_of,
        media_count=media_count,
        created_at=None,
    )
    return replace(post, **changes)  # type: ignore[arg-type]


def unexplained(post: SeenPost) -> SeenPost:
    return replace(post, urls=tuple(replace(link, expanded_url=None) for link in post.urls))


@pytest.mark.parametrize("after", ["zero", "0", "é", ".", "/x"])
def test_a_link_ends_where_x_says_whatever_follows(after: str) -> None:
    post = replace(
        at_x(""),
        text=f"https://t.co/abcdefghij{after} https://t.co/abcdefghijk",
        urls=(
            SeenUrl("https://t.co/abcdefghij", "https://example.com/a"),
            SeenUrl("https://t.co/abcdefghijk", "https://example.com/b"),
        ),
    )
    assert canonical_seen(post) == canonical(f"https://example.com/a{after} https://example.com/b")
    sent = SentPost(text=f"https://example.com/a\u200b{after} https://example.com/b", reply_to=None)
    assert compare(sent, post) is Verdict.DOUBTFUL


sentences = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=80
)
posts = st.one_of(
    sentences,
    st.lists(
        st.sampled_from(
            [
                *["Read", "&amp;", "<b>", "17", "https://a.com/x?y=1&z=2", "Example.com", "http://foo.jp/", "日本語"],
                *[
                    "@bob",
                    "#tag",
                    "\n\n",
                    "t.co",
                    "https://foo.org/Caf%C3%A9/",
                    "twitter.jp日本語it.so",
                    "e\u0301",
                    "…",
                ],
            ]
        ),
        max_size=12,
    ).map(" ".join),
    st.text(st.sampled_from("a.com/:é語-_@#()? &;htps1"), max_size=60),
)
ids = st.one_of(st.none(), st.integers(1, 5).map(str))


@given(text=posts, reply_to=ids, quote_of=ids, media_count=st.integers(0, 4))
def test_what_x_makes_of_a_post_is_the_same_post(
    text: str, reply_to: str | None, quote_of: str | None, media_count: int
) -> None:
    sent = SentPost(text, reply_to, quote_of, media_count)
    seen = at_x(text, reply_to=reply_to, quote_of=quote_of, media_count=media_count)
    assert compare(sent, seen) is SAME


@given(text=posts, reply_to=ids, media_count=st.integers(0, 1))
def test_a_post_with_unexplained_links_is_never_passed_by(text: str, reply_to: str | None, media_count: int) -> None:
    sent = SentPost(text, reply_to, None, media_count)
    seen = unexplained(at_x(text, reply_to=reply_to, media_count=media_count))
    assert compare(sent, seen) is not OTHER


@given(text=posts, parent=ids, other_parent=ids, media_count=st.integers(0, 1), other_count=st.integers(0, 1))
def test_the_same_text_with_other_surroundings_is_doubtful(
    text: str, parent: str | None, other_parent: str | None, media_count: int, other_count: int
) -> None:
    assume((parent, media_count) != (other_parent, other_count))
    seen = at_x(text, reply_to=other_parent, media_count=other_count)
    assert compare(SentPost(text, parent, None, media_count), seen) is DOUBTFUL


@given(st.integers(0, 99_999), st.integers(0, 99_999), st.sampled_from(["", LONG]), st.booleans())
def test_another_number_makes_another_post(number: int, other: int, before: str, is_link: bool) -> None:
    assume(number != other)
    pattern = f"{before}Issue %d https://a.com/%d" if is_link else f"{before}Tweet %d of the day"
    ours, theirs = (pattern.replace("%d", str(value)) for value in (number, other))
    assert compare(SentPost(ours, None), at_x(theirs)) is OTHER


@given(posts, posts, ids, ids)
def test_no_pair_makes_it_raise_and_same_means_equal(
    one: str, other: str, parent: str | None, seen: str | None
) -> None:
    verdict = compare(SentPost(one, parent), at_x(other, reply_to=seen))
    if verdict is SAME:
        assert parent == seen
        assert canonical(other).endswith(canonical(one))


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_any_text_is_equal_to_itself(text: str) -> None:
    assert compare(SentPost(text, None), at_x("x", long_text=text.replace("&", "&amp;"))) is SAME


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (" a \n\n b\u3000c\u00a0", "a b c"),
        ("cafe\u0301", "café"),
        ("Tom &amp; Jerry", "Tom &amp; Jerry"),  # our own text is never unescaped
        ("See HTTPS://Example.COM/Path/ now", "See example.com/Path now"),
        ("example.com/", "example.com"),
        ("http://example.com/?q=1", "example.com?q=1"),
        ("https://foo.org/Caf%C3%A9", "foo.org/Café"),
        ("http://foo.org/a%zz%", "foo.org/a%zz%"),
        ("http://xn--n3h.net and http://☃.net", "☃.net and ☃.net"),
        ("http://xn--99999999999.com", "xn--99999999999.com"),
        ("http://a.com/?x=1&amp;y=2", "a.com?x=1&y=2"),  # inside a link only
        ("https://twitter.com/bob/status/1", "x.com/bob/status/1"),
        ("No.Lnk here", "No.Lnk here"),
    ],
)
def test_canonical_form(text: str, form: str) -> None:
    assert canonical(text) == form


def test_escapes_are_undone_once_and_on_the_side_of_x_alone() -> None:
    assert compare(SentPost("a &amp; b", None), at_x("", text="a &amp;amp; b")) is SAME
    assert compare(SentPost("a & b < c", None), at_x("", text="a &amp; b &lt; c")) is SAME
    assert compare(SentPost('"it\'s"', None), at_x("", text="&quot;it&#39;s&quot;")) is SAME
    assert compare(SentPost("a &amp; b", None), at_x("", text="a &amp; b")) is not SAME


def test_what_x_adds_for_media_and_quotes_is_cut() -> None:
    seen = at_x("Look", media_count=2, quote_of="5")
    assert seen.text.count("https://t.co/") == 2
    assert canonical_seen(seen) == "Look"
    assert compare(SentPost("Look", None, "5", 2), seen) is SAME


def test_a_link_to_a_post_in_our_own_text_makes_it_a_quote() -> None:
    text = "Look https://x.com/bob/status/5"
    assert compare(SentPost(text, None), replace(at_x(text), quote_of="5")) is SAME
    assert compare(SentPost("Look", None), at_x("Look", quote_of="5")) is DOUBTFUL


def test_media_of_our_own_making_is_not_taken_for_that_of_x() -> None:
    assert compare(SentPost("Look", None), at_x(f"Look {MEDIA_LINK}")) is DOUBTFUL


def test_a_link_to_itself_is_x_s_addition() -> None:
    links = (SeenUrl("https://t.co/me", "https://twitter.com/i/web/status/900"),)
    assert compare(SentPost("Look", None), at_x("", text="Look https://t.co/me", urls=links)) is SAME


def test_another_quote_or_none_told_is_doubtful() -> None:
    sent = SentPost("So true", None, "5")
    assert compare(sent, at_x("So true", quote_of="6")) is DOUBTFUL
    assert compare(sent, at_x("So true")) is DOUBTFUL
    assert compare(sent, replace(at_x("So true", quote_of="5"), quote_of=None)) is SAME  # the link at the end tells it


def test_a_post_of_media_alone_is_found() -> None:
    assert compare(SentPost("", None, None, 1), at_x("", media_count=1)) is SAME
    assert compare(SentPost("", None, None, 1), unexplained(at_x("", media_count=1))) is DOUBTFUL
    assert compare(SentPost("", None, None, 1), at_x("Something else", media_count=1)) is OTHER


def test_a_link_at_the_end_that_x_explains_oddly_may_be_the_media() -> None:
    seen = at_x("Look", text="Look https://t.co/abc", urls=(SeenUrl("https://t.co/abc", "https://pic.x.com/z"),))
    assert compare(SentPost("Look", None, None, 1), replace(seen, media_count=1)) is DOUBTFUL
    assert compare(SentPost("Look", None), seen) is OTHER  # nothing but a link more: another post


def test_mentions_added_to_a_reply_are_x_s_doing_if_the_parent_is_ours() -> None:
    sent = SentPost("Thank you", "5")
    assert compare(sent, at_x("@bob @carol Thank you", reply_to="5")) is SAME
    assert compare(sent, at_x("@bob @carol Thank you", reply_to="6")) is DOUBTFUL
    assert compare(sent, at_x("@bob @carol Thank you")) is DOUBTFUL
    assert compare(sent, at_x("@bobThank you", reply_to="5")) is OTHER
    assert compare(SentPost("@bob Thank you", "5"), at_x("Thank you", reply_to="5")) is DOUBTFUL
    assert compare(SentPost("Thank you", None), at_x("@bob Thank you")) is OTHER
    assert compare(SentPost("@bob hello", None), at_x("@carol hello")) is OTHER


def test_a_reply_whose_parent_x_does_not_tell_is_doubtful() -> None:
    assert compare(SentPost("Yes", "5"), at_x("Yes")) is DOUBTFUL


def test_our_own_t_co_links_may_be_explained_or_not() -> None:
    sent = SentPost("Read https://t.co/own1", None)
    explained = (SeenUrl("https://t.co/own1", "https://news.example.com/long"),)
    assert compare(sent, at_x("", text=sent.text, urls=explained)) is SAME
    assert compare(sent, at_x("", text=sent.text)) is SAME
    wrapped = (SeenUrl("https://t.co/x2", "https://news.example.com/long"),)
    assert compare(sent, at_x("", text="Read https://t.co/x2", urls=wrapped)) is DOUBTFUL


def test_a_short_link_is_not_taken_for_a_longer_one_that_begins_alike() -> None:
    links = (SeenUrl("https://t.co/a", "http://one.com"), SeenUrl("https://t.co/ab", "http://two.com"))
    seen = at_x("", text="https://t.co/ab then https://t.co/a", urls=links)
    assert compare(SentPost("two.com then one.com", None), seen) is SAME


def test_a_long_post_is_read_whole_if_x_gives_it_whole() -> None:
    end = " The end: example.com"
    whole = at_x(LONG + end)
    seen = replace(whole, text=whole.text[:270] + "…", long_text=whole.text, urls=(), long_urls=whole.urls)
    assert compare(SentPost(LONG + end, None), seen) is SAME
    assert compare(SentPost(LONG + "Another end", None), seen) is not SAME


@pytest.mark.parametrize("end", ["…", "… https://t.co/abc", ""])
def test_a_long_post_cut_short_is_doubtful(end: str) -> None:
    assert compare(SentPost(LONG, None), at_x("", text=LONG[:270] + end)) is DOUBTFUL
    assert compare(SentPost(LONG, None), at_x("", text="Nothing " + LONG[:262] + end)) is OTHER


def test_a_beginning_is_not_enough_for_a_short_post() -> None:
    assert compare(SentPost("Good morning to everybody out there", None), at_x("Good morning to everybody")) is OTHER
    assert compare(SentPost("Good morning", None), at_x("Good…")) is OTHER


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        ("I ❤ this!", "I ❤️ this", DOUBTFUL),  # signs dropped or changed
        ("ﬁne ２", "fine 2", DOUBTFUL),
        ("❤❤", "❤️❤️", DOUBTFUL),
        ("🎉🎉", "👍", OTHER),
        ("!", "?", OTHER),
        ("The quick brown fox jumps over it", "The quick brown fox jumps over if", DOUBTFUL),
        ("Short one", "Short two", OTHER),
        ("Hello", "Goodbye", OTHER),
        ("Hello", "", OTHER),
        ("See https://a.com/one", "See https://b.org/two", OTHER),
        ("See Foo.nosuchtld/Path/", "See http://foo.nosuchtld/Path", DOUBTFUL),
    ],
)
def test_near_texts_are_doubtful_and_far_ones_are_other(ours: str, theirs: str, verdict: Verdict) -> None:
    assert compare(SentPost(ours, None), at_x(theirs)) is verdict


def test_two_far_apart_changes_in_a_long_text_are_still_near() -> None:
    text = "".join(f"part {word} and " for word in ["wind", "rain", "snow", "fog", "sun"] * 200)
    changed = f"{text[:40]}X{text[41:-40]}Y{text[-39:]}"
    assert compare(SentPost(text, None), at_x(changed)) is DOUBTFUL
    assert compare(SentPost(text, None), at_x(text[::-1])) is OTHER


@pytest.mark.parametrize(
    "piece", ["lorem ipsum dolor ", "ab", "a.co/( ", "x.co ", "\u0316\u0300", "日本語", "@a ", "…"]
)
def test_long_texts_are_compared_at_once(piece: str) -> None:
    text = (piece * 25_000)[:25_000]
    for theirs in (text[:-1] + "!", text[::-1], f"{text[:90]}Q{text[90:-90]}Z{text[-90:]}"):
        start = time.thread_time()
        compare(SentPost(text, "5"), at_x("x", long_text=theirs, reply_to="5"))
        assert time.thread_time() - start < 1.0

"""The body of POST /2/tweets, checked against CreatePostsRequest of its OpenAPI document."""

from collections.abc import Callable
from typing import Any

from twitter_manager.simulator.call import id_of
from twitter_manager.simulator.posts import Draft
from twitter_manager.simulator.problems import Refusal, forbidden, invalid_body

__all__ = ["draft_from"]

MAX_TEXT = 25_000
EXCLUSIVE = ("media", "poll", "quote_tweet_id", "card_uri", "direct_message_deep_link")
REPLY_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")
Check = Callable[[str, Any], None]


def draft_from(body: dict[str, Any]) -> Draft:
    """Raises Refusal: 400 for what the schema does not allow, 403 for a text that is too long."""
    _object(FIELDS)("$", body)
    text = body.get("text", "")
    if not text.strip() and "media" not in body:
        raise Refusal(invalid_body("$.text: is missing but it is required"))
    if len(text) > MAX_TEXT:
        raise Refusal(forbidden("Your Tweet text is too long. For more information, see the documentation."))
    if sum(name in body for name in EXCLUSIVE) > 1:
        raise Refusal(invalid_body(f"only one of {', '.join(EXCLUSIVE)} may be given"))
    if "edit_options" in body:
        raise Refusal(forbidden("You are not permitted to perform this action."))
    return Draft(
        text=text,
        in_reply_to=body.get("reply", {}).get("in_reply_to_tweet_id"),
        quote_of=body.get("quote_tweet_id"),
        media_ids=body.get("media", {}).get("media_ids", []),
        poll=body.get("poll"),
        reply_settings=body.get("reply_settings", "everyone"),
    )


def _wrong(path: str, what: str) -> Refusal:
    return Refusal(invalid_body(f"{path}: {what}"))


def _text(path: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _wrong(path, "must be a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(path, "holds half a surrogate pair")


def _flag(path: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise _wrong(path, "must be a boolean")


def _id(path: str, value: Any) -> None:
    if not isinstance(value, str) or id_of(value) is None:
        raise _wrong(path, "does not match the regex pattern ^[0-9]{1,19}$")


def _minutes(path: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 5 <= value <= 10080:
        raise _wrong(path, "must be an integer from 5 to 10080")


def _reply_settings(path: str, value: Any) -> None:
    if value not in REPLY_SETTINGS:
        raise _wrong(path, f"does not have a value in the enumeration {list(REPLY_SETTINGS)}")


def _option(path: str, value: Any) -> None:
    _text(path, value)
    if not 1 <= len(value) <= 25:
        raise _wrong(path, "must be 1 to 25 characters")


def _list(check: Check, *, minimum: int, maximum: int) -> Check:
    def checked(path: str, value: Any) -> None:
        if not isinstance(value, list) or not minimum <= len(value) <= maximum:
            raise _wrong(path, f"must be a list of {minimum} to {maximum} items")
        for index, item in enumerate(value):
            check(f"{path}[{index}]", item)

    return checked


def _object(fields: dict[str, Check], *, required: tuple[str, ...] = ()) -> Check:
    def checked(path: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise _wrong(path, "must be an object")
        for name in required:
            if name not in value:
                raise _wrong(f"{path}.{name}", "is missing but it is required")
        for name, item in value.items():
            if name not in fields:
                raise _wrong(
                    f"{path}.{name}", "is not defined in the schema and the schema does not allow additional properties"
                )
            fields[name](f"{path}.{name}", item)

    return checked


def _anything(_path: str, _value: Any) -> None:
    """For a field that is not checked here."""


MEDIA: dict[str, Check] = {
    "media_ids": _list(_id, minimum=1, maximum=4),
    "tagged_user_ids": _list(_id, minimum=0, maximum=10),
    "preview_media_id": _id,
    "title": _text,
    "description": _text,
    "embeddable": _flag,
    "call_to_actions": _anything,
}
POLL: dict[str, Check] = {
    "options": _list(_option, minimum=2, maximum=4),
    "duration_minutes": _minutes,
    "reply_settings": _reply_settings,
}
REPLY: dict[str, Check] = {
    "in_reply_to_tweet_id": _id,
    "exclude_reply_user_ids": _list(_text, minimum=0, maximum=100),
    "auto_populate_reply_metadata": _flag,
}
FIELDS: dict[str, Check] = {
    "text": _text,
    "media": _object(MEDIA, required=("media_ids",)),
    "poll": _object(POLL, required=("options", "duration_minutes")),
    "reply": _object(REPLY, required=("in_reply_to_tweet_id",)),
    "quote_tweet_id": _id,
    "reply_settings": _reply_settings,
    "community_id": _id,
    "share_with_followers": _flag,
    "for_super_followers_only": _flag,
    "nullcast": _flag,
    "card_uri": _text,
    "direct_message_deep_link": _text,
    "geo": _object({"place_id": _text}, required=("place_id",)),
    "made_with_ai": _flag,
    "paid_partnership": _flag,
    "edit_options": _object({"previous_post_id": _id}, required=("previous_post_id",)),
}

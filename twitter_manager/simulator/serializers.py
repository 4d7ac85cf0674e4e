"""Posts and users as X's JSON, in the vocabulary the caller speaks.

`tweet.fields` gets the names of 2.166 (retweet_count, referenced_tweets, …), anything else those of 2.167
(repost_count, referenced_posts, …). Unknown field names are ignored, as X does.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from twitter_manager.simulator import posts, users
from twitter_manager.simulator.call import Call
from twitter_manager.simulator.links import shortened
from twitter_manager.simulator.posts import Post
from twitter_manager.simulator.users import User

__all__ = ["View", "post_json", "posts_body", "user_json", "view_of"]


@dataclass(frozen=True)
class View:
    is_old: bool
    fields: frozenset[str]
    expansions: frozenset[str]
    user_fields: frozenset[str]

    def name(self, new: str) -> str:
        """The field in the caller's vocabulary."""
        return OLD_NAMES.get(new, new) if self.is_old else new

    def wants(self, new: str) -> bool:
        """As a field or, where the vocabulary has it so, as an expansion."""
        name = self.name(new)
        if new in EXPANDED:
            return name in self.expansions or f"{name}.id" in self.expansions or (self.is_old and name in self.fields)
        return name in self.fields


OLD_NAMES = {
    "referenced_posts": "referenced_tweets",
    "edit_history_post_ids": "edit_history_tweet_ids",
    "note_post": "note_tweet",
    "repost_count": "retweet_count",
    "post_count": "tweet_count",
    "posts": "tweets",
}
EXPANDED = frozenset({"author_id", "in_reply_to_user_id", "referenced_posts", "edit_history_post_ids", "username"})


def view_of(call: Call) -> View:
    query = call.request.query
    expansions = frozenset(call.many("expansions"))
    old_expansion = any("tweet" in name and name != "attachments.media_source_tweet" for name in expansions)
    is_old = "post.fields" not in query and ("tweet.fields" in query or old_expansion)
    fields = frozenset(call.many("tweet.fields" if is_old else "post.fields"))
    return View(is_old, fields, expansions, frozenset(call.many("user.fields")))


def posts_body(call: Call, data: list[Post], view: View) -> dict[str, Any]:
    """`data` (a list) and `includes` for those posts."""
    body: dict[str, Any] = {}
    if data:
        body["data"] = [post_json(call.db, post, view) for post in data]
    includes = _includes(call, data, view)
    if includes:
        body["includes"] = includes
    return body


def post_json(db: sqlite3.Connection, post: Post, view: View) -> dict[str, Any]:
    text = shortened(post.text)
    shown: dict[str, Any] = {"id": post.id, "text": text}
    if view.is_old:
        shown["edit_history_tweet_ids"] = posts.edit_history(db, post.id)
    optional = {**_plain_fields(post, text), **_related_fields(db, post, view)}
    shown |= {view.name(name): value for name, value in optional.items() if view.wants(name) and value is not None}
    return shown


def _plain_fields(post: Post, text: str) -> dict[str, Any]:
    urls = [url for url in post.urls if url["end"] <= len(text)]
    attachments: dict[str, Any] = {}
    if post.media_ids:
        attachments["media_keys"] = [f"3_{media_id}" for media_id in post.media_ids]
    if post.poll:
        attachments["poll_ids"] = [post.id]
    return {
        "author_id": post.author_id,
        "created_at": post.created_at,
        "conversation_id": post.conversation_id,
        "entities": {"urls": urls} if urls else None,
        "attachments": attachments or None,
        "lang": "und",
        "possibly_sensitive": False,
        "reply_settings": post.reply_settings,
        "edit_controls": {"edits_remaining": 0, "is_edit_eligible": False, "editable_until": post.created_at},
        "note_post": {"text": post.text, "entities": {"urls": post.urls}} if text != post.text else None,
    }


def _related_fields(db: sqlite3.Connection, post: Post, view: View) -> dict[str, Any]:
    """Those that need further queries, only if they were asked for."""
    found: dict[str, Any] = {}
    if view.wants("edit_history_post_ids"):
        found["edit_history_post_ids"] = posts.edit_history(db, post.id)
    if view.wants("referenced_posts"):
        links = [("replied_to", post.in_reply_to), ("quoted", post.quote_of)]
        found["referenced_posts"] = [{"type": kind, "id": other} for kind, other in links if other] or None
    if view.wants("in_reply_to_user_id") and post.in_reply_to:
        parent = posts.find(db, post.in_reply_to)
        found["in_reply_to_user_id"] = parent.author_id if parent else None
    if view.wants("username"):
        author = users.find(db, post.author_id)
        found["username"] = author.username if author else None
    if view.wants("public_metrics"):
        found["public_metrics"] = _post_metrics(db, post, view)
    return found


def _post_metrics(db: sqlite3.Connection, post: Post, view: View) -> dict[str, int]:
    replies, quotes = posts.counts(db, post.id)
    nobody_did = dict.fromkeys((view.name("repost_count"), "like_count", "bookmark_count", "impression_count"), 0)
    return {**nobody_did, "reply_count": replies, "quote_count": quotes}


def _includes(call: Call, data: list[Post], view: View) -> dict[str, Any]:
    referenced = {other: None for post in data for other in (post.in_reply_to, post.quote_of) if other}
    parents = [seen for other in referenced if (seen := posts.find_visible(call.db, other, now=call.now))]
    people = {post.author_id: None for post in data} if "author_id" in view.expansions else {}
    if "in_reply_to_user_id" in view.expansions:
        replied_to = {post.in_reply_to for post in data}
        people |= {parent.author_id: None for parent in parents if parent.id in replied_to}
    includes: dict[str, Any] = {}
    if people:
        found = [user for user_id in people if (user := users.find(call.db, user_id))]
        includes["users"] = [user_json(call.db, user, view) for user in found]
    if parents and {"referenced_posts", "referenced_tweets.id"} & view.expansions:
        includes[view.name("posts")] = [post_json(call.db, parent, view) for parent in parents]
    return includes


def user_json(db: sqlite3.Connection, user: User, view: View) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": user.id, "name": user.name, "username": user.username}
    if "public_metrics" in view.user_fields:
        shown["public_metrics"] = {
            "followers_count": user.followers,
            "following_count": user.following,
            view.name("post_count"): posts.count_of_author(db, user.id),
            "listed_count": 0,
            "like_count": 0,
            "media_count": 0,
        }
    optional: dict[str, Any] = {
        "created_at": user.created_at,
        "description": user.description,
        "location": user.location,
        "protected": False,
        "verified": False,
        "verified_type": "none",
        "subscription_type": user.subscription_type,
        "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
    }
    return shown | {name: value for name, value in optional.items() if name in view.user_fields}

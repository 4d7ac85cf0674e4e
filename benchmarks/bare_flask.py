"""A bare Flask function for each of the two calls, on the service's own server and storage functions: no key, no
validation, no log, nothing but what storing and showing takes. `python -m benchmarks.bare_flask DATABASE PORT`, with a
file of SQLite or the URL of a PostgreSQL database.
"""

import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

from flask import Flask, Response, jsonify, request

from twitter_manager.api.http.json_provider import OrjsonProvider
from twitter_manager.api.tweet_responses import tweet_to_json
from twitter_manager.services.posts import fingerprint
from twitter_manager.serving.server import Server
from twitter_manager.storage import tweet_lists, tweets
from twitter_manager.storage.database import Database
from twitter_manager.storage.postgres.engine import PostgresDatabase
from twitter_manager.storage.sqlite.engine import SqliteDatabase
from twitter_manager.storage.tweet_lists import TweetFilter
from twitter_manager.storage.tweets import NewTweet

ROWS = 50


def bare_app(db: Database) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.json = OrjsonProvider(app)
    settings = SimpleNamespace(base_url="http://127.0.0.1")  # a tweet shown has its address in it
    app.extensions["services"] = SimpleNamespace(settings=settings)

    @app.post("/api/v1/tweet")
    def create() -> tuple[Response, int]:
        sent = request.get_json()
        text = sent["text"]
        with db.transaction(account_id=()) as tx:
            new = NewTweet(account_id=sent["account_id"], content=text, fingerprint=fingerprint(text))
            tweet = tweets.insert(tx, new)
        return jsonify({"message": "Tweet created", "tweet_id": tweet.id}), 201

    @app.get("/api/v1/tweets")
    def show_page() -> Response:
        which = TweetFilter()
        rows = [tweet_to_json(each) for each in tweet_lists.list_page(db, which, limit=ROWS)]
        return jsonify({"tweets": rows, "total": tweet_lists.count(db, which)})

    return app


def main() -> None:
    """Serves until SIGTERM."""
    name, port = sys.argv[1], int(sys.argv[2])
    db = PostgresDatabase(name) if name.startswith("postgresql:") else SqliteDatabase(Path(name))
    server = Server(bare_app(db), host="127.0.0.1", port=port)
    server.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    while not ended.wait(1.0):
        pass
    server.stop()


if __name__ == "__main__":
    main()

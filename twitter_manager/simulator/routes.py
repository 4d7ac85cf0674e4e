"""Every call this X knows: scopes, limit per user and 15 minutes (docs.x.com: rate limits), query parameters."""

from dataclasses import dataclass, field

__all__ = ["ROUTES", "Route", "allowed_methods", "match", "names"]

READ = frozenset({"tweet.read", "users.read"})
WRITE = frozenset({"tweet.read", "tweet.write", "users.read"})
# Both vocabularies: post.fields since 2.167, tweet.fields before (X's OpenAPI document).
POST_FIELDS = frozenset(
    {"post.fields", "tweet.fields", "expansions", "user.fields", "media.fields", "poll.fields", "place.fields"}
)
USER_FIELDS = frozenset({"user.fields", "expansions", "post.fields", "tweet.fields"})
PAGE = frozenset({"max_results", "pagination_token", "since_id", "until_id", "start_time", "end_time", "exclude"})


@dataclass(frozen=True)
class Route:
    """One call. With `scopes` it needs a user's bearer token; without, it is open (token endpoint, consent page)."""

    method: str
    path: str
    scopes: frozenset[str] = frozenset()
    limit: int = 0
    query: frozenset[str] = field(default=frozenset())

    @property
    def name(self) -> str:
        """For example "GET /2/users/{id}/tweets"."""
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        """Whether it needs a bearer token."""
        return bool(self.scopes)


# A literal path comes before a pattern that would match it, too.
ROUTES = (
    Route("GET", "/i/oauth2/authorize"),
    Route("POST", "/i/oauth2/authorize"),
    Route("GET", "/{username}/status/{id}"),
    Route("POST", "/2/oauth2/token"),
    Route("POST", "/2/oauth2/revoke"),
    Route("POST", "/2/tweets", scopes=WRITE, limit=100),
    Route("GET", "/2/tweets", scopes=READ, limit=5000, query=POST_FIELDS | {"ids"}),
    Route("GET", "/2/tweets/{id}", scopes=READ, limit=900, query=POST_FIELDS),
    Route("DELETE", "/2/tweets/{id}", scopes=WRITE, limit=50),
    Route("GET", "/2/users/me", scopes=READ, limit=75, query=USER_FIELDS),
    Route("GET", "/2/users/by/username/{username}", scopes=READ, limit=900, query=USER_FIELDS),
    Route("GET", "/2/users/{id}", scopes=READ, limit=900, query=USER_FIELDS),
    Route("GET", "/2/users/{id}/tweets", scopes=READ, limit=900, query=POST_FIELDS | PAGE),
)


def match(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route, and the values in its path."""
    for route in ROUTES:
        values = _values(route.path, path)
        if route.method == method and values is not None:
            return route, values
    return None


def allowed_methods(path: str) -> list[str]:
    """Empty for an unknown path."""
    return [route.method for route in ROUTES if _values(route.path, path) is not None]


def names() -> list[str]:
    return [route.name for route in ROUTES]


def _values(pattern: str, path: str) -> dict[str, str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values = {}
    for want, have in zip(wanted, given, strict=True):
        if want.startswith("{") and have:
            values[want.strip("{}")] = have
        elif want != have:
            return None
    return values

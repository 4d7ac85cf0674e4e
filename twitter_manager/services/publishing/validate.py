"""What would happen to a post or a thread, without doing anything: problems, lengths, warnings, what X charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from twitter_manager.errors import ServiceError
from twitter_manager.services.context import Context
from twitter_manager.services.posts import Post, PublishRequest, named_in_thread, problems_of_post
from twitter_manager.services.publishing.enqueue import enqueue_problems
from twitter_manager.services.rate_limits.forecast import PublishWarning, forecast, warnings_of_texts
from twitter_manager.storage import accounts
from twitter_manager.twitter.prices import price_of_post
from twitter_manager.twitter.text.parse import ParsedText, parse

__all__ = ["Report", "Validation"]


@dataclass(frozen=True, slots=True)
class Report:
    """`problems`: what stands against it, each as the error that would refuse it; `parts`: how X counts the texts."""

    problems: Sequence[ServiceError]
    parts: Sequence[ParsedText]
    warnings: Sequence[PublishWarning]
    cost: Decimal  # US dollars


class Validation:
    """Looks at posts before they are handed over."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self, request: PublishRequest, others: Sequence[Post] = (), *, is_thread: bool = False) -> Report:
        """On the post of `request`, or on the thread that it begins. Raises NotFound for an unknown account."""
        posts = (request.post, *others)
        parts = [parse(post.text) for post in posts]
        problems: list[ServiceError] = []
        for index, post in enumerate(posts):
            problems += [named_in_thread(each, index) if is_thread else each for each in problems_of_post(post)]
        db, now = self._context.db, self._context.clock()
        of_place = enqueue_problems(db, request, now, is_refused=any(problems_of_post(request.post)))
        problems += [named_in_thread(each) if is_thread else each for each in of_place]
        of_texts = warnings_of_texts([post for post in posts if not any(problems_of_post(post))], is_thread=is_thread)
        warnings = [*of_texts, *forecast(db, [request] * len(posts), now)]
        account = accounts.get(db, request.account_id)
        if account.status != "active":
            warnings.append(
                PublishWarning(code=account.error_code or f"account_{account.status}", account_id=account.id)
            )
        cost = sum((price_of_post(has_url=bool(part.urls)) for part in parts), Decimal(0))
        return Report(problems, parts, warnings, cost)

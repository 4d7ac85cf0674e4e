"""A dry run for a post or a thread: problems, lengths, warnings, what X charges."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from twitter_manager.errors import NotFound, ServiceError
from twitter_manager.services.context import Context
from twitter_manager.services.posts import Post, PublishRequest, named_in_thread
from twitter_manager.services.publishing.enqueue import AccountCache, check_request, enqueue_problems
from twitter_manager.services.publishing.slots import FreeSlots
from twitter_manager.services.publishing.warnings import (
    PublishWarning,
    warnings_of_parts,
    warnings_of_texts,
    warnings_of_windows,
)
from twitter_manager.twitter.prices import price_of_post
from twitter_manager.twitter.text.parse import MAX_CHARACTERS, ParsedText, parse

__all__ = ["Report", "Validation", "problem_to_json"]

MAX_WEIGHED = 20_000  # characters of a post on its own: more than X takes, so that one sees by how much


@dataclass(frozen=True, slots=True)
class Report:
    """`problems`: the errors that would refuse it; `parts`: how X counts the texts; `scheduled_at`: when it would go
    out, None: now."""

    problems: Sequence[ServiceError]
    parts: Sequence[ParsedText]
    warnings: Sequence[PublishWarning]
    cost: Decimal  # US dollars
    scheduled_at: datetime | None


def problem_to_json(problem: ServiceError) -> dict[str, object]:
    return {"field": problem.field, "code": problem.code, "message": problem.sentence, **problem.details}


class Validation:
    def __init__(self, context: Context) -> None:
        self._context = context

    def report(self, request: PublishRequest, others: Sequence[Post] = (), *, is_thread: bool = False) -> Report:
        """On the post of `request`, or the thread of it and the `others`. Raises NotFound for an unknown account."""
        db, now = self._context.db, self._context.clock()
        cache = AccountCache(db)
        account = cache.find(request.account_id)
        if account is None:
            raise NotFound("account_not_found", field="account_id")
        request = FreeSlots(db, now).resolve(request)
        checked = [check_request(dataclasses.replace(request, post=post)) for post in (request.post, *others)]
        found = [(index, problem) for index, part in enumerate(checked) for problem in part.problems]
        found += [(0, problem) for problem in enqueue_problems(db, checked[0], cache, now)]
        problems = [named_in_thread(problem, index) if is_thread else problem for index, problem in found]
        max_length = MAX_WEIGHED if len(checked) == 1 else MAX_CHARACTERS
        parts = [parse(part.request.post.text, max_length=max_length) for part in checked]
        good = [part.request.post for part in checked if not part.problems]
        warnings = [
            *warnings_of_texts(good, is_thread=is_thread),
            *warnings_of_parts(db, checked, now),
            *warnings_of_windows(db, [request] * len(parts), now, mock=account.mock),
        ]
        if account.status != "active":
            warnings.append(
                PublishWarning(code=account.error_code or f"account_{account.status}", account_id=account.id)
            )
        cost = sum((price_of_post(has_url=bool(part.urls)) for part in parts), Decimal(0))
        return Report(problems, parts, warnings, cost, request.schedule_at)

"""The OpenAPI 3.1 document, made from the code: paths and methods from the routes, words from the views' docstrings,
bodies from the models that the views read them with, errors from error_codes.py with their statuses of api/errors.py.

    document.py    the whole: `describe(app)`
    responses.py   answers, the good ones and the errors
    error.py       the one shape of errors
    schemas.py     pydantic models to schemas and examples
    operations.py  what is said of an endpoint
    health accounts tweets posting …    the endpoints, a table per resource
    postman.py     a Postman collection made from the document; postman_run.py: its requests in order

To add an endpoint: an entry under its Flask endpoint (`tweets.show`) in its resource's table here, and a step in
postman_run.py. A new table needs a line in RESOURCES. tests/test_openapi_document.py says what is missing or untrue.
"""

from twitter_manager.api.openapi import accounts, health, posting, publishing, rate_limit, threads, tweets, webhooks
from twitter_manager.api.openapi.operations import Operation, Resource

__all__ = ["NOT_DESCRIBED", "OPERATIONS", "RESOURCES"]

RESOURCES: tuple[Resource, ...] = (
    health.RESOURCE,
    accounts.RESOURCE,
    tweets.RESOURCE,
    posting.RESOURCE,
    publishing.RESOURCE,
    threads.RESOURCE,
    rate_limit.RESOURCE,
    webhooks.RESOURCE,
)
OPERATIONS: dict[str, Operation] = {
    endpoint: operation for resource in RESOURCES for endpoint, operation in resource.operations.items()
}
NOT_DESCRIBED = frozenset(  # pages and files for a person's browser; nobody calls them
    {"home.show", "consent.show", "consent.decide", "consent.show_post", "docs.show", "docs.asset", "docs.openapi"}
)

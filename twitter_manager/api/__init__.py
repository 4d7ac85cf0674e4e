"""The door for programs: JSON over HTTP, one file per resource. `twitter-manager routes` lists what it answers.

Every request passes, in this order: `request_log` (its id, later its line in the log), `hosts` (is it meant for us),
`audited` (is it a write), `auth` (the key; a new route needs one unless it stands in PUBLIC), `access` (what that key
may do), `queries` (no parameter but those of its Operation), `idempotency` (was this POST answered already), then the
view. These stand in http/.

    health stats mock_mode oauth accounts slots tweets tweet_lists posting publishing batches validation threads
    rate_limit webhooks webhook_deliveries audit api_keys
                          the resources: what each call takes, gives and can raise stands with its view
    post_requests         how a post is sent, wherever one can be; batch_requests: many in one call
    tweet_responses       what a tweet looks like, wherever one is shown; error_response: what an error looks like
    home consent docs     pages: the newcomer's, the simulated X's in mock mode, the documentation
    http/                 what every call passes
        current           what a view can reach: the services, the key, the request id, its Idempotency-Key
        inputs phrases    how bodies, ids, pages and filters are read, and in which words they are refused
        account_names     which account is meant, by its id or its username
        body_models moments   what models of bodies are made of: their base, ids, numbers, times
        json_bodies json_faults   bytes to JSON values, and why they are none
        queries           unknown and repeated parameters of the query
        errors            every error's status and the one shape; the only file that knows statuses
        auth wrong_keys   the key, and the limit on guessing one
        access            what the key may do, and whose things it sees
        audited           which requests are audited, and how they ended
        idempotency hosts head request_log
        forwarded         what a proxy may say of the path and the scheme it is asked under
        callback          which requests are X's answer
        pages             HTML, where a person rather than a program comes; the templates are in templates/
        application       Flask, without what each request would pay for and none needs; the headers of every response
        json_provider     JSON, faster than Flask's
    openapi/              the OpenAPI document and the Postman collection, made of all that

To add an endpoint: one function in one file, the resource's, under its route and its `Operation`:

    @blueprint.get("/<tweet_id>/metrics")
    @Operation(responses={200: TweetMetrics}, errors={NotFound: ("tweet_not_found",)})
    def show_metrics(tweet_id: str) -> Response:
        \"""What X counted for a tweet.\"""

The function reads its input with `inputs`, calls a service or reads storage, and returns JSON; what goes wrong is
raised, never returned. Above it stand the model of its body (an `inputs.Body`), the model of its response (a
`ResponseModel`) and the function that builds that response. One that makes something hands
`current.idempotent_call()` to the service, and names in `rebuild` how the response is built again. A new file needs a
line in RESOURCES; a request in openapi/postman_run.py and a row in docs/api.md make the rest. The tests name what is
missing or untrue.
"""

from twitter_manager.api import (
    accounts,
    api_keys,
    audit,
    batches,
    consent,
    docs,
    health,
    home,
    mock_mode,
    oauth,
    posting,
    publishing,
    rate_limit,
    slots,
    stats,
    threads,
    tweet_lists,
    tweets,
    validation,
    webhook_deliveries,
    webhooks,
)

__all__ = ["BLUEPRINTS"]

# Files that belong together share a blueprint; their order is that of the document.
RESOURCES = (
    health,
    stats,
    mock_mode,
    oauth,
    accounts,
    slots,
    tweets,
    tweet_lists,
    posting,
    publishing,
    batches,
    validation,
    threads,
    rate_limit,
    webhooks,
    webhook_deliveries,
    audit,
    api_keys,
)
PAGES = (home, consent, docs)
BLUEPRINTS = tuple(dict.fromkeys(module.blueprint for module in (*RESOURCES, *PAGES)))

"""The door for programs: JSON over HTTP, one file per resource. `twitter-manager routes` lists what it answers.

Every request passes, in this order: `request_log` (its id, later its line in the log), `hosts` (is it meant for us),
`auth` (the key; a new route needs one unless it stands in PUBLIC), `idempotency` (was this POST answered already), then
the view, and on the way back `headers`.

    health accounts oauth tweets posting publishing threads rate_limit webhooks stats mock_mode
                          the resources, each a blueprint
    post_bodies           what is sent to publish posts, threads and batches
    home consent          the newcomer's page; the simulated X's page in mock mode
    docs openapi/         what there is to call: a page for people, an OpenAPI document for programs
    inputs                how bodies, ids, pages and filters are read and refused
    tweet_lists           which tweets a list is to show
    shapes                what an account and a tweet look like in JSON
    errors                every error's status and the one shape; the only file that knows statuses
    pages templates/      HTML, where a person rather than a program comes
    wrong_keys            the limit on guessing keys
    application           Flask, without what each request would pay for and none needs
    current               what a view can reach: the services, the key, the request id, what is to be done once

To add an endpoint: a function in the resource's file (or a new file and a line in BLUEPRINTS). A view reads its input
with `inputs`, calls a service or reads storage, and returns JSON; what goes wrong is raised, never returned. One that
makes something hands `current.once()` to the service, and stands in `idempotency.REBUILDERS`.
"""

from twitter_manager.api import (
    accounts,
    consent,
    docs,
    health,
    home,
    mock_mode,
    oauth,
    posting,
    publishing,
    rate_limit,
    stats,
    threads,
    tweets,
    webhooks,
)

__all__ = ["BLUEPRINTS"]

BLUEPRINTS = (
    home.blueprint,
    health.blueprint,
    oauth.blueprint,
    consent.blueprint,
    accounts.blueprint,
    tweets.blueprint,
    posting.blueprint,
    publishing.blueprint,
    threads.blueprint,
    rate_limit.blueprint,
    stats.blueprint,
    mock_mode.blueprint,
    webhooks.blueprint,
    docs.blueprint,
)

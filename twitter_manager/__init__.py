"""Twitter Manager: keeps X (Twitter) accounts and posts each tweet exactly once.

The package has floors. A module may import from the floors below its own, never from above and never from a neighbour
on the same floor; inside a folder everything is free. tests/test_floors.py checks it.

    __main__.py     twitter-manager: the commands, and serve
    start.py        the whole service from start to SIGTERM: what `twitter-manager serve` does
    factory.py      create_app: the web application around the services
    cli/            twitter-manager worker | keys | doctor | simulator | openapi | postman

    api/            JSON over HTTP, one file per resource with all of its calls, and the pages a browser sees;
                    api/http/ has what every call passes, api/openapi/ makes the document
    worker/         executes one task after the other, and the periodic jobs

    services/       what the product does; `services.build` is the only wiring
        publishing/     what owners submit and ask for
        dispatch/       what workers do with a lane that is due
        accounts/  rate_limits/  webhooks/
        context wakeup notifier environments seats backoff posts health maintenance startup api_keys mock_mode doctor/

    storage/        everything that outlives the process; all SQL
        sqlite/         what SQLite does in its own way: engine, dialect, search, migrations
    twitter/        everything that speaks to X
    receivers/      everything that speaks to the receivers of webhooks
    simulator/      X on this machine: mock mode, and tests
    serving/        the application on a port: limits, deadlines, an orderly end
    logs.py         where the log goes

    config.py       Settings: each setting once, checked at start
    env_files.py    files of lines NAME=value
    models.py       the rows, as frozen dataclasses
    crypto.py       secrets at rest, keys
    database_url.py which database, and where its file lies
    sqlite_file.py  opening a SQLite file, and which one it is
    host_names.py   what a host name looks like
    answers.py      what every answer has in common: its id, its headers, the shape of an error, its line in the log

    errors.py       what can go wrong, in types that say what the caller can do
    error_codes/    each code with its sentence, cause and remedy
    capacity.py     how much is accepted at a time, and how long a shutdown may take
    start_lock.py   one start after the other
    private_files.py  files and folders that only their owner may read
    terminal.py     what is printed for the person who started it
    timestamps.py   time, in memory and as text
    untrusted_times.py  times and delays from outside
    final_response.py   HTTP answers without what comes before them (100 to 199)
    version.py      which version this is

A noun has the same name on every floor: an account is served by api/accounts.py and stored by storage/accounts.py.
The way of a tweet: api/publishing.py takes it, services/publishing/ checks and enqueues it, worker/loop.py asks
services/dispatch/dispatcher.py for the next task, services/dispatch/send.py calls twitter/tweets.py,
services/dispatch/decisions.py says what follows from X's answer, and services/dispatch/reconcile.py finds out where
there was none.
"""

"""Twitter Manager: keeps X (Twitter) accounts and posts each tweet exactly once.

The package has floors. A module may import from the floors below its own, never from above and never from a neighbour
on the same floor; inside a folder everything is free. tests/test_floors.py checks it.

    __main__.py     twitter-manager: the commands, and serve
    start.py        the whole service from start to SIGTERM: what `twitter-manager serve` does
    factory.py      create_app: the web application around the services
    cli/            twitter-manager worker | keys | doctor | backup | restore | migrate-to | rotate-key | …

    api/            JSON over HTTP, one file per resource with all of its calls, and the pages a browser sees;
                    api/http/ has what every call passes, api/openapi/ makes the document
    worker/         executes one task after the other, and the periodic jobs

    services/       what the product does; `services.build` is the only wiring
        publishing/     what owners submit and ask for
        dispatch/       what workers do with a lane that is due
        accounts/  rate_limits/  webhooks/
        copies/     copies of everything, and back from them; from SQLite to PostgreSQL
        context audit alerts wakeup notifier environments seats backoff posts health maintenance startup mock_mode
        doctor/  api_keys calls_per_minute secrets_file encryption

    storage/        everything that outlives the process; all SQL
        sqlite/ postgres/   what each database does in its own way: engine, dialect, search, migrations, wakeups
    twitter/        everything that speaks to X
    receivers/      everything that speaks to the receivers of webhooks
    media_files/    the files of media: where they are kept, and what they are by their bytes
    simulator/      X on this machine: mock mode, and tests
    serving/        the application on a port: limits, deadlines, an orderly end
    logs.py         where the log goes

    config.py       Settings: each setting once, checked at start
    setting_values.py   what the text of a setting stands for
    env_files.py    files of lines NAME=value
    models.py       the rows, as frozen dataclasses
    crypto.py       secrets at rest, keys
    database_url.py which database, and where its file lies
    sqlite_file.py  opening a SQLite file, and which one it is
    sqlite_rows.py  the rows of a SQLite file that somebody else made
    host_names.py   what a host name looks like
    responses.py    what every answer has in common: its id, its headers, the shape of an error, its line in the log

    errors.py       what can go wrong, in types that say what the caller can do
    error_codes/    each code with its sentence, cause and remedy
    capacity.py     how much is accepted at a time, and how long a shutdown may take
    start_lock.py   one start after the other
    scratch_folders.py  folders for what is not whole yet
    private_files.py  files and folders that only their owner may read
    terminal.py     what is printed for the person who started it
    timestamps.py   time, in memory and as text
    untrusted_times.py  times and delays from outside
    final_response.py   HTTP answers without what comes before them (100 to 199)
    version.py      which version this is

A noun has the same name on every floor: an account is served by api/accounts.py and stored by storage/accounts.py.
The way of a tweet: api/publishing.py takes it, services/publishing/enqueue.py checks and stores it, services/wakeup.py
wakes its account's lane, worker/loop.py asks services/dispatch/dispatcher.py for the next task,
services/dispatch/send.py calls twitter/tweets.py, services/dispatch/decisions.py says what follows from X's answer, and
after a time-out services/dispatch/reconcile.py finds out whether X has it.

What an answer looks like stands above its view in api/<noun>.py; a tweet's is api/tweet_responses.py and an error's
api/error_response.py. api/openapi/ makes the document of them, and docs/api.md shows each call.
"""

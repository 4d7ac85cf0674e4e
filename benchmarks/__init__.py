"""How fast the service is: `make bench` runs every figure and writes docs/benchmarks.md.

    __main__.py             all figures, one after the other, and the page
    figures.py              what a figure is, and the median of several rounds
    harness.py              the service, the simulated X and whatever else a figure needs, each a process of its own
    postgresql.py           databases of PostgreSQL, if one answers
    page.py                 the page, from page.template.md

    requests_per_second.py  POST /api/v1/tweet and GET /api/v1/tweets, beside bare_flask.py, asked by load.py
    post_pending.py         a thousand tweets over 16 accounts, beside tweepy in a pool of threads (tweepy_pool.py)
    burst.py                a thousand posts due in one second over 50 accounts, and what X was asked beside them
    throughput.py           posts per second with 64 and 128 in flight, on both databases
    depth.py                lists and numbers among 100,000 tweets beside 1,000, on both databases
    punctuality.py          a hundred posts at a hundred different seconds
    memory.py  start_up.py  the idle service's memory; from start to healthy

Nothing here is measured in seconds alone where a ratio can be had: the machine may be busy with other things.
"""

"""X on this machine: a stateful neighbour of storage and twitter that answers as X does, good days and bad.

    messages.py      Request and Answer: what goes in and out, and how an answer travels (whole, cut, silent, trickle)
    answers.py       answer(world, request): the one door; behind it one file per section of X's documentation:
                     oauth.py, authorize.py (consent_page.py), posts_api.py (post_request.py, timeline.py, shapes.py),
                     users_api.py, post_pages.py (post_page.py); problems.py has X's ways to say no; html_page.py the
                     frame of the pages
    routes.py        every call this X knows: scopes, rate limit, query parameters
    world.py         World(path): the state in one SQLite file (state_file.py), with what tests and operators do to it
    users.py posts.py grants.py settings.py journal.py rate_windows.py faults.py ids.py    the nouns in that file
    fault_answers.py what each kind of fault answers
    bad_days.py      world.faults: the faults said in words
    links.py         t.co links and escaped text
    same_origin.py   which requests come from web pages of others
    adapter.py       the world as a transport for `requests`, in this process
    server.py        the same over HTTP, able to cut the line; control.py: commands under /_simulator

It imports nothing of the other rooms, and no Flask.
"""

"""A stateful simulation of X on this machine, with X's normal answers and, on command, its faults.

    messages.py      Request and Response, and how a response is delivered (whole, cut, silent, trickle)
    responses.py     respond(world, request): the entry point; for it one file per section of X's documentation:
                     oauth.py, authorize.py (consent_page.py), users_api.py, post_pages.py (post_page.py), posts_api.py
                     (post_request.py, timeline.py, serializers.py); problems.py has X's error answers; html_page.py
                     the frame of the pages
    routes.py        every call this X knows: scopes, rate limit, query parameters
    world.py         World(path): the state in one SQLite file (state_file.py), with its methods for tests and operators
    users.py posts.py grants.py settings.py journal.py rate_windows.py faults.py ids.py    the nouns in that file
    fault_responses.py  what each kind of fault answers
    bad_days.py      world.faults: the faults as methods
    links.py         t.co links and escaped text
    same_origin.py   which requests come from other sites' pages
    adapter.py       the world as a transport for `requests`, in this process
    server.py        the same over HTTP, able to cut connections; control.py: commands under /_simulator

It imports no Flask, and nothing of api/, services/, storage/ or twitter/.
"""

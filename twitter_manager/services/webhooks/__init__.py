"""Webhooks: events told to URLs of the owners'.

endpoints      made, changed, tested, replayed
deliveries     one event to one URL, again until it is taken
"""

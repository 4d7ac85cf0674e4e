"""Webhooks: events sent to owners' URLs.

endpoints      create, change, test, replay
deliveries     one event to one URL, repeated until it is accepted
"""

"""Accounts: connected by their owner's consent, kept with tokens that work, switched off, let go.

connect   from "connect" to the account: OAuth 2.0 with PKCE
manage    what an owner does with accounts that are there
tokens    opened for use, renewed once at a time, lost and found again, revoked
single_flight    one renewal at a time in this process, and whoever wants the same one waits for it
"""

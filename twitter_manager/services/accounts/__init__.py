"""Accounts: connected by their owner's consent, kept with tokens that work, switched off, let go.

connect   begun and ended: states, and the browser that comes back
exchange  from X's code to the account
manage    what an owner does with accounts that are there
tokens    opened for use, renewed once at a time, lost and found again, revoked
renewal   when a token is renewed, and how it is told that it was not
single_flight    one renewal at a time in this process, and whoever wants the same one waits for it
"""

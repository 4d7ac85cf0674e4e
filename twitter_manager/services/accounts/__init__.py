"""Accounts: connected by their owner's consent, kept with working tokens, switched off, removed.

connect   the OAuth flow: its states, and the callback
exchange  from X's code to the account
manage    what an owner does with connected accounts
tokens    decrypted for use, renewed once at a time, revoked
renewal   when a token is renewed, and the errors when it was not
single_flight    one renewal at a time in this process; other threads wait for its result
"""

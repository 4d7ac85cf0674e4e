"""Rate limits: 450 calls in 15 minutes per account, and X's own per endpoint.

limiter        a place for each call, before it is made
meter          the same for calls outside of a lane: what twitter/client.py asks
report         what an account has left
forecast       when a post will really go out
"""

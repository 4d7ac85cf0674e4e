"""Rate limits: 450 calls in 15 minutes per account, and X's own per endpoint.

limiter        counts each call, before it is made
meter          the same for calls outside of a lane: used by twitter/client.py
report         what an account has left
forecast       when a post will really go out
"""

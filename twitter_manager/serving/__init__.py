"""The web application on a port: waitress with hard limits, one error shape and an orderly stop.

`server.Server` is what other modules use, `signals.StopSignals` tells it when to stop. Inside: `limits` (how much, how
long), `parsing` (what a request must look like), `refusals` (what the server itself answers), `channel` (one
connection), `listener` (the loop over all of them), `drain` (when to close everything).
"""

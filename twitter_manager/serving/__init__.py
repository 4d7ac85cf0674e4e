"""The web application on a port: waitress with hard limits, one error shape and an orderly end.

`server.Server` is what the rest of the house uses, `signals.StopSignals` tells it when to stop. Inside: `limits` (how
much, how long), `parsing` (what a request must look like), `refusals` (what the server itself answers), `channel` (one
connection), `listener` (the loop over all of them), `drain` (when the end has come).
"""

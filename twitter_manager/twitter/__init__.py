"""Everything that speaks to X. Each file says where X documents what it relies on.

tweets users oauth2    a file per section of X's API; prices: what a post costs
client                 one call, within a deadline; connection: what of it was written, and a watchdog
reading dialects       GETs in the vocabulary that X knows at present
errors refusals        what a call can end in; which of them an answer means
rate_limits            what X's headers say
text/                  how long a text is for X, and whether a text seen there is ours
"""

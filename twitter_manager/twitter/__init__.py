"""Everything that speaks to X. Each file says where X documents what it relies on.

tweets users media oauth2  a file per section of X's API; prices: what a post costs
client                 one call, within a deadline; connection: what of it was written, and a watchdog
multipart              the body of an upload
reading dialects       GETs in the vocabulary that X knows at present
errors refusals        what a call can end in; which of them an answer means
seen_posts             posts as X shows them
rate_limits            how many calls X takes; rate_limit_headers: what an answer says of that
text/                  how long a text is for X, and whether a text seen there is ours
"""

"""Publishing: what owners hand over and ask for. Nothing here calls X but deleting: the lane's worker does.

publish        one post, and asking for what waits to go out
threads        posts that answer each other; thread_states: how a thread stands
batches        many posts in one call
tweets         what is done to one tweet: changed, tried again, resolved, deleted
validate       what would become of a post, without doing anything
enqueue        into the account's queue, and waking its lane
waiting        for tweets to be settled, for those who asked over HTTP
"""

"""Publishing: what owners submit and ask for. Only deleting calls X here: posting is the worker's.

publish        one post, and making pending posts go out
threads        posts that reply to each other; thread_states: a thread's status
batches        many posts in one call
tweets         one tweet: create, change, retry, resolve, delete, and cleaning up many
validate       what would become of a post: a dry run
warnings       what is said of a post that is taken all the same
slots          an account's weekly slots, and which of them are free; slot_times: when they are
enqueue        into the account's queue, and waking its lane
waiting        until tweets are sent, for requests that asked for it
"""

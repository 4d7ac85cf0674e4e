"""Dispatch: from a lane that is due to what X's answer means. Only workers come here.

dispatcher     what is next: leases the lane that is due first, and chooses its task
lane_task      what every task on a lane has: the lease, the end, the commit
send           one attempt for one tweet
reconcile      after an unknown outcome: reads the account's timeline
look_after_restore  what went out after the copy was made that this database was restored from
findings       which posts of the timeline are which tweets: pure
decisions      what follows from X's answer: pure
situation      what a decision needs besides the answer
recovery       what a dead worker left behind
app_pause      when X refuses the whole app
"""

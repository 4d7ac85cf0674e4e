"""Tweets, threads and batches: what is not taken, what X answers, and what stays unclear."""

from twitter_manager.error_codes.code import Code

__all__ = ["CODES"]

CODES: dict[str, Code] = {
    # texts and tweets
    "text_empty": Code(
        "The text is empty", "The text has nothing but blanks and invisible characters.", "Write something."
    ),
    "text_invalid": Code(
        "The text has a character that X does not take",
        "The text contains NUL, a lone surrogate, a byte order mark or a non-character.",
        "Remove that character.",
    ),
    "text_too_long": Code(
        "The text is too long for X",
        "Its weighted length is over 280: a URL counts 23, an emoji and a CJK character 2.",
        "Shorten it.",
    ),
    "tweet_not_found": Code("Tweet not found", "No tweet has this id.", "List the tweets to find its id."),
    "tweet_not_pending": Code(
        "This tweet is not pending",
        "Only a pending tweet can be posted by this call.",
        "See `status`. PATCH {status: pending} makes a draft, scheduled or canceled one wait to be posted, "
        "{schedule_at: …} puts it on a time; a failed one is sent again by POST /api/v1/tweets/{id}/retry.",
    ),
    "tweet_not_editable": Code(
        "This tweet cannot be changed any more",
        "It is on its way to X, may be there, is there, or was refused.",
        "Look at its status. A failed one is changed and sent again in one call: POST /api/v1/tweets/{id}/retry "
        "{text: …}.",
    ),
    "tweet_not_failed": Code(
        "This tweet did not fail",
        "Only a failed tweet is sent again by this call.",
        "See `status`: PATCH {status: pending} takes up a held or canceled one.",
    ),
    "tweet_in_flight": Code(
        "This tweet may be on its way to X",
        "It is being sent, or it is not known yet whether X took it, or took it twice.",
        "Wait until it is settled.",
    ),
    "no_slots": Code(
        "The account has no slots",
        "schedule: next takes the next free slot of the account's week, and none was set.",
        "Set them by PUT /api/v1/accounts/{id}/slots, or name a time with schedule_at.",
    ),
    "schedule_too_far": Code("schedule_at is too far ahead", "The year is 9000 or later.", "Check the year."),
    "schedule_in_the_past": Code(
        "The time lies in the past", "schedule_at is more than a minute ago.", "Name a time to come."
    ),
    "no_criterion": Code(
        "Nothing says which tweets to delete",
        "No criterion in the body leaves any tweet out: an empty list of statuses and 0 days do not.",
        "Name statuses, days_old or account_id; to delete everything send all: true and nothing else.",
    ),
    "tweet_not_unconfirmed": Code(
        "This tweet does not wait for a decision",
        "Only an unconfirmed tweet with needs_decision takes the owner's word.",
        "Look at its status first; the service may have found out meanwhile.",
    ),
    "id_of_another": Code(
        "The post that was taken for this tweet is another one",
        "X itself said later that this post is another tweet of the account.",
        "Look at the account on x.com, then resolve the tweet.",
    ),
    "twitter_id_taken": Code(
        "This post at X already belongs to another tweet",
        "Another tweet of this account has that twitter_id.",
        "Check the id.",
    ),
    # publishing, batches and threads
    "post_refused": Code(
        "Failed to post tweet", "X refused the post.", "Read X's words in `twitter` and correct the tweet."
    ),
    "delete_refused": Code(
        "X did not delete the post",
        "X refused to delete it, or could not be reached.",
        "Read X's words in `twitter`; without from_twitter only the row here is deleted.",
    ),
    "duplicate": Code(
        "The account has this tweet already",
        "Another tweet of the account within 24 hours has the same text, parent, quote, media and poll.",
        "See existing_post_id. allow_duplicate sends it twice all the same; but X itself refuses the same text of an "
        "account for a while.",
    ),
    "limit_forecast": Code(
        "The account's limit will be spent by then: it goes out later",
        "More posts are due within a quarter of an hour than X takes from one account.",
        "Nothing: expected_at says when the last of them goes out. Spread them to be on time.",
    ),
    "same_text": Code(
        "X forbids the same text from several accounts",
        "X's developer policy on duplicate content; it may suspend accounts and apps for it.",
        "Write each account its own text.",
    ),
    "equal_parts": Code(
        "Two parts of the thread have the same text",
        "X may refuse the second one as duplicate content: the thread would stop there.",
        "Write each part its own text.",
    ),
    "repeated_part": Code(
        "A part of the thread has the text of another tweet of the account",
        "It is within 24 hours. X may refuse the part as duplicate content: the thread would stop there.",
        "Write the part its own text. allow_duplicate ends the warning.",
    ),
    "two_cashtags": Code(
        "The post has more than one cashtag",
        "X takes one cashtag ($TSLA) in a post and may refuse this one.",
        "Leave all but one of them out, or leave out their dollar signs.",
    ),
    "not_together": Code(
        "Media, a poll and a quoted post exclude each other",
        "X takes one of media_ids, poll and quote_tweet_id in a post.",
        "Leave one of them out.",
    ),
    "batch_refused": Code(
        "Nothing of the batch was taken",
        "The batch is atomic, and at least one of its posts is refused.",
        "See `posts` for each one's error; correct them, or leave atomic out.",
    ),
    "batch_not_found": Code("There is no such batch", "No batch has this id.", "Use the batch_id we gave you."),
    "thread_not_found": Code("There is no such thread", "No thread has this id.", "Use the thread_id we gave you."),
    "thread_in_flight": Code(
        "A part of the thread is on its way to X",
        "A part is being sent, it is not settled whether X has it, or the thread is being deleted.",
        "Try again when it is settled.",
    ),
    "thread_not_stopped": Code(
        "The thread did not stop",
        "Every part is at X, or the next one is on its way.",
        "See the parts' states in GET /api/v1/threads/{id}.",
    ),
    "part_waits": Code(
        "This part of a thread waits for the part in front of it",
        "A part goes out as an answer to the one before, and that one is not at X yet.",
        "Nothing; or resume the thread if it stopped.",
    ),
    # what X answers, and when it is too late
    "duplicate_content": Code(
        "X has this text from this account already",
        "X refused the post as a duplicate, and no post of ours with it was found.",
        "Send it with another text: POST /api/v1/tweets/{id}/retry {text: …}.",
    ),
    "late": Code(
        "Its time was over for more than an hour, and its late_policy is hold",
        "The service or the account was away when the tweet was due.",
        "Send it by PATCH {status: pending}, or give it another time with schedule_at.",
    ),
    "too_late": Code(
        "Its time was over for more than an hour, and its late_policy is skip",
        "The service or the account was away when the tweet was due.",
        "Give it another time with schedule_at if it should still go out.",
    ),
    "parent_not_visible": Code(
        "The post to reply to is deleted or not visible",
        "X refused the reply again and again because it does not show the parent.",
        "Check that the parent still exists.",
    ),
    "rate_limit_exceeded": Code(
        "Rate limit exceeded. Please try again later.",
        "The account has called X 450 times in 15 minutes, or as often as X lets it call this endpoint.",
        "Call again at next_attempt_at; a held tweet goes out then by itself.",
    ),
    "rate_limited": Code(
        "Rate limit exceeded. Please try again later.",
        "X's limit for this account is spent until its reset.",
        "Nothing: it is sent after the reset.",
    ),
    "renewal_rate_limited": Code(
        "X renews no token for a while",
        "The token endpoint answered 429 when the account's token was to be renewed.",
        "Nothing: it is tried again after the reset. Connecting the account again ends the wait.",
    ),
    "daily_limit_reached": Code(
        "The account has posted as much as X takes in a day",
        "X answered 185: the account's own limit, for posts from everywhere, is spent; X counts it by the half-hour.",
        "Nothing: it is tried every half-hour. Spread the posts over the day.",
    ),
    "looks_automated": Code(
        "X takes this account's posts for automated ones",
        "X answered 226 to protect its users from spam, and takes nothing from the account for a while.",
        "Nothing: it is tried every half-hour. Look at the account on x.com; post less often and less alike.",
    ),
    "account_not_permitted": Code(
        "X does not let this account do that",
        "X refused this account, or something in the post that this account may not use, and took others' posts.",
        "Read X's words in `twitter`, see on x.com what the account may do. A held one is tried once more by itself, "
        "or now after PATCH {status: pending}; a failed one by POST /api/v1/tweets/{id}/retry.",
    ),
    "capability_unavailable": Code(
        "X does not let this app do that",
        "X answered client-forbidden, client-not-enrolled or 453: the app's plan does not have this call.",
        "See at console.x.com what the app's plan includes; everything else goes on.",
    ),
    "x_unreachable": Code(
        "X could not be reached",
        "No connection to X came about; nothing was sent.",
        "Nothing: it is tried again. Check the machine's connection if it lasts.",
    ),
    "x_unclear": Code(
        "X gave no clear answer",
        "The post was sent, and the answer was an error of X's, unreadable, or did not come.",
        "Nothing: the service looks at the account's timeline and finds out.",
    ),
    "unauthorized_by_x": Code(
        "X does not take a fresh token",
        "X answered 401 although the token was just renewed; often an outage of X.",
        "Nothing: it is tried again. If it lasts, reconnect the account.",
    ),
    # what stays unclear
    "x_cannot_be_asked": Code(
        "X could not be asked whether the post is there",
        "The account's timeline could not be read for a long time.",
        "Look at the account on x.com and resolve the tweet, or wait: the service goes on asking.",
    ),
    "doubtful_match": Code(
        "A post that may be this one stands at X",
        "The account's timeline has a post that is nearly the same, or one of that moment that no tweet explains; or, "
        "after a copy was restored, posts that are later than this tweet was due.",
        "Compare them on x.com and resolve the tweet as posted or not_posted.",
    ),
    "attempts_exhausted": Code(
        "Five attempts ended without an answer",
        "Each was sent, none was answered clearly, none was found at X.",
        "Look at the account on x.com and resolve the tweet.",
    ),
    "owners_word": Code(
        "Its owner said that it is not at X",
        "The tweet was resolved as not_posted.",
        "Nothing: it goes out again.",
    ),
    "duplicate_after_unclear": Code(
        "X calls this a duplicate after an unclear attempt",
        "An attempt before was not answered; now X says that it has this text.",
        "Nothing: the service looks for it.",
    ),
}

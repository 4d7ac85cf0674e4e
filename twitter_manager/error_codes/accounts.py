"""Accounts and connecting them, their tokens, and the X app they are connected through."""

from twitter_manager.error_codes.code import Code

__all__ = ["CODES"]

CODES: dict[str, Code] = {
    # accounts and connecting
    "account_not_found": Code(
        "Twitter account not found or not owned by user",
        "No connected account has this id, or none of the present world this username.",
        "List the accounts to find its id and username.",
    ),
    "other_world": Code(
        "This account belongs to the other world",
        "A mock account was used while mock mode is off, or a real one while it is on.",
        "Switch with POST /api/v1/mock-mode, or use an account of this world.",
    ),
    "oauth1_not_supported": Code(
        "OAuth 1.0a is not supported",
        "The account or the callback carries OAuth 1.0a credentials.",
        "Connect the account again through GET /api/v1/auth/twitter.",
    ),
    "oauth_not_configured": Code(
        "Twitter OAuth credentials not configured",
        "Mock mode is off and TWITTER_CLIENT_ID is not set.",
        "Set TWITTER_CLIENT_ID (and TWITTER_CLIENT_SECRET), or switch mock mode on.",
    ),
    "invalid_state": Code(
        "Invalid or expired state",
        "The state was spent already, is over 10 minutes old, was not begun here, or its key was revoked.",
        "Begin again with GET /api/v1/auth/twitter.",
    ),
    "connect_declined": Code(
        "X did not connect the account",
        "The person declined at X.",
        "Begin again, and accept.",
    ),
    "connect_refused": Code(
        "X refused the request to connect an account",
        "X answered with an error instead of a code; its word for it is in `twitter`.",
        "Check client id, callback and scopes in X's console, then begin again.",
    ),
    "code_missing": Code(
        "X sent no code", "The callback carries neither a code nor an error.", "Begin the connection again."
    ),
    "exchange_failed": Code(
        "X did not accept the code",
        "The code was exchanged too late (30 s), twice, with another callback or client.",
        "Begin again; check that TWITTER_CALLBACK_URL equals the callback registered at X.",
    ),
    "exchange_unanswered": Code(
        "X could not be asked whether it accepts the code",
        "X could not be reached, did not answer clearly, or asked for a pause; the code is good for 30 s only.",
        "Begin again in a moment; check this machine's connection to X if it lasts.",
    ),
    "other_user": Code(
        "Another X user answered than the one to be reconnected",
        "The browser is logged in to X as somebody else.",
        "Log in to X as the right user and begin again.",
    ),
    "consent_refused": Code(
        "The simulated X does not take this link or this choice",
        "The link was not made here, was used already or is over ten minutes old, or nobody can have this username.",
        "Begin again with GET /api/v1/auth/twitter, and name a user of letters, digits and _, at most 15.",
    ),
    "identity_unreadable": Code(
        "X did not say who connected",
        "The code was exchanged, but GET /2/users/me failed.",
        "Begin the connection again in a moment.",
    ),
    # the app as a whole
    "credits_depleted": Code(
        "The X app has no credits left",
        "X answered 402: the prepaid credits of the X app are used up.",
        "Buy credits at console.x.com; everything goes on by itself then.",
    ),
    "spend_cap_reached": Code(
        "The X app's spending limit is reached",
        "X refused because the spending limit of this cycle is reached; X's words name the day of the next.",
        "Raise the limit at console.x.com or wait for the next cycle; everything goes on by itself then.",
    ),
    "usage_capped": Code(
        "The X app's usage cap is reached",
        "X answered usage-capped for the whole app.",
        "Wait for the reset day or change the plan at console.x.com.",
    ),
    "client_not_enrolled": Code(
        "The X app is not enrolled for this API",
        "X answered client-forbidden, client-not-enrolled or 453: the app is in no project or plan that may post.",
        "Attach the app to a project or plan at console.x.com.",
    ),
    "app_misconfigured": Code(
        "X does not take this kind of app or token",
        "X refused the app's type, its permissions or its developer account.",
        "Check at console.x.com that the app is a Web App or bot with Read and Write, and not suspended.",
    ),
    # what becomes of an account and its tokens
    "account_suspended": Code(
        "X says this account is suspended or locked",
        "X refused because of the account's state.",
        "Unlock it at x.com, then reconnect it.",
    ),
    "account_failed": Code(
        "The account's token is of no use any more",
        "X refused to renew the token: access was revoked, or the token was used elsewhere.",
        "Reconnect the account; its tweets go on then.",
    ),
    "account_needs_reconnect": Code(
        "Only connecting the account again helps",
        "It has no token any more, or X refused it.",
        "Connect it through GET /api/v1/auth/twitter.",
    ),
    "account_busy": Code(
        "A tweet of this account is being sent",
        "What is being sent was not finished in time.",
        "Try again in a moment.",
    ),
    "too_many_waiting": Code(
        "Too many calls are waiting for X",
        "As many calls as may wait at a time wait for X or for what an account is sending.",
        "Try again after the time in Retry-After.",
    ),
    "account_inactive": Code("The account is switched off", "It was made inactive.", "Make it active or reconnect it."),
    "token_refused": Code(
        "X refused to renew the token",
        "The token endpoint answered that the refresh token is not valid.",
        "Reconnect the account.",
    ),
    "refresh_lost": Code(
        "A renewed token was lost on the way",
        "X renewed the token, but the answer never arrived or was not stored; X offers no way back.",
        "Reconnect the account.",
    ),
    "token_unreadable": Code(
        "The account's token cannot be decrypted",
        "The stored token does not belong to any key in ENCRYPTION_KEY.",
        "Bring back the old key beside the new one, or reconnect the account.",
    ),
    "client_refused": Code(
        "X refused the app's client credentials",
        "The token endpoint answered invalid_client or unauthorized_client.",
        "Check TWITTER_CLIENT_ID and TWITTER_CLIENT_SECRET and the app's type in X's console.",
    ),
}

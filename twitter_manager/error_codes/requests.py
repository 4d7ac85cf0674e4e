"""What is wrong with a request whatever it asks for, and what is wrong with the service itself."""

from twitter_manager.error_codes.code import Code

__all__ = ["CODES"]

CODES: dict[str, Code] = {
    # reading the request
    "malformed_request": Code(
        "The request could not be read",
        "The request line, a header or the body's framing is no valid HTTP.",
        "Send it through an HTTP library.",
    ),
    "malformed_json": Code(
        "The body is not valid JSON",
        "The body cannot be parsed as UTF-8 JSON. `error` says where, and what is likely wrong there.",
        "Correct it there, or let a JSON library write the body.",
    ),
    "not_an_object": Code(
        "The body must be a JSON object", "The body is JSON, but a list, a string or a number.", "Send {…}."
    ),
    "host_not_allowed": Code(
        "This host name is not served here",
        "The Host header names a host that is not in ALLOWED_HOSTS.",
        "Add the name to ALLOWED_HOSTS, or call the service by its own name.",
    ),
    "not_json": Code(
        "The body must be sent as application/json",
        "Content-Type is something else.",
        "Send the header Content-Type: application/json.",
    ),
    "content_encoding_not_supported": Code(
        "The body is compressed",
        "Content-Encoding is set: gzip, deflate, br or another.",
        "Send the body as it is, without Content-Encoding.",
    ),
    "body_too_large": Code(
        "The body is too large",
        "The body is over 4 MiB, or has more than 50000 values.",
        "Send at most 4 MiB in one call, a long list in several.",
    ),
    "headers_too_large": Code(
        "The request headers are too large",
        "Headers are over 64 KiB.",
        "Send fewer or shorter headers, 64 KiB at the most.",
    ),
    "method_not_allowed": Code(
        "This path does not take this method",
        "The path exists, but not for this HTTP method.",
        "See the header Allow for the methods it takes.",
    ),
    "not_found": Code("There is nothing at this path", "No route has this path.", "Check the path."),
    "invalid_field": Code(
        "A field is wrong",
        "A field or a query parameter is missing, unknown, given twice, or of the wrong type.",
        "See `field` and correct it.",
    ),
    "invalid_id": Code("An id is a positive whole number", "The id is no number.", "Use the id we gave you."),
    "request_timeout": Code(
        "The request took too long to arrive",
        "Head and body did not arrive within the time limit.",
        "Send it again over a better line.",
    ),
    # keys
    "unauthorized": Code(
        "Unauthorized",
        "X-API-Key is missing or is no key of this service.",
        "Send the header X-API-Key with a key from instance/secrets.env or `twitter-manager keys create`.",
    ),
    "key_expired": Code(
        "The API key has expired",
        "The key is one of this service, and its expires_at is past.",
        "Have another key made: POST /api/v1/keys with an admin key, or `twitter-manager keys create`.",
    ),
    "key_scope": Code(
        "This key may not do this",
        "The call needs another scope than the key has (x-required-scope in the OpenAPI document), concerns more than "
        "the key's accounts, or the key is for the other world (mock or live) than the one that is on.",
        "Use a key that may, or have one made: POST /api/v1/keys with an admin key, or `twitter-manager keys create`.",
    ),
    "key_rate_limited": Code(
        "This key has made all its calls of this minute. Please try again later.",
        "The key has requests_per_minute, and so many calls were made with it in the last 60 seconds.",
        "Send it again after Retry-After seconds.",
    ),
    "api_key_not_found": Code("Key not found", "No key has this id.", "List the keys to find its id."),
    "last_admin_key": Code(
        "This is the last key that may do everything",
        "No other active key has the scope admin without limits and without an end: nobody could make another.",
        "Make another one first: POST /api/v1/keys or `twitter-manager keys create`.",
    ),
    "too_many_wrong_keys": Code(
        "Too many wrong keys. Please try again later.",
        "More than 20 wrong keys came from this address within a minute.",
        "Wait a minute and send the right key.",
    ),
    # Idempotency-Keys
    "idempotency_key_in_use": Code(
        "A call with this Idempotency-Key is still under way",
        "The first call with this key, to this path, is not answered yet.",
        "Send the same again in a moment; then the first answer comes.",
    ),
    "idempotency_key_reused": Code(
        "This Idempotency-Key was used for something else",
        "In the last 24 hours the same key was sent to this path with another body or query.",
        "Take a new key for each new thing; the old one only to send the same again.",
    ),
    # the service itself
    "no_worker": Code(
        "No posting worker is alive",
        "No worker gave a sign of life in the last 15 seconds.",
        "Start `twitter-manager worker`, or set WORKER=on.",
    ),
    "shutting_down": Code(
        "The service is shutting down", "It received SIGTERM.", "Send the request again in a moment."
    ),
    "database_unavailable": Code(
        "The database is not available",
        "It is locked, full, away or not set up yet.",
        "See the log, or call `twitter-manager doctor`: free the disk, bring the file or the database's server back, "
        "and start a worker where nothing is set up yet. The service comes back by itself.",
    ),
    "disk_full": Code(
        "The disk of the database is full",
        "In the last seconds a write failed because no room is left; nothing was stored.",
        "Free the disk. The service comes back by itself.",
    ),
    "database_write_failed": Code(
        "The database takes no writes",
        "In the last seconds a write failed: the database is locked elsewhere, its disk fails, or its file is away.",
        "See the log; end what locks it, mend the disk. The service comes back by itself.",
    ),
    "too_many_open_files": Code(
        "No file can be opened any more",
        "This process, or the machine, has as many files and connections open as its limit allows.",
        "Raise the limit (ulimit -n), or find who keeps so many connections open.",
    ),
    "tweets_overdue": Code(
        "Due tweets are not being posted",
        "Some have been waiting for over two minutes, and nothing says that they should.",
        "See the log of the worker; start a worker, or one more.",
    ),
    "copy_failed": Code(
        "No copy was made",
        "A copy on the clock (BACKUP_DIR) failed: its folder is away or full, or the database could not be read.",
        "The log and twitter-manager doctor say why. It is tried again within a quarter of an hour.",
    ),
    "restored_from_copy": Code(
        "The database was restored from a copy: what went out since is looked for before anything is sent",
        "Accounts whose timeline at X could not be read yet send nothing.",
        "It takes 45 seconds from the start. Where it lasts longer the log says why X cannot be asked.",
    ),
    "log_write_failed": Code(
        "The log cannot be written",
        "The disk of LOG_DIR is full, or its file may not be written. Everything else goes on.",
        "Free the disk, or correct the folder's owner. The log goes on by itself.",
    ),
    "internal_error": Code(
        "Internal server error",
        "A fault in the service.",
        "Look in the log for the request id and report it.",
    ),
}

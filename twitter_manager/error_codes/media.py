"""Media: files that are taken, kept and shown."""

from twitter_manager.error_codes.code import Code

__all__ = ["CODES"]

CODES: dict[str, Code] = {
    "media_not_found": Code(
        "There is no such media",
        "No media of this service has this id; it may have been deleted, or swept since no post needed it.",
        "Upload it again, or give an id of X's.",
    ),
    "media_storage_full": Code(
        "There is no room for this file",
        "The disk of MEDIA_DIR is full; nothing of the file was kept.",
        "Free the disk, then send the file again. Everything else goes on.",
    ),
    "media_storage_unavailable": Code(
        "The folder of media cannot be used",
        "MEDIA_DIR is away, or its owner is another user.",
        "The log has the system's words: bring the folder back, or correct its owner.",
    ),
}

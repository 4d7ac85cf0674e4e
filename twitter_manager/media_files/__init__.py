"""The files of media; no SQL, no HTTP.

store       what a store of files is; folder: one in MEDIA_DIR
incoming    a file that is being taken, until it is whole; faults: what the disk says, for the caller
"""

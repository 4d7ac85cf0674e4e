"""A post's text: how long X counts it, its links, and whether a text seen at X is the one that was sent."""

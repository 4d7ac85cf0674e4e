"""The receivers of webhooks: one delivery to one of them, and only to an address that is allowed."""

"""The other ends of webhooks: one delivery to one of them, and nowhere else than where it is allowed to go."""

"""What X charges for a post, in US dollars (docs.x.com: pricing, August 2026)."""

from decimal import Decimal

__all__ = ["price_of_post"]

POST_CREATE = Decimal("0.015")
POST_CREATE_WITH_URL = Decimal("0.200")


def price_of_post(*, has_url: bool) -> Decimal:
    """For POST /2/tweets. What X counts as a link is not documented; whatever becomes a t.co link counts as one
    here."""
    return POST_CREATE_WITH_URL if has_url else POST_CREATE

"""The goods in Django Admin. What has consequences goes through the services; prices and modes ask before they act."""

from catalog.admin import findability, goods, listing, market, matching, prices, promotions, referral, stores, wishes

__all__ = [
    "findability",
    "goods",
    "listing",
    "market",
    "matching",
    "prices",
    "promotions",
    "referral",
    "stores",
    "wishes",
]

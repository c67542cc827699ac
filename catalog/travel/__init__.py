"""How far and how long by street. Plain Python; a routing engine can take its place behind the same two functions."""

from catalog.travel.street import VEHICLES, street_metres, travel_seconds

__all__ = ["VEHICLES", "street_metres", "travel_seconds"]

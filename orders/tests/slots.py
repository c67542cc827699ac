"""Slots for tests: a window of a store, made as the weekly plan makes it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from catalog.models import Store
from catalog.tests.factories import NOW
from orders import services
from orders.models import Slot, SlotTemplate


def plan(store: Store, *, weekday: int = 5, hour: int = 18, capacity: int = 3, **fields: Any) -> SlotTemplate:
    """One window of the store's week; Saturday 18:00–19:00 (NOW is a Friday, 14:30 in Bengaluru)."""
    given = {"from_time": time(hour), "to_time": time(hour + 1), "cut_off_m": 30, "days_ahead": 2} | fields
    return SlotTemplate.objects.create(store=store, weekday=weekday, capacity=capacity, **given)


def slot(store: Store, *, now: datetime = NOW, **fields: Any) -> Slot:
    """The slot of a fresh plan (tomorrow 18:00–19:00 unless told)."""
    plan(store, **fields)
    services.make_slots(now=now)
    return Slot.objects.filter(store=store).latest("pk")


def full(one: Slot) -> Slot:
    Slot.objects.filter(pk=one.pk).update(booked=one.capacity)
    one.refresh_from_db()
    return one

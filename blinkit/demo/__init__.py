"""A small fictional company to try everything with: "Tokri", three stores in central Bengaluru (`manage.py load_demo`).

Nothing here is imported by the rooms of the platform; it only uses their services.
"""

from __future__ import annotations


def sign_ins() -> list[tuple[str, str, str, str]]:
    """One person to try per role: (role, phone, how to sign in, where)."""
    from blinkit.demo import people

    code = "code from the demo inbox"
    password = f"{people.PASSWORD} or {code}"
    pages = {
        "customer": ("Customer", code, "/"),
        "picker": ("Picker", password, "/store/"),
        "store_manager": ("Store manager", password, "/store/"),
        "rider": ("Rider", code, "/rider/"),
        "ops": ("Operations", password, "/ops/"),
        "admin": ("Administrator", password, "/admin/"),
    }
    first = {person.role: person for person in reversed(people.everybody())}
    return [(label, first[role].phone, how, url) for role, (label, how, url) in pages.items()]


def streets() -> list[tuple[str, float, float]]:
    """The streets of the demo city people may say they live in: (name, lat, lng)."""
    from blinkit.demo.places import doors

    return [(door.line2, door.lat, door.lng) for door in doors()]


def is_loaded() -> bool:
    """Whether the demo city is in the database (it is written in one transaction: all of it or nothing)."""
    from blinkit.demo.places import STORES
    from catalog.models import Store

    return Store.objects.filter(code__in=[plan.code for plan in STORES]).count() == len(STORES)

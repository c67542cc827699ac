"""The whole simulation: everybody signs in, works until the orders are done, and a summary is told."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Awaitable, Iterable
from typing import Any

import httpx

from blinkit.demo import people
from blinkit.demo.simulate.city import LEGS, City, Plan
from blinkit.demo.simulate.customer import Customer
from blinkit.demo.simulate.link import Link, Refused, Unreachable
from blinkit.demo.simulate.picker import Picker
from blinkit.demo.simulate.rider import Rider

SIGN_IN_AT_ONCE = 8
WORDS_OF_ERRORS = 10


async def simulate(plan: Plan) -> tuple[City, dict[str, Any]]:
    """Run it. Raises Unreachable when there is no such server, Refused when nobody can sign in."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=plan.base_url, timeout=15, limits=limits) as http:
        await _need_server(http)
        city = City(plan)
        everybody = people.customers()  # they come store by store: some of each
        many = min(plan.customers, len(everybody))
        customers = [everybody[at * len(everybody) // many].phone for at in range(many)]
        staff = _in_turn(people.staff(), "picker")[: plan.pickers]
        riders = _in_turn(people.riders(), "rider")[: plan.riders]
        phones = [*customers, *(p.phone for p in staff), *(p.phone for p in riders)]
        links = {phone: Link(http, phone, city.trouble, patience_s=plan.patience_s) for phone in phones}
        gate = asyncio.Semaphore(SIGN_IN_AT_ONCE)

        async def sign_in(link: Link) -> None:
            async with gate:
                await link.sign_in()

        await asyncio.gather(*(sign_in(link) for link in links.values()))
        city.began = time.monotonic()
        _finish_on_ctrl_c(city)
        buying = [Customer(city, links[phone], n) for n, phone in enumerate(customers)]
        picking = [Picker(city, links[p.phone], p.store, n) for n, p in enumerate(staff)]
        riding = [Rider(city, links[p.phone], n) for n, p in enumerate(riders)]
        lives = [*(picker.live() for picker in picking), *(rider.live() for rider in riding)]
        working = [asyncio.create_task(_safely(city, life)) for life in lives]
        await asyncio.gather(*(_safely(city, customer.live()) for customer in buying))
        city.closing.set()
        _, late = await asyncio.wait(working, timeout=20)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return city, summary(city)


def _finish_on_ctrl_c(city: City) -> None:
    """The first Ctrl-C lets what was ordered be delivered; the second stops at once."""
    loop = asyncio.get_running_loop()

    def finish() -> None:
        city.left = 0
        loop.remove_signal_handler(signal.SIGINT)
        print("No new orders; finishing those on the way. Ctrl-C again stops at once.", file=sys.stderr, flush=True)

    with contextlib.suppress(NotImplementedError, RuntimeError):  # not on every system, and only in the main thread
        loop.add_signal_handler(signal.SIGINT, finish)


async def _need_server(http: httpx.AsyncClient) -> None:
    try:
        answer = await http.get("/health/live")
        answer.raise_for_status()
        if (await http.get("/demo/inbox.json")).status_code == 404:
            raise Unreachable("That server is not in demo mode (DEMO_MODE=1): nobody could read the sign-in codes.")
    except httpx.HTTPError as error:
        raise Unreachable(f"Nothing answers at {http.base_url} ({type(error).__name__}): start it with `make run`.")


async def _safely(city: City, life: Awaitable[None]) -> None:
    """One person's bug must not end the city; it is an error in the summary."""
    try:
        await life
    except (Refused, Unreachable) as error:
        city.trouble.errors.append(str(error))
    except Exception as error:
        city.trouble.errors.append(f"{type(error).__name__}: {error}")


def _in_turn(everybody: Iterable[people.Person], role: str) -> list[people.Person]:
    """One of each store, then the next of each: a few people still serve every store."""
    by_store: dict[str, list[people.Person]] = {}
    for person in everybody:
        if person.role == role:
            by_store.setdefault(person.store, []).append(person)
    longest = max((len(group) for group in by_store.values()), default=0)
    return [group[n] for n in range(longest) for group in by_store.values() if n < len(group)]


def summary(city: City) -> dict[str, Any]:
    legs = {name: city.minutes(name) for name, _, _ in LEGS}
    delivered = sum(city.ended[status] for status in ("DELIVERED", "CLOSED"))
    return {
        "placed": len(city.placed),
        "delivered": delivered,
        "ended": dict(city.ended),
        "refused": dict(city.refused.most_common()),
        "late": city.late,
        "short_picks": city.shorted,
        "offers_declined": city.declined_offers,
        "legs_minutes": {name: {"median": median, "p90": worst} for name, (median, worst) in legs.items()},
        "repeated_requests": dict(city.trouble.repeated),
        "errors": len(city.trouble.errors),
        "first_errors": city.trouble.errors[:WORDS_OF_ERRORS],
        "speed": city.plan.speed,
        "seed": city.plan.seed,
        "wall_s": round(time.monotonic() - city.began, 1),
    }

"""One order from the first sign-in to the door, over real HTTP and websockets, each step by the person whose it is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from uuid import uuid4

import httpx
import pytest

from blinkit.demo import people
from blinkit.demo.simulate.link import Link, Live, Refused, Trouble
from blinkit.demo.simulate.rider import PHOTO

pytestmark = pytest.mark.slow
STORE = "BLR-RIC"
WITHIN_S = 20


def person(role):
    return next(p for p in people.everybody() if p.role == role and (p.store or p.door.store) == STORE)


class Journey:
    """The people of one order, and a printed line for each thing they did."""

    def __init__(self, http):
        self.http = http
        self.began = time.monotonic()
        self.trouble = Trouble()

    async def sign_in(self, role):
        link = Link(self.http, person(role).phone, self.trouble, patience_s=15)
        await link.sign_in()
        self.say(f"{person(role).name} ({role}) signs in with the code from the inbox")
        return link

    def say(self, sentence):
        print(f"{time.monotonic() - self.began:6.2f} s  {sentence}")


async def until(live, true):
    """The first state of a socket for which `true` holds."""
    deadline = time.monotonic() + WITHIN_S
    while live.state is None or not true(live.state):
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {live.state}"
        await live.changed(at_most_s=2)
    return live.state


@contextlib.asynccontextmanager
async def refused(code):
    with pytest.raises(Refused) as refusal:
        yield
    assert refusal.value.code == code, refusal.value


async def travel(house):
    async with httpx.AsyncClient(base_url=house.url, timeout=15) as http:
        journey = Journey(http)
        customer, picker, rider = [await journey.sign_in(role) for role in ("customer", "picker", "rider")]
        with_order = await order(journey, customer)
        async with (
            Live(customer, f"orders/{with_order['id']}/", poll=lambda: _tracking(customer, with_order)) as tracking,
            Live(rider, "rider/", poll=lambda: rider.get("rider/me/")) as road,
        ):
            await pay(journey, customer, with_order, tracking)
            await go_on_duty(journey, rider, road)
            bags = await pick_and_pack(journey, picker, with_order, tracking)
            await ride(journey, rider, road, bags, tracking)
            seen = await until(tracking, lambda s: s["status"] == "DELIVERED")
        journey.say(f"The customer's page says: {seen['sentence']}")
        await afterwards(journey, customer, seen)
        assert journey.trouble.errors == []


async def _tracking(customer, placed):
    return await customer.get(f"orders/{placed['id']}/tracking/")


async def order(journey, customer):
    addresses = await customer.get("me/addresses/")
    address = next(iter(addresses if isinstance(addresses, list) else addresses.get("items") or addresses["results"]))
    place = {"lat": address["lat"], "lng": address["lng"]}
    served = await customer.get("serviceability/", **place)
    assert served["served"] and served["store"]["code"] == STORE
    journey.say(f"{served['store']['name']} delivers: {served['sentence']}")
    far = await customer.get("serviceability/", lat=28.61, lng=77.21)
    assert far["reason"] == "not-yet-here"

    found = await customer.get(f"stores/{STORE}/search/", q="doodh")
    milk = next(card for card in found["items"] if card["available"] and card["max_qty"] >= 2)
    shelf = await customer.get(f"stores/{STORE}/products/", category="fresh-vegetables")
    other = next(card for card in shelf["items"] if card["available"])
    lines = [{"sku": milk["sku"], "qty": 2}, {"sku": other["sku"], "qty": 1}]
    cart = await customer.put("cart/", {"store": STORE, "lines": lines, **place})
    assert cart["can_check_out"] and cart["units"] == 3
    journey.say(f"Cart: 2 × {milk['name']}, 1 × {other['name']}, {cart['bill']['total_paise']} paise")

    body = {"address_id": address["id"], "method": "online", "bill_fingerprint": "0" * 16}
    async with refused("bill-changed"):
        await customer.post("checkout/", body)
    body["bill_fingerprint"] = cart["bill"]["fingerprint"]
    key = {"Authorization": f"Bearer {customer.access}", "Idempotency-Key": str(uuid4())}
    first, second = await asyncio.gather(
        *(journey.http.post("/api/v1/checkout/", json=body, headers=key) for _ in range(2))
    )
    assert (first.status_code, second.status_code) == (201, 201) and first.json() == second.json()
    placed = first.json()
    assert placed["status"] == "PENDING" and placed["total_paise"] == cart["bill"]["total_paise"]
    journey.say(f"Order {placed['number']} placed; the same request sent twice made one order")
    return placed


async def pay(journey, customer, placed, tracking):
    assert (await until(tracking, lambda s: s["status"] == "PENDING"))["can_cancel"]
    for outcome in ("decline", "pay"):
        started = await customer.post(f"payments/{placed['payment_id']}/attempts/", {"instrument": "upi"})
        path = f"/sandbox-gateway/intents/{started['intent_id']}/confirm"
        await customer.send("POST", path, {"outcome": outcome}, signed=False)
    seen = await until(tracking, lambda s: s["status"] not in ("PENDING", "CONFIRMED"))
    assert seen["status"] == "ASSIGNED_TO_STORE" and seen["payment"]["captured_paise"] == placed["total_paise"]
    journey.say(f"First payment declined, second captured; {seen['sentence']}")


async def go_on_duty(journey, rider, road):
    await rider.post("rider/duty/", {"on": True})
    store = (await rider.get("rider/me/"))["rider"]["store"]
    # A few streets away: who stands at the store is asked when the bags are there, not before.
    assert await rider.post("rider/positions/", {"positions": [{"lat": store["lat"] + 0.004, "lng": store["lng"]}]})
    offer = (await until(road, lambda s: s["offer"]))["offer"]
    assert "address" not in offer["drops"][0] and offer["pay_paise"] > 0
    trip = (await rider.post(f"rider/offers/{offer['id']}/accept/"))["trip"]
    assert trip["stops"][0]["next"] == "at-store"
    journey.say(f"The rider is offered {offer['pay_paise']} paise and accepts before the bags are packed")


async def pick_and_pack(journey, picker, placed, tracking):
    await picker.post(f"floor/stores/{STORE}/shift/start/")
    async with Live(picker, f"stores/{STORE}/", poll=lambda: picker.get(f"floor/stores/{STORE}/queue/")) as floor:
        await until(floor, lambda s: any(card["order_id"] == placed["id"] for card in s["waiting"]))
        task = await picker.post(f"floor/stores/{STORE}/next/")
        assert task["order_id"] == placed["id"]
        seen = await until(tracking, lambda s: s["status"] == "PICKING")
        assert not seen["can_cancel"]
        await _scan_all_but_one(picker, task)
        packed = await picker.post(f"floor/tasks/{task['id']}/pack/", {})
        await until(floor, lambda s: any(card["order_id"] == placed["id"] for card in s["on_shelf"]))
    seen = await until(tracking, lambda s: s["status"] == "ASSIGNED_TO_PARTNER")
    assert seen["total_paise"] < placed["total_paise"] and seen["payment"]["refunded_paise"] > 0
    codes = [bag["code"] for bag in packed["bags"]]
    journey.say(f"Picked with one unit missing (refunded), packed into {', '.join(codes)} on shelf {packed['slot']}")
    return codes


async def _scan_all_but_one(picker, task):
    scan = f"floor/tasks/{task['id']}/scan/"
    async with refused("unknown-barcode"):
        await picker.post(scan, {"barcode": "0000000000000", "nonce": str(uuid4())})
    async with refused("lines-open"):
        await picker.post(f"floor/tasks/{task['id']}/pack/", {})
    for line in task["lines"]:
        missing = 1 if line["qty"] == 2 else 0
        for _ in range(line["qty"] - missing):
            body = {"barcode": line["barcode"], "nonce": str(uuid4())}
            body |= {"grams": line["weigh"]["wanted_g"]} if line["weigh"] else {}
            assert await picker.post(scan, body) == await picker.post(scan, body)  # a re-sent scan counts once
        if missing:
            body = {"line_id": line["id"], "qty": 1, "nonce": str(uuid4())}
            await picker.post(f"floor/tasks/{task['id']}/short/", body)


async def ride(journey, rider, road, bags, tracking):
    async with refused("not-there"):
        await rider.post("rider/trip/at-store/")
    store = (await rider.get("rider/me/"))["rider"]["store"]
    assert await rider.post("rider/positions/", {"positions": [{"lat": store["lat"], "lng": store["lng"]}]})
    await rider.post("rider/trip/at-store/")
    stop = (await until(road, lambda s: s["trip"] and s["trip"]["stops"][0]["next"] == "pick-up"))["trip"]["stops"][0]
    assert sorted(stop["bag_codes"]) == sorted(bags)
    base = f"rider/stops/{stop['id']}"
    async with refused("wrong-bags"):
        await rider.post(f"{base}/pick-up/", {"bag_codes": ["SOMEONE-1/1"]})
    await rider.post(f"{base}/pick-up/", {"bag_codes": bags})
    seen = await until(tracking, lambda s: s["status"] == "PICKED_UP")
    otp = seen["otp"]

    door = stop["drop"]
    on_the_way = {"lat": door["lat"] + 0.0005, "lng": door["lng"]}
    assert await road.tell({"type": "position", **on_the_way})  # out of the store's fence: a departure by itself
    seen = await until(tracking, lambda s: s["status"] == "IN_TRANSIT" and s["rider"]["position"])
    assert abs(seen["rider"]["position"]["lat"] - on_the_way["lat"]) < 1e-6
    journey.say("The customer sees the rider on the map")

    await rider.post(f"{base}/arrive/")
    async with refused("wrong-otp"):
        await rider.post(f"{base}/deliver/", {"otp": f"{(int(otp) + 1) % 10_000:04d}"})
    async with refused("proof-needed"):
        await rider.post(f"{base}/deliver/", files={"photo": ("door.png", PHOTO, "image/png")})
    done = await rider.post(f"{base}/deliver/", {"otp": otp})
    assert done["trip"] is None and done["earned_paise"] > 0
    journey.say(f"Handed over with the door code; the rider earned {done['earned_paise']} paise")
    await rider.post("rider/duty/", {"on": False})


async def afterwards(journey, customer, seen):
    assert seen["otp"] is None and seen["delivered_at"] > seen["picked_up_at"] > seen["packed_at"]
    inbox = (await customer.send("GET", "/demo/inbox.json", params={"to": customer.phone}, signed=False))["messages"]
    told = {message["template"] for message in inbox}
    journey.say(f"The customer was told: {', '.join(sorted(told))}")
    assert len(told) >= 5
    async with refused("too-late-to-cancel"):
        await customer.post(f"orders/{seen['id']}/cancel/", {})


def test_one_order_from_the_first_sign_in_to_the_door(city):
    asyncio.run(travel(city))
    city.audit()

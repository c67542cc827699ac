"""The measured operations. Each takes a small warm-up first, which is not counted."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect

from blinkit.bench import goods, quotes
from blinkit.bench.client import Answer, Connection, Load, drive, percentile
from blinkit.bench.goods import SCARCE_SKU, STORE, Buyer, Market
from blinkit.bench.layout import Layout
from blinkit.bench.meter import Cost, Meter

CLIENTS, RACERS = 16, 32
LINES = 5
RACE_BUYERS = 200
FAN_ORDERS, SOCKETS_PER_ORDER = 100, 10
FAN_TIMEOUT_S = 20.0
TOLD_TIMES = 5
SOCKETS_AT_ONCE = 50
SHELF_SOCKETS, SHELF_CHANGES = 200, 100
TABLETS, TOTES, OPEN_TASKS = 30, 4, 200


class Failed(Exception):
    """An operation that must succeed did not."""


@dataclass(slots=True)
class Run:
    """One measured operation: `figures` go to the JSON, `notes` to the people."""

    name: str
    figures: dict[str, Any]
    cost: Cost
    operations: int
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Bench:
    layout: Layout
    meter: Meter
    market: Market
    scale: float = 1.0
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def count(self, usual: int) -> int:
        return max(CLIENTS, round(usual * self.scale))

    # -- reading ------------------------------------------------------------------------------------------------------

    async def run_list(self) -> Run:
        """40 products of a category with price and availability; the categories in turn."""
        paths = [f"/api/v1/stores/{STORE}/products/?category={slug}&limit=40" for slug in self.market.category_slugs]
        return await self._read("list", paths, self.count(3000), at_least=40)

    async def run_search(self) -> Run:
        """A thousand different texts."""
        paths = [f"/api/v1/stores/{STORE}/search/?q={quote(text)}" for text in self.market.queries]
        return await self._read("search", paths, self.count(2000), at_least=0)

    async def run_suggest(self) -> Run:
        """What is offered while the same texts are typed, letter by letter."""
        typed = [text[:end] for text in self.market.queries for end in range(1, min(len(text), 12) + 1)]
        self.dice.shuffle(typed)
        paths = [f"/api/v1/stores/{STORE}/suggest/?q={quote(text)}" for text in typed]
        return await self._read("suggest", paths, self.count(3000), at_least=0)

    async def run_eta(self) -> Run:
        """A quote, and 300 stores for one place in one call, in this process (no HTTP around it)."""
        from django.utils import timezone

        now = timezone.now()
        await asyncio.to_thread(quotes.load, now=now)
        self.meter.begin()
        figures = await asyncio.to_thread(quotes.measure, now=now)
        cost = await asyncio.to_thread(self.meter.end)
        return Run("eta", figures, cost, quotes.CALLS + 1)

    async def _read(self, name: str, paths: list[str], count: int, *, at_least: int) -> Run:
        found: list[int] = []

        async def read(connection: Connection, path: str) -> None:
            answer = await connection.send("GET", path)
            if answer.status != 200:
                raise Failed(f"{answer.status} for {path}")
            items = answer.body.count(b'"sku":')
            if items < at_least:
                raise Failed(f"{items} products for {path}")
            found.append(items)

        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=paths[:200], act=read))
        found.clear()
        items = [paths[i % len(paths)] for i in range(count)]
        self.meter.begin()
        load = await drive(self.layout.web_port, clients=CLIENTS, items=items, act=read)
        cost = await asyncio.to_thread(self.meter.end)
        self._want(load)
        notes = {"items on average": round(sum(found) / len(found), 1), "empty": sum(1 for n in found if n == 0)}
        return Run(name, _figures(load, cost), cost, count, notes)

    # -- buying -------------------------------------------------------------------------------------------------------

    async def run_purchase(self) -> Run:
        """PUT the cart with five different lines, POST the checkout with cash on delivery: a confirmed order."""
        baskets = [self._basket(i) for i in range(self.count(800))]
        warm = [self._basket(i) for i in range(CLIENTS * 3)]
        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=warm, act=self._buy))
        self.meter.begin()
        load = await drive(self.layout.web_port, clients=CLIENTS, items=baskets, act=self._buy)
        cost = await asyncio.to_thread(self.meter.end)
        self._want(load)
        notes = {"deadlocks": cost.deadlocks, "drained after s": round(cost.wall_s, 1)}
        return Run("purchase", _figures(load, cost), cost, len(baskets), notes)

    def _basket(self, number: int) -> tuple[Buyer, list[str]]:
        # A buyer appears again only after all others: one person does not check out twice at once.
        buyer = self.market.buyers[number % len(self.market.buyers)]
        return buyer, self.dice.sample(self.market.skus, LINES)

    async def _buy(self, connection: Connection, item: tuple[Buyer, list[str]]) -> str:
        buyer, skus = item
        fingerprint = await self._fill(connection, buyer, skus)
        answer = await self._check_out(connection, buyer, fingerprint)
        placed = answer.json()
        if answer.status != 201 or placed["status"] != "CONFIRMED":
            raise Failed(f"checkout: {answer.status} {answer.body[:300]!r}")
        return str(placed["id"])

    async def _fill(self, connection: Connection, buyer: Buyer, skus: list[str]) -> str:
        body = {"store": STORE, "lines": [{"sku": sku, "qty": 1} for sku in skus]}
        answer = await connection.send("PUT", "/api/v1/cart/", token=buyer.token, body=body)
        if answer.status != 200:
            raise Failed(f"cart: {answer.status} {answer.body[:300]!r}")
        return str(answer.json()["bill"]["fingerprint"])

    async def _check_out(
        self, connection: Connection, buyer: Buyer, fingerprint: str, *, method: str = "cod"
    ) -> Answer:
        body = {"address_id": buyer.address_id, "method": method, "bill_fingerprint": fingerprint}
        headers = {"Idempotency-Key": str(uuid4())}
        return await connection.send("POST", "/api/v1/checkout/", token=buyer.token, body=body, headers=headers)

    async def run_race(self) -> Run:
        """200 buyers who all have one of the last fifty units in their cart check out, 32 at a time."""
        buyers = self.market.buyers[:RACE_BUYERS]

        async def prepare(connection: Connection, buyer: Buyer) -> tuple[Buyer, str]:
            return buyer, await self._fill(connection, buyer, [SCARCE_SKU])

        ready = await drive(self.layout.web_port, clients=CLIENTS, items=buyers, act=prepare)
        self._want(ready)

        async def try_it(connection: Connection, item: tuple[Buyer, str]) -> str:
            answer = await self._check_out(connection, *item)
            if answer.status == 201:
                return "sold"
            if answer.status == 409 and answer.json()["type"].endswith("/out-of-stock"):
                return "refused"
            raise Failed(f"checkout: {answer.status} {answer.body[:300]!r}")

        self.meter.begin()
        load = await drive(self.layout.web_port, clients=RACERS, items=ready.results, act=try_it)
        cost = await asyncio.to_thread(self.meter.end)
        outcomes = Counter(load.results)
        figures = {
            "sold": outcomes["sold"],
            "refused": outcomes["refused"],
            "errors": len(load.errors),
            "deadlocks": cost.deadlocks,
            "wall_s": round(load.wall_s, 3),
        }
        notes: dict[str, Any] = {"first error": load.errors[0]} if load.errors else {}
        return Run("race", figures, cost, RACE_BUYERS, notes)

    # -- being told ---------------------------------------------------------------------------------------------------

    async def run_webhook(self) -> Run:
        """Orders paid online: the gateway tells of each capture five times, under one event id. The door's own cost is
        that of the web process; confirming the orders, which workers do later, is in the notes.
        """
        told: list[tuple[dict[str, object], dict[str, str]]] = []

        async def order(connection: Connection, item: tuple[Buyer, list[str]]) -> None:
            buyer, skus = item
            fingerprint = await self._fill(connection, buyer, skus)
            placed = (await self._check_out(connection, buyer, fingerprint, method="online")).json()
            path, key = f"/api/v1/payments/{placed['payment_id']}/attempts/", {"Idempotency-Key": str(uuid4())}
            answer = await connection.send("POST", path, token=buyer.token, body={"instrument": "upi"}, headers=key)
            if answer.status != 201:
                raise Failed(f"attempt: {answer.status} {answer.body[:300]!r}")
            told.append(await asyncio.to_thread(goods.captured_message, answer.json()["intent_id"]))

        async def tell(connection: Connection, message: tuple[dict[str, object], dict[str, str]]) -> None:
            body, headers = message
            answer = await connection.send("POST", "/api/v1/payments/webhooks/sandbox/", body=body, headers=headers)
            if answer.status != 200:
                raise Failed(f"webhook: {answer.status} {answer.body[:300]!r}")

        orders = self.count(200)
        self._want(
            await drive(
                self.layout.web_port, clients=CLIENTS, items=[self._basket(i) for i in range(orders)], act=order
            )
        )
        messages = told * TOLD_TIMES
        self.dice.shuffle(messages)
        self.meter.begin()
        load = await drive(self.layout.web_port, clients=CLIENTS, items=messages, act=tell)
        cost = await asyncio.to_thread(self.meter.end)
        self._want(load)
        figures = _figures(load, cost) | {
            "cpu_ms_per_op": round(cost.cpu_ms["web"] / len(messages), 2),
            "sql_per_op": round(cost.sql("web") / len(messages), 2),
        }
        notes = {"CPU ms of all parts per order confirmed": round(cost.total_cpu_ms / orders, 1)}
        return Run("webhook", figures, cost, len(messages), notes)

    # -- watching -----------------------------------------------------------------------------------------------------

    async def run_fanout(self) -> Run:
        """100 orders with ten sockets each are cancelled by their customers, 16 at a time.

        The clock of an order starts at the time its OrderCancelled event carries, which is inside the transaction and
        so before the commit, and stops when the last of its ten sockets shows it.
        """
        items = [self._basket(i) for i in range(FAN_ORDERS)]
        placed: list[tuple[Buyer, str]] = []

        async def place(connection: Connection, item: tuple[Buyer, list[str]]) -> None:
            placed.append((item[0], await self._buy(connection, item)))

        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=items, act=place))
        await asyncio.to_thread(self.meter.drain)
        orders = [_Watched(order_id, buyer) for buyer, order_id in placed]
        gate = asyncio.Semaphore(SOCKETS_AT_ONCE)
        began = time.perf_counter()
        await asyncio.gather(
            *(order.open(self.layout.live_port, gate) for order in orders for _ in range(SOCKETS_PER_ORDER))
        )
        opened_s = time.perf_counter() - began

        async def cancel(connection: Connection, order: _Watched) -> None:
            headers = {"Idempotency-Key": str(uuid4())}
            order.asked = time.time()
            path = f"/api/v1/orders/{order.order_id}/cancel/"
            answer = await connection.send("POST", path, token=order.buyer.token, body={}, headers=headers)
            if answer.status != 200:
                raise Failed(f"cancel: {answer.status} {answer.body[:300]!r}")

        self.meter.begin()
        load = await drive(self.layout.web_port, clients=CLIENTS, items=orders, act=cancel)
        self._want(load)
        deadline = time.perf_counter() + FAN_TIMEOUT_S
        while any(not order.all_know for order in orders) and time.perf_counter() < deadline:
            await asyncio.sleep(0.02)
        cost = await asyncio.to_thread(self.meter.end)
        sockets = sum(len(order.sockets) for order in orders)
        lost = sum(SOCKETS_PER_ORDER - len(order.knew_at) for order in orders)
        changed = await asyncio.to_thread(self.meter.cancelled_at)
        told = [order for order in orders if order.all_know]
        last = [max(order.knew_at) - changed[order.order_id] for order in told]
        from_asking = [max(order.knew_at) - order.asked for order in told]
        await asyncio.gather(*(order.close() for order in orders))
        figures = {
            "sockets": sockets,
            "p50_ms": round(percentile(last, 0.5) * 1000, 1),
            "p95_ms": round(percentile(last, 0.95) * 1000, 1),
        }
        notes = {
            "lost": lost,
            "p95 ms with the request": round(percentile(from_asking, 0.95) * 1000, 1),
            "sockets opened per s": round(sockets / opened_s),
        }
        if lost:
            figures["lost"] = lost
        return Run("fanout", figures, cost, FAN_ORDERS, notes)

    async def run_shelf(self) -> Run:
        """200 guests look at one shelf; 100 prices and stocks change, one after the other, a fifth of a second apart.

        The clock of a change starts right after its commit, before the hint goes out, and stops for each socket when
        its message has arrived and was read. This process reads all 200: its work is in the figure.
        """
        took: list[float] = []
        committed: dict[str, float] = {}
        left: Counter[str] = Counter()
        gate = asyncio.Semaphore(SOCKETS_AT_ONCE)

        async def look() -> None:
            async with gate:
                socket = await connect(
                    f"ws://127.0.0.1:{self.layout.live_port}/ws/shelf/{STORE}/",
                    origin=f"http://127.0.0.1:{self.layout.live_port}",  # type: ignore[arg-type]
                    compression=None,
                    open_timeout=FAN_TIMEOUT_S,
                    ping_interval=None,
                )
                await asyncio.wait_for(socket.recv(), FAN_TIMEOUT_S)
            sockets.append(socket)
            async for message in socket:
                arrived = time.time()
                for sku in {item["sku"] for item in orjson.loads(message)["data"]} & committed.keys():
                    took.append(arrived - committed[sku])
                    left[sku] -= 1

        sockets: list[ClientConnection] = []
        tasks = [asyncio.create_task(look()) for _ in range(SHELF_SOCKETS)]
        while len(sockets) < SHELF_SOCKETS:
            await asyncio.sleep(0.02)
            for task in tasks:
                if task.done():
                    raise Failed(f"a shelf cannot be watched: {task.exception()!r}")
        skus = self.dice.sample(self.market.skus, SHELF_CHANGES)
        self.meter.begin()
        for number, sku in enumerate(skus):
            left[sku] = SHELF_SOCKETS
            await asyncio.to_thread(goods.change, sku, number=number, committed=committed)
            deadline = time.perf_counter() + 5
            while left[sku] > 0 and time.perf_counter() < deadline:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.2)
        cost = await asyncio.to_thread(self.meter.end)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)
        lost = sum(left.values())
        figures: dict[str, Any] = {
            "sockets": SHELF_SOCKETS,
            "p50_ms": round(percentile(took, 0.5) * 1000, 1),
            "p95_ms": round(percentile(took, 0.95) * 1000, 1),
        }
        if lost:
            figures["lost"] = lost
        return Run("shelf", figures, cost, SHELF_CHANGES, {"messages": len(took), "lost": lost})

    # -- picking ------------------------------------------------------------------------------------------------------

    async def run_floor(self) -> Run:
        """A store with 30 tablets, up to four orders in each picker's hands, and 200 or more that wait. One scan is one
        POST of the pick screen (session and CSRF, as a browser sends it), answered with the walk; the sockets are open.

        `cpu_p50_ms`, `cpu_p95_ms`: processor time of the web process and PostgreSQL for one scan, sent while nothing
        else runs. The other figures are of 16 tablets scanning at once.
        """
        base = f"/api/v1/floor/stores/{STORE}"
        orders = TABLETS * TOTES + OPEN_TASKS
        baskets = [self._basket(i) for i in range(orders)]
        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=baskets, act=self._buy))
        await asyncio.to_thread(self.meter.drain)
        tablets = await asyncio.to_thread(goods.tablets, TABLETS, now=timezone.now())
        scans: list[tuple[goods.Tablet, dict[str, Any]]] = []
        in_hand: list[int] = []

        async def begin(connection: Connection, tablet: goods.Tablet) -> None:
            answer = await connection.send("POST", f"{base}/next/", body={"totes": TOTES}, headers=tablet.headers)
            if answer.status != 200:
                raise Failed(f"next: {answer.status} {answer.body[:300]!r}")
            walk = (await connection.send("GET", f"{base}/walk/", headers=tablet.headers)).json()
            in_hand.append(len(walk["totes"]))
            for line in walk["lines"]:
                for _ in range(line["qty"]):
                    action = {"do": "scan", "task": line["task"], "line": line["id"], "code": line["codes"][0]}
                    scans.append((tablet, action | {"tote": line["tote"], "nonce": str(uuid4())}))

        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=tablets, act=begin))
        sockets = [
            await connect(
                f"ws://127.0.0.1:{self.layout.live_port}/ws/stores/{STORE}/mine/",
                origin=f"http://127.0.0.1:{self.layout.live_port}",  # type: ignore[arg-type]
                additional_headers={"Cookie": tablet.headers["Cookie"]},
                compression=None,
                ping_interval=None,
            )
            for tablet in tablets
        ]

        async def scan(connection: Connection, item: tuple[goods.Tablet, dict[str, Any]]) -> None:
            tablet, action = item
            answer = await connection.send("POST", f"{base}/walk/", body={"actions": [action]}, headers=tablet.headers)
            if answer.status != 200 or not answer.json()["results"][0]["ok"]:
                raise Failed(f"scan: {answer.status} {answer.body[:300]!r}")

        self.dice.shuffle(scans)
        warm, alone, rest = scans[:30], scans[30 : len(scans) // 2], scans[len(scans) // 2 :]
        self._want(await drive(self.layout.web_port, clients=CLIENTS, items=warm, act=scan))
        await asyncio.to_thread(self.meter.drain)
        took: list[float] = []
        connection = Connection(self.layout.web_port)
        for item in alone:
            before = self.meter.on_cpu_ms("web", "postgres")
            await scan(connection, item)
            took.append(self.meter.on_cpu_ms("web", "postgres") - before)
        connection.close()
        self.meter.begin()
        load = await drive(self.layout.web_port, clients=CLIENTS, items=rest, act=scan)
        cost = await asyncio.to_thread(self.meter.end)
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)
        self._want(load)
        figures = _figures(load, cost) | {
            "cpu_p50_ms": round(percentile(took, 0.5), 2),
            "cpu_p95_ms": round(percentile(took, 0.95), 2),
            "sql_per_op": round(cost.sql("web") / len(rest), 2),
        }
        notes = {
            "tablets": TABLETS,
            "orders in hand": sum(in_hand),
            "waiting": orders - sum(in_hand),
            "scans alone": len(alone),
        }
        return Run("floor", figures, cost, len(rest), notes)

    @staticmethod
    def _want(load: Load) -> None:
        if load.errors:
            raise Failed(f"{len(load.errors)} of {len(load.took_s)} failed; the first: {load.errors[0]}")


class _Watched:
    """An order and the sockets that look at it."""

    def __init__(self, order_id: str, buyer: Buyer) -> None:
        self.order_id = order_id
        self.buyer = buyer
        self.asked = 0.0  # wall clock, as everything here that is compared with the server's
        self.knew_at: list[float] = []
        self.sockets: list[ClientConnection] = []
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def all_know(self) -> bool:
        return len(self.knew_at) >= SOCKETS_PER_ORDER

    async def open(self, port: int, gate: asyncio.Semaphore) -> None:
        async with gate:
            socket = await connect(
                f"ws://127.0.0.1:{port}/ws/orders/{self.order_id}/",
                subprotocols=["bearer", self.buyer.token],  # type: ignore[list-item]
                compression=None,
                open_timeout=FAN_TIMEOUT_S,
                ping_interval=None,
            )
            self.sockets.append(socket)
            await asyncio.wait_for(socket.recv(), FAN_TIMEOUT_S)  # the first snapshot
        self.tasks.append(asyncio.create_task(self._watch(socket)))

    async def _watch(self, socket: ClientConnection) -> None:
        async for message in socket:
            if '"status":"CANCELLED"' in str(message):
                self.knew_at.append(time.time())
                return

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*(socket.close() for socket in self.sockets), return_exceptions=True)


def _figures(load: Load, cost: Cost) -> dict[str, Any]:
    count = len(load.took_s)
    return {
        "rps": round(load.rps, 1),
        "p50_ms": round(load.ms(0.5), 2),
        "p95_ms": round(load.ms(0.95), 2),
        "cpu_ms_per_op": round(cost.total_cpu_ms / count, 2),
        "sql_per_op": round(cost.sql() / count, 2),
    }

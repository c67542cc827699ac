"""A small shop in which anything may happen in any order: the acts of customers, pickers, riders, gateways and clocks,
each as one call with a random choice in it. What is refused is refused in words; anything else that fails is a fault.

Used one act at a time by tests/test_stateful.py, which knows what must come of each, and by many processes at once in
tests/test_race_processes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from blinkit.kernel import delivery, events
from blinkit.kernel.errors import Refusal
from blinkit.kernel.models import Event, Receipt
from catalog.tests.factories import ProductFactory
from catalog.tests.factories import store as make_store
from inventory import queries as stock_queries
from inventory import services as stock
from inventory.models import Batch
from inventory.services import Arrival
from orders import services
from orders.claiming import Kind
from orders.models import Order, OrderLine
from orders.queries import books, proof
from orders.services.claims import Reported
from orders.sourced import Cause
from orders.states import Status
from orders.tests.factories import address, customer, full_cart, shop
from payments import queries as money_queries
from payments import services as money
from payments.gateways import sandbox
from payments.models import Payment, PaymentState, Refund, RefundState, SandboxEvent, SandboxIntent, WebhookReceipt
from payments.tests.factories import signed

GATEWAY_TELLS = ["pay", "pay", "pay", "decline", "late", "twice", "silent"]


class NothingToDo(Exception):
    """There is no order (payment, refund, batch) of the kind this act needs."""


class Crash(BaseException):
    """The process died here. No handler of exceptions can catch that."""


class World:
    """A store, another that may take its orders, products and customers. Each act picks whom or what with `chance`."""

    def __init__(self, chance: Random, *, products: int = 3, customers: int = 3, units: int = 8) -> None:
        self.chance = chance
        now = timezone.now()
        self.products = ProductFactory.create_batch(products, shelf_life_days=10)
        self.store = shop(*self.products, units=0)
        self.other_store = shop(*self.products, units=0, at=make_store("BLR-U", lat=12.96, lng=77.63))
        self.customers = []
        for number in range(customers):
            user = customer(f"Customer {number}")
            self.customers.append((user, address(user)))
            money.give_goodwill(
                customer_id=user.pk, amount_paise=20_000, reason="Hello", actor="user:9", key=str(uuid4()), now=now
            )
        for place in (self.store, self.other_store):
            for product in self.products:
                self.receive_goods(product, units, place)

    # -- customers

    def check_out(self) -> Order:
        user, where = self.chance.choice(self.customers)
        basket = {
            product: self.chance.randint(1, 3)
            for product in self.chance.sample(self.products, self.chance.randint(1, len(self.products)))
        }
        view = full_cart(user, self.store, basket, tip_paise=self.chance.choice([0, 2000]))
        return services.checkout(
            customer_id=user.pk,
            address_id=where.pk,
            method=self.chance.choice(["cod", "online", "online"]),
            bill_fingerprint=view.fingerprint,
            now=timezone.now(),
            use_wallet=self.chance.random() < 0.4,
        )

    def start_paying(self) -> None:
        payment = self._some(Payment.objects.filter(method="online", state=PaymentState.OPEN))
        money.start_attempt(
            payment_id=payment.pk, customer_id=payment.customer_id, instrument=self.chance.choice(["upi", "card"]),
            now=timezone.now(),
        )  # fmt: skip

    def decide_at_gateway(self) -> None:
        intent = self._some(SandboxIntent.objects.filter(state="created"))
        sandbox.decide(intent_id=intent.pk, outcome=self.chance.choice(GATEWAY_TELLS), now=timezone.now())

    def cancel(self) -> None:
        order = self._order(*Status.values)
        by = self.chance.choice(["customer", "staff"])
        services.cancel(order_id=order.pk, by=by, reason="Changed my mind", actor=f"user:{by}", now=timezone.now())

    def claim(self) -> None:
        order = self._order(Status.DELIVERED)
        line = self._some(OrderLine.objects.filter(order=order))
        report = Reported(kind=Kind.MISSING, line_id=line.pk, qty=self.chance.randint(1, line.qty))
        services.open_claims(order_id=order.pk, customer_id=order.customer_id, reported=[report], now=timezone.now())

    # -- the gateway's messages: again, out of order, never

    def hear_from_gateway(self) -> None:
        owed = list(SandboxEvent.objects.order_by("pk"))
        for event in self.chance.sample(owed, min(len(owed), self.chance.randint(1, 3))):
            body, headers = signed(event.body, now=timezone.now())
            money.record_webhook(gateway="sandbox", headers=headers, body=body, now=timezone.now())
        self.process_messages()

    def process_messages(self) -> None:
        waiting = list(WebhookReceipt.objects.filter(processed_at=None).values_list("pk", flat=True))
        self.chance.shuffle(waiting)
        for receipt_id in waiting[:3]:
            money.process_webhook(receipt_id=receipt_id, now=timezone.now())

    def send_refund(self) -> None:
        refund = self._some(Refund.objects.exclude(state=RefundState.DONE))
        money.send_refund(refund_id=refund.pk, now=timezone.now())

    # -- workers and clocks

    def work(self) -> None:
        """A worker hands out some waiting events, perhaps not the oldest first."""
        waiting = Event.objects.filter(handed_out_at=None, code__in=list(events.reactions()))
        ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:20])
        self.chance.shuffle(ids)
        delivery.deliver(ids[:5], now=timezone.now())

    def sweep(self, ahead: timedelta = timedelta(0)) -> None:
        now = timezone.now() + ahead
        services.sweep_unpaid(now=now)
        stock.sweep_expired(now=now)
        money.reconcile(now=now)

    # -- the floor

    def take_to_store(self) -> None:
        order = self._order(Status.CONFIRMED)
        services.to_store(order_id=order.pk, actor="system", now=timezone.now())

    def start_picking(self) -> None:
        order = self._order(Status.ASSIGNED_TO_STORE)
        services.start_picking(order_id=order.pk, actor="user:2", now=timezone.now())

    def short(self) -> tuple[int, int]:
        """Returns (product, units) that were not there."""
        order = self._order(Status.PICKING)
        line = self._some(OrderLine.objects.filter(order=order))
        qty = self.chance.randint(1, line.qty)
        services.short_line(order_id=order.pk, order_line_id=line.pk, qty=qty, actor="user:2", now=timezone.now())
        return line.product_id, qty

    def pack(self) -> None:
        order = self._order(Status.PICKING)
        services.packed(order_id=order.pk, bag_codes=["BAG-1"], shelf_slot="S1", actor="user:2", now=timezone.now())

    # -- the street

    def rider_accepts(self) -> None:
        order = self._order(Status.CONFIRMED, Status.ASSIGNED_TO_STORE, Status.PICKING, Status.PACKED)
        services.rider_accepted(
            order_id=order.pk, rider_id=self.chance.choice([7, 8]), rider_name="Ravi", actor="rider:7",
            now=timezone.now(),
        )  # fmt: skip

    def rider_falls_away(self) -> None:
        order = self._order(Status.ASSIGNED_TO_PARTNER, Status.PICKING)
        services.rider_fell_away(order_id=order.pk, actor="system", now=timezone.now())

    def pick_up(self) -> Order:
        order = self._order(Status.ASSIGNED_TO_PARTNER)
        return services.picked_up(order_id=order.pk, bag_codes=["BAG-1"], actor="rider:7", now=timezone.now())

    def deliver(self) -> None:
        order = self._order(Status.PICKED_UP, Status.IN_TRANSIT)
        services.delivered(
            order_id=order.pk, rider_id=order.rider_id_ref or 7, otp=order.door_otp, actor="rider:7",
            cash_paise=order.cash_due_paise, now=timezone.now(),
        )  # fmt: skip

    def fail_to_deliver(self) -> None:
        order = self._order(Status.PICKED_UP, Status.IN_TRANSIT)
        services.undelivered(order_id=order.pk, reason="Nobody there", actor="rider:7", now=timezone.now())

    def goods_come_back(self) -> Order:
        """Returns the order whose goods came back just now."""
        order = self._some(
            Order.objects.filter(status__in=[Status.UNDELIVERED, Status.REFUNDED], picked_up_at__isnull=False).exclude(
                evidence__kind="goods_back"
            )
        )
        return services.goods_back(order_id=order.pk, actor="user:2", now=timezone.now())

    def go_on(self) -> tuple[str, Order]:
        """Some order goes one step further on the ordinary way. Returns (the status it had, the order)."""
        order = self._order(*_NEXT)
        pk, now, was = order.pk, timezone.now(), order.status
        rider = {"order_id": pk, "actor": "rider:7", "now": now}
        if was == Status.CONFIRMED:
            services.to_store(order_id=pk, actor="system", now=now)
        elif was == Status.ASSIGNED_TO_STORE:
            services.start_picking(order_id=pk, actor="user:2", now=now)
        elif was == Status.PICKING:
            services.packed(order_id=pk, bag_codes=["BAG-1"], shelf_slot="S1", actor="user:2", now=now)
        elif was == Status.PACKED:
            services.rider_accepted(rider_id=7, rider_name="Ravi", **rider)
        elif was == Status.ASSIGNED_TO_PARTNER:
            services.picked_up(bag_codes=["BAG-1"], **rider)
        elif was == Status.PICKED_UP:
            services.in_transit(**rider)
        else:
            cash = order.cash_due_paise
            services.delivered(rider_id=order.rider_id_ref or 7, otp=order.door_otp, cash_paise=cash, **rider)
        return was, order

    def pay_and_tell(self) -> None:
        """A customer pays as most do, and the gateway's message arrives."""
        payment = self._some(Payment.objects.filter(method="online", state=PaymentState.OPEN))
        started = money.start_attempt(
            payment_id=payment.pk, customer_id=payment.customer_id, instrument="upi", now=timezone.now()
        )
        sandbox.decide(intent_id=started["intent_id"], outcome="pay", now=timezone.now())
        self.hear_from_gateway()
        self.work()

    # -- the store's stock

    def receive_goods(self, product: Any = None, qty: int = 0, at: Any = None) -> tuple[int, int]:
        product, qty = product or self.chance.choice(self.products), qty or self.chance.randint(1, 5)
        ends = self.chance.choice([None, 4, 8, 20])
        expires_on = None if ends is None else (timezone.now() + timedelta(days=ends)).date()
        line = Arrival(product.pk, qty, None, self.chance.choice(["", "L1", "L2"]), expires_on)
        stock.receive(store_id=(at or self.store).pk, lines=[line], reason="GRN", actor="user:9", now=timezone.now())
        return product.pk, qty

    def throw_away(self) -> tuple[int, int]:
        product, qty = self.chance.choice(self.products), self.chance.randint(1, 3)
        stock.waste(
            store_id=self.store.pk, product_id=product.pk, qty=qty, reason="Broken", actor="user:9", now=timezone.now()
        )
        return product.pk, qty

    def count_shelf(self) -> tuple[int, int]:
        """Returns (product, difference)."""
        product = self.chance.choice(self.products)
        difference = stock.count(
            store_id=self.store.pk, product_id=product.pk, counted=self.chance.randint(0, 10), reason="Count",
            actor="user:9", now=timezone.now(),
        )  # fmt: skip
        return product.pk, difference

    def recall(self) -> None:
        batch = self._some(Batch.objects.filter(stock__store=self.store))
        stock.block(batch_id=batch.pk, state="quarantined", reason="Recall", actor="user:9", now=timezone.now())

    def clear(self) -> None:
        batch = self._some(Batch.objects.filter(stock__store=self.store, state="quarantined"))
        stock.unblock(batch_id=batch.pk, reason="Is good", actor="user:9", now=timezone.now())

    def sweep_batches(self) -> None:
        stock.sweep_short_dated(now=timezone.now())

    def decline(self) -> None:
        """The store can't do an order: another one may, else it is cancelled."""
        order = self._order(Status.CONFIRMED, Status.ASSIGNED_TO_STORE)
        services.resource(
            order_id=order.pk, store_id=order.store_id, cause=Cause.DECLINED, why="No electricity", actor="user:2",
            now=timezone.now(),
        )  # fmt: skip

    # -- to its end

    def settle(self) -> None:
        """Everything that waits is done, everything that was begun is ended: what then is left is what happened."""
        for _ in range(8):
            for event in SandboxEvent.objects.order_by("pk"):
                body, headers = signed(event.body, now=timezone.now())
                money.record_webhook(gateway="sandbox", headers=headers, body=body, now=timezone.now())
            for receipt_id in list(WebhookReceipt.objects.filter(processed_at=None).values_list("pk", flat=True)):
                money.process_webhook(receipt_id=receipt_id, now=timezone.now())
            self.sweep(timedelta(minutes=25))
            waiting = Event.objects.filter(handed_out_at=None, code__in=list(events.reactions()))
            delivery.deliver(list(waiting.order_by("pk").values_list("pk", flat=True)), now=timezone.now())
            for refund in Refund.objects.exclude(state=RefundState.DONE):
                money.send_refund(refund_id=refund.pk, now=timezone.now() + timedelta(minutes=5))
        assert not Receipt.objects.filter(done_at=None).exists(), Receipt.objects.filter(done_at=None).first()

    def _order(self, *states: str) -> Order:
        return self._some(Order.objects.select_related("store").filter(status__in=states))

    def _some(self, rows: Any) -> Any:
        """One of the newest rows, whoever else may be at it."""
        found = list(rows.order_by("-pk")[:6])
        if not found:
            raise NothingToDo
        return self.chance.choice(found)


_NEXT = [
    Status.CONFIRMED, Status.ASSIGNED_TO_STORE, Status.PICKING, Status.PACKED, Status.ASSIGNED_TO_PARTNER,
    Status.PICKED_UP, Status.IN_TRANSIT,
]  # fmt: skip
ACTS: list[Callable[[World], Any]] = [
    # what happens often is named often
    World.check_out, World.check_out, World.check_out, World.pay_and_tell, World.pay_and_tell,
    World.go_on, World.go_on, World.go_on, World.go_on, World.go_on, World.go_on, World.go_on, World.go_on,
    World.go_on, World.go_on, World.go_on, World.go_on, World.go_on, World.go_on, World.receive_goods,
    World.start_paying, World.decide_at_gateway, World.hear_from_gateway, World.process_messages, World.work,
    World.short, World.rider_falls_away, World.pick_up, World.deliver, World.fail_to_deliver, World.goods_come_back,
    World.cancel, World.decline, World.claim, World.send_refund, World.sweep, World.receive_goods, World.receive_goods,
    World.throw_away, World.count_shelf, World.recall, World.clear, World.sweep_batches,
]  # fmt: skip


def faults() -> list[str]:
    """Everything that can never be true and is (architecture, section 4), in words."""
    found = [f"stock: {difference}" for difference in stock_queries.audit()]
    found += [f"money: {difference}" for difference in money_queries.audit()]
    found += [f"order: {difference}" for difference in [*books.audit(), *proof.audit()]]
    return found + [f"gateway: {text}" for text in _gateway_faults()]


_GATEWAYS_BOOK = """
    SELECT i.id, CASE WHEN i.state = 'captured' THEN i.amount_paise ELSE 0 END - i.refunded_paise,
        coalesce(a.captured_paise, 0) - coalesce((
            SELECT sum(r.amount_paise) FROM payments_refund r WHERE r.attempt_id = a.id AND r.state = 'done'), 0)
    FROM payments_sandboxintent i LEFT JOIN payments_attempt a ON a.id = i.attempt_id
"""


def _gateway_faults() -> list[str]:
    """We never say that more was taken, or less given back, than the gateway's own book does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, refunded_paise, amount_paise FROM payments_sandboxintent WHERE refunded_paise > amount_paise"
        )
        found = [f"{intent}: {back} back of {taken}" for intent, back, taken in cursor.fetchall()]
        cursor.execute(
            "SELECT i.id FROM payments_sandboxintent i JOIN payments_attempt a ON a.id = i.attempt_id"
            " WHERE a.captured_paise > 0 AND (i.state <> 'captured' OR a.captured_paise <> i.amount_paise)"
        )
        return found + [f"{intent}: we say it was taken, the gateway does not" for (intent,) in cursor.fetchall()]


def gateway_differs() -> list[str]:
    """After everything has settled: the gateway's book and ours agree to the paisa."""
    with connection.cursor() as cursor:
        cursor.execute(_GATEWAYS_BOOK)
        return [
            f"{intent}: gateway {theirs}, we {ours}" for intent, theirs, ours in cursor.fetchall() if theirs != ours
        ]


@contextmanager
def dying_at(statement: int) -> Any:
    """The process dies at its n-th statement: its transaction never ends. Yields; the caller sees no exception."""
    seen = 0

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == statement:  # what comes after is the rollback
            raise Crash
        return execute(sql, params, many, context)

    try:
        with transaction.atomic():
            with connection.execute_wrapper(count):
                yield
            raise Crash
    except (Crash, Refusal, NothingToDo):
        pass

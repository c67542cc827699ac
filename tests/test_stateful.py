"""Anything in any order, one act at a time: after each one nothing is true that can never be, and stock is what a plain
model says. Trips, bundles and hand-overs are walked in delivery/tests/test_streets.py.
Deeper: STATEFUL_EXAMPLES=300 pytest tests/test_stateful.py
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.db.models import Sum
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from blinkit.kernel.errors import Refusal
from catalog.tests.factories import NOW
from inventory.errors import OutOfStock
from inventory.models import Batch, Stock
from orders.models import Order, OrderLine
from orders.states import Status
from tests import world
from tests.world import NothingToDo, World

SEEDS = st.integers(0, 2**16)
EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "3"))


class Shop(RuleBasedStateMachine):
    """The model: units on hand per product, changed only by what really came, went or was not there."""

    happened: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(NOW, tick=False)
        self.time = self.clock.start()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.on_hand: Counter[int] = Counter()
        self.steps = 0

    @initialize(seed=SEEDS)
    def open(self, seed: int) -> None:
        self.world = World(Random(seed))
        self.on_hand = Counter({product.pk: 16 for product in self.world.products})

    def _do(self, act: Any) -> Any:
        """One act in a transaction of its own. What is refused leaves nothing behind."""
        try:
            with transaction.atomic():
                done = act(self.world)
        except NothingToDo:
            return None
        except Refusal as refusal:
            self.happened[f"{act.__name__}: {refusal.code}"] += 1
            return refusal
        self.happened[act.__name__] += 1
        return done

    @rule(seed=SEEDS)
    def something_happens(self, seed: int) -> None:
        """Time passes and somebody acts. Now and then the process dies at some statement, as if nothing had been.

        What happens is told by the seed and the number of the step: hypothesis likes to repeat itself, and a shop that
        is closed a hundred times over proves little.
        """
        self.steps += 1
        chance = Random(f"{seed}/{self.steps}")
        act = chance.choice(world.ACTS)
        self.time.shift(timedelta(minutes=chance.choice([0, 0, 0, 0, 1, 1, 1, 2, 5, 16] * 3 + [60 * 24])))
        self.world.chance.seed(chance.random())
        note(f"{timezone.now():%d %H:%M} {act.__name__}")
        if chance.random() < 0.1:
            with world.dying_at(chance.randint(1, 40)):
                act(self.world)
            self.happened["crash"] += 1
            return
        free = self._free()
        waiting = set(Order.objects.filter(picked_up_at=None).values_list("pk", flat=True))
        done = self._do(act)
        if isinstance(done, OutOfStock):
            self._check_short(done, free)
        elif isinstance(done, Refusal) or done is None:
            return
        elif act is World.check_out:  # sold only if every product had the units
            assert all(line.qty <= free[line.product_id] for line in OrderLine.objects.filter(order=done))
        elif act is World.go_on and done[0] == Status.ASSIGNED_TO_PARTNER:
            self._move(done[1], -1)
        elif act is World.pick_up and done.pk in waiting:
            self._move(done, -1)
        elif act is World.goods_come_back:
            self._move(done, 1)
        elif act in (World.short, World.throw_away):
            self.on_hand[done[0]] -= done[1]
        elif act in (World.receive_goods, World.count_shelf):
            self.on_hand[done[0]] += done[1]

    @invariant()
    def nothing_impossible(self) -> None:
        if not self.on_hand:
            return
        assert world.faults() == []
        units = Stock.objects.values("product_id").annotate(units=Sum("on_hand")).values_list("product_id", "units")
        assert dict(units) == dict(self.on_hand)

    def teardown(self) -> None:
        try:
            if self.on_hand:
                self.world.settle()
                assert world.faults() == []
                assert world.gateway_differs() == []
                open_still = Order.objects.filter(status=Status.PENDING).count()
                assert open_still == 0, "an unpaid order outlived its window"
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)
            self.clock.stop()

    def _check_short(self, refusal: OutOfStock, free: dict[int, int]) -> None:
        """Exactly the units that are there are named."""
        short = {int(product): units for product, units in refusal.extra["short"].items()}
        assert short == {product: free[product] for product in short}

    def _free(self) -> dict[int, int]:
        """Units that may be sold now, counted one batch at a time."""
        free = dict.fromkeys((product.pk for product in self.world.products), 0)
        for batch in Batch.objects.filter(stock__store=self.world.store).select_related("stock"):
            if batch.state == "open" and (batch.sell_until is None or batch.sell_until >= timezone.now()):
                free[batch.stock.product_id] += batch.on_hand - batch.held
        return free

    def _move(self, order: Order, sign: int) -> None:
        for line in OrderLine.objects.filter(order=order):
            self.on_hand[line.product_id] += sign * (line.qty - line.short_qty)


@pytest.mark.slow
@pytest.mark.django_db
@override_settings(ORDER_MOST_OPEN_UNPAID=50, ORDER_MOST_OPEN_CASH=50)
def test_anything_in_any_order_keeps_stock_and_money_right() -> None:
    Shop.happened.clear()
    run_state_machine_as_test(
        Shop,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=50, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
    print(dict(Shop.happened.most_common()))
    for act in ("check_out", "go_on", "crash", "receive_goods", "work"):
        assert Shop.happened[act], f"{act} never happened: {Shop.happened}"

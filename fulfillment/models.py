"""The store floor: pick tasks, their lines, bags and the handover shelf."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import localtime

from blinkit.kernel.ids import uuid7

MOST_TOTES = 4
"""So many totes fit on a picking trolley, and so many orders a person keeps apart."""


class TaskState(models.TextChoices):
    OPEN = "open", "Waiting for a picker"
    PICKING = "picking", "Being picked"
    PICKED = "picked", "To be packed"
    PACKED = "packed", "On the shelf"
    HANDED_OVER = "handed_over", "With the rider"
    CANCELLED = "cancelled", "Cancelled"


ON_FLOOR = (TaskState.OPEN, TaskState.PICKING, TaskState.PICKED, TaskState.PACKED)


class PickerShift(models.Model):
    """A picker on the floor; at most one live shift each."""

    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="picker_shifts")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="picker_shifts")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    totes = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="How many totes this person takes on one walk"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(ended_at=None), name="picker_one_live_shift"),
            models.CheckConstraint(
                condition=Q(totes__gte=1, totes__lte=MOST_TOTES), name="picker_takes_one_to_four_totes"
            ),
        ]
        indexes = [models.Index(fields=["store", "-ended_at"], name="shift_by_store")]

    def __str__(self) -> str:
        return f"{self.user} since {localtime(self.started_at):%d %b %H:%M}"


class ShelfSlot(models.Model):
    """A numbered place on the handover shelf; holds at most one task, or the cold bags of one."""

    store = models.ForeignKey("catalog.Store", on_delete=models.CASCADE, related_name="shelf_slots")
    code = models.CharField(max_length=12)
    task = models.OneToOneField(
        "fulfillment.PickTask", on_delete=models.SET_NULL, null=True, blank=True, related_name="slot"
    )
    zone = models.CharField(
        max_length=8, choices=[("ambient", "Open shelf"), ("cold", "Cold")], default="ambient", db_default="ambient"
    )
    cold_of = models.OneToOneField(
        "fulfillment.PickTask", on_delete=models.SET_NULL, null=True, blank=True, related_name="cold_slot",
        help_text="Only the cold bags of this order stand here",
    )  # fmt: skip

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "code"], name="shelf_slot_code_once_per_store"),
            models.CheckConstraint(
                condition=Q(task=None) | Q(cold_of=None), name="shelf_slot_holds_an_order_or_its_cold_bags"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class PickTask(models.Model):
    """Picking one order. `due_at` is the moment the bags must stand on the shelf for the promise to hold.

    In work it lies in one tote of its picker, who may carry up to four. Lines with a `helper` are fetched by somebody
    else (a split order); the picker packs.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.OneToOneField("orders.Order", on_delete=models.PROTECT, related_name="pick_task")
    store = models.ForeignKey("catalog.Store", on_delete=models.PROTECT, related_name="pick_tasks")
    state = models.CharField(max_length=12, choices=TaskState.choices, default=TaskState.OPEN)
    picker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="pick_tasks"
    )
    due_at = models.DateTimeField()
    work_s = models.PositiveIntegerField(default=0, db_default=0, help_text="Usual seconds to pick and pack it")
    tote = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 to 4 while it is in work")
    pinned = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    picked_at = models.DateTimeField(null=True, blank=True)
    packed_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "cancelled"]) | Q(picker__isnull=False), name="task_in_work_has_a_picker"
            ),
            models.UniqueConstraint(
                fields=["picker", "tote"],
                condition=Q(state__in=["picking", "picked"]),
                name="task_in_work_has_its_own_tote",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["picking", "picked"])
                | Q(tote__gte=1, tote__lte=MOST_TOTES, tote__isnull=False),
                name="task_in_work_lies_in_a_tote",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "due_at"], name="task_queue", condition=Q(state__in=["open", "picking", "picked"])
            ),
            models.Index(fields=["store", "packed_at"], name="task_day_of_store"),
            models.Index(fields=["picker", "packed_at"], name="task_day_of_picker"),
            models.Index(fields=["store", "started_at"], name="task_begun_in_vain", condition=Q(state="cancelled")),
        ]

    def __str__(self) -> str:
        return f"Pick {self.order}"


class PickLine(models.Model):
    task = models.ForeignKey(PickTask, on_delete=models.CASCADE, related_name="lines")
    order_line = models.OneToOneField("orders.OrderLine", on_delete=models.PROTECT, related_name="pick_line")
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+")
    bin_code = models.CharField(max_length=12, blank=True)
    zone = models.CharField(max_length=8)
    walk = models.PositiveIntegerField(default=0, help_text="Place in the walk through the store")
    qty = models.PositiveSmallIntegerField()
    picked_qty = models.PositiveSmallIntegerField(default=0)
    short_qty = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    grams = models.PositiveIntegerField(default=0, db_default=0, help_text="Weighed, of all picked units")
    helper = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="lines_helped",
        help_text="Who fetches this line, when it is not the task's picker",
    )  # fmt: skip

    class Meta:
        ordering = ["walk", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(qty__gte=F("picked_qty") + F("short_qty")), name="pick_line_not_more_than_ordered"
            )
        ]

    def __str__(self) -> str:
        return f"{self.qty} × {self.product} from {self.bin_code or 'nowhere'}"


class ScanNonce(models.Model):
    """A device action already taken; a re-sent one does nothing."""

    task = models.ForeignKey(PickTask, on_delete=models.CASCADE)
    nonce = models.CharField(max_length=64)
    outcome = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "nonce"], name="scan_nonce_once_per_task")]


class Bag(models.Model):
    task = models.ForeignKey(PickTask, on_delete=models.CASCADE, related_name="bags")
    code = models.CharField(max_length=16, unique=True, help_text="Printed as a QR code")
    zone = models.CharField(max_length=8)
    kind = models.CharField(max_length=8, default="ambient", db_default="ambient", help_text="One of bagging.KINDS")
    slot = models.CharField(max_length=12, blank=True, default="", db_default="", help_text="The place it stands on")
    weight_g = models.PositiveIntegerField(default=0, help_text="As weighed; 0 when it was not")
    expected_g = models.PositiveIntegerField(default=0, db_default=0, help_text="Of what is known to be in it")
    holds = models.JSONField(default=list, db_default=models.Value([], models.JSONField()), help_text="Lines and units")

    def __str__(self) -> str:
        return self.code

    @property
    def stem(self) -> str:
        """What all bags of an order begin with: "K7QX2M" of "K7QX2M-1/2"."""
        return self.code.rpartition("-")[0]


# How a store closes its bags has a file of its own; Django finds the models of an app here.
from fulfillment.packing_rules import PackingRule as PackingRule  # noqa: E402
from fulfillment.rota import Break as Break  # noqa: E402
from fulfillment.rota import PickerStat as PickerStat  # noqa: E402
from fulfillment.rota import PickPace as PickPace  # noqa: E402
from fulfillment.rota import PlannedShift as PlannedShift  # noqa: E402

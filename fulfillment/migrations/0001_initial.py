import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalog", "0001_squashed_0011_min_life"),
        ("orders", "0001_squashed_0010_sourcing"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="PickTask",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "Waiting for a picker"),
                                    ("picking", "Being picked"),
                                    ("picked", "To be packed"),
                                    ("packed", "On the shelf"),
                                    ("handed_over", "With the rider"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="open",
                                max_length=12,
                            ),
                        ),
                        ("due_at", models.DateTimeField()),
                        ("pinned", models.BooleanField(default=False)),
                        ("opened_at", models.DateTimeField()),
                        ("started_at", models.DateTimeField(blank=True, null=True)),
                        ("picked_at", models.DateTimeField(blank=True, null=True)),
                        ("packed_at", models.DateTimeField(blank=True, null=True)),
                        ("handed_over_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "order",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="pick_task", to="orders.order"
                            ),
                        ),
                        (
                            "picker",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pick_tasks",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pick_tasks",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["open", "picking", "picked"])),
                                fields=["store", "due_at"],
                                name="task_queue",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["open", "cancelled"]), ("picker__isnull", False), _connector="OR"
                                ),
                                name="task_in_work_has_a_picker",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["picking", "picked"])),
                                fields=("picker",),
                                name="picker_has_one_task_in_hand",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PickLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("bin_code", models.CharField(blank=True, max_length=12)),
                        ("zone", models.CharField(max_length=8)),
                        (
                            "walk",
                            models.PositiveIntegerField(default=0, help_text="Place in the walk through the store"),
                        ),
                        ("qty", models.PositiveSmallIntegerField()),
                        ("picked_qty", models.PositiveSmallIntegerField(default=0)),
                        ("short_qty", models.PositiveSmallIntegerField(default=0)),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "order_line",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="pick_line",
                                to="orders.orderline",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.product"
                            ),
                        ),
                        (
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="fulfillment.picktask",
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["walk", "id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "qty__gte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("picked_qty"), "+", models.F("short_qty")
                                        ),
                                    )
                                ),
                                name="pick_line_not_more_than_ordered",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Bag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(help_text="Printed as a QR code", max_length=16, unique=True)),
                        ("zone", models.CharField(max_length=8)),
                        ("weight_g", models.PositiveIntegerField(default=0)),
                        (
                            "task",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="bags",
                                to="fulfillment.picktask",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="ScanNonce",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("nonce", models.CharField(max_length=64)),
                        ("outcome", models.JSONField()),
                        ("at", models.DateTimeField()),
                        (
                            "task",
                            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="fulfillment.picktask"),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("task", "nonce"), name="scan_nonce_once_per_task")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShelfSlot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=12)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="shelf_slots",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "task",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="slot",
                                to="fulfillment.picktask",
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("store", "code"), name="shelf_slot_code_once_per_store")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PickerShift",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("started_at", models.DateTimeField()),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="picker_shifts",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="picker_shifts",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)), fields=("user",), name="picker_one_live_shift"
                            )
                        ],
                    },
                ),
            ]
        ),
    ]

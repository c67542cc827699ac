"""Riders, trips, offers and cash in hand."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    replaces = [("delivery", "0001_initial"), ("delivery", "0002_cash_in_hand")]

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
                    name="Job",
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
                                    ("seeking", "Seeking a rider"),
                                    ("offered", "Offered"),
                                    ("taken", "Taken"),
                                    ("done", "Done"),
                                    ("cancelled", "Cancelled"),
                                ],
                                default="seeking",
                                max_length=10,
                            ),
                        ),
                        (
                            "ready_at",
                            models.DateTimeField(
                                help_text="When the bags are expected on the shelf; the real time once packed"
                            ),
                        ),
                        ("bags", models.PositiveSmallIntegerField(default=1)),
                        ("due_at", models.DateTimeField(help_text="The promise")),
                        ("opened_at", models.DateTimeField()),
                        (
                            "declined_by",
                            models.JSONField(blank=True, default=list, help_text="Who said no: see saying_no.py"),
                        ),
                        (
                            "order",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="delivery_job",
                                to="orders.order",
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="delivery_jobs",
                                to="catalog.store",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state__in", ["seeking", "offered"])),
                                fields=["store", "opened_at"],
                                name="job_seeking",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Rider",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "vehicle",
                            models.CharField(
                                choices=[("cycle", "Bicycle"), ("ebike", "Electric bicycle"), ("scooter", "Scooter")],
                                default="ebike",
                                max_length=10,
                            ),
                        ),
                        ("max_bags", models.PositiveSmallIntegerField(default=4)),
                        ("is_verified", models.BooleanField(default=True)),
                        ("suspended_reason", models.CharField(blank=True, max_length=160)),
                        ("rating_sum", models.PositiveIntegerField(default=0)),
                        ("rating_count", models.PositiveIntegerField(default=0)),
                        ("lat", models.FloatField(blank=True, null=True)),
                        ("lng", models.FloatField(blank=True, null=True)),
                        ("seen_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "store",
                            models.ForeignKey(
                                help_text="Home store",
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="riders",
                                to="catalog.store",
                            ),
                        ),
                        (
                            "user",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="rider",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Position",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("lat", models.FloatField()),
                        ("lng", models.FloatField()),
                        ("accuracy_metres", models.FloatField(default=0)),
                        ("at", models.DateTimeField()),
                        (
                            "rider",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="positions",
                                to="delivery.rider",
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["rider", "-at"], name="position_latest")],
                    },
                ),
                migrations.CreateModel(
                    name="Offer",
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
                                    ("open", "Waiting for an answer"),
                                    ("accepted", "Accepted"),
                                    ("declined", "Declined"),
                                    ("expired", "Not answered"),
                                    ("withdrawn", "Withdrawn"),
                                ],
                                default="open",
                                max_length=10,
                            ),
                        ),
                        ("pay_paise", models.BigIntegerField()),
                        ("pay_parts", models.JSONField(default=dict)),
                        (
                            "why",
                            models.JSONField(
                                default=list, help_text="The scored candidates of the round that chose this rider"
                            ),
                        ),
                        ("made_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("answered_at", models.DateTimeField(blank=True, null=True)),
                        ("decline_reason", models.CharField(blank=True, max_length=80)),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="offers", to="delivery.job"
                            ),
                        ),
                        (
                            "rider",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="offers", to="delivery.rider"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "open")), fields=["expires_at"], name="offer_expiring"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")), fields=("job",), name="job_one_open_offer"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "open")), fields=("rider",), name="rider_one_open_offer"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Shift",
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
                            "rider",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="delivery.rider"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)), fields=("rider",), name="rider_one_live_shift"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Trip",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("started_at", models.DateTimeField()),
                        ("at_store_at", models.DateTimeField(blank=True, null=True)),
                        ("ended_at", models.DateTimeField(blank=True, null=True)),
                        ("paid_metres", models.PositiveIntegerField(default=0)),
                        (
                            "rider",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="trips", to="delivery.rider"
                            ),
                        ),
                        (
                            "store",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("ended_at", None)),
                                fields=("rider",),
                                name="trip_one_live_per_rider",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Stop",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("rank", models.PositiveSmallIntegerField(default=0)),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("to_pick_up", "To pick up"),
                                    ("on_board", "On board"),
                                    ("delivered", "Delivered"),
                                    ("failed", "Could not be delivered"),
                                    ("dropped", "Taken off the trip"),
                                ],
                                default="to_pick_up",
                                max_length=10,
                            ),
                        ),
                        ("picked_up_at", models.DateTimeField(blank=True, null=True)),
                        ("arrived_at", models.DateTimeField(blank=True, null=True)),
                        ("done_at", models.DateTimeField(blank=True, null=True)),
                        ("fail_reason", models.CharField(blank=True, max_length=160)),
                        (
                            "job",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT, related_name="stops", to="delivery.job"
                            ),
                        ),
                        (
                            "trip",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="stops", to="delivery.trip"
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["rank"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["dropped"]), _negated=True),
                                fields=("job",),
                                name="stop_one_live_per_job",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProofOfDelivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(choices=[("otp", "Door code"), ("photo", "Photo")], max_length=8)),
                        ("photo", models.CharField(blank=True, max_length=200)),
                        ("lat", models.FloatField(blank=True, null=True)),
                        ("lng", models.FloatField(blank=True, null=True)),
                        ("at", models.DateTimeField()),
                        (
                            "stop",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="proof", to="delivery.stop"
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="Earning",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("parts", models.JSONField()),
                        ("total_paise", models.BigIntegerField()),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "rider",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="earnings",
                                to="delivery.rider",
                            ),
                        ),
                        (
                            "stop",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT, related_name="earning", to="delivery.stop"
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["rider", "-at"], name="earning_latest")],
                    },
                ),
                migrations.CreateModel(
                    name="CashInHand",
                    fields=[],
                    options={
                        "verbose_name": "cash in hand",
                        "verbose_name_plural": "cash in hand",
                        "permissions": [("hand_in_cash", "Can take the cash that riders hand in")],
                        "proxy": True,
                    },
                    bases=("delivery.rider",),
                ),
            ]
        ),
    ]

"""Papers, gigs, breaks and suspensions of riders."""

from datetime import timedelta

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

import blinkit.kernel.ids
from blinkit.kernel.tables import at_once
from delivery import paperwork


def carry_over(apps, schema_editor):
    """Who could ride goes on riding for three months, time to send the papers; suspensions become rows."""
    now = timezone.now()
    Rider = apps.get_model("delivery", "Rider")
    Profile = apps.get_model("delivery", "RiderProfile")
    Suspension = apps.get_model("delivery", "Suspension")
    until = now.date() + timedelta(days=90)
    for rider in Rider.objects.order_by("pk").iterator():
        kinds = list(paperwork.NEEDED[rider.vehicle]) if rider.is_verified else []
        Profile.objects.create(rider_id=rider.pk, seen_kinds=kinds, seen_until=until if kinds else None)
        if rider.suspended_reason:
            Suspension.objects.create(rider_id=rider.pk, reason=rider.suspended_reason, began_at=now)


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_travel"),
        ("delivery", "0005_pay"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = at_once(
        [
            migrations.CreateModel(
                name="DutyCheck",
                fields=[
                    (
                        "shift",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="duty_check",
                            serialize=False,
                            to="delivery.shift",
                        ),
                    ),
                    ("device", models.JSONField(default=dict)),
                    ("warnings", models.JSONField(default=list, help_text="Codes of what was not right")),
                    ("self_check", models.JSONField(default=list)),
                    ("at", models.DateTimeField()),
                ],
            ),
            migrations.AddField(
                model_name="rider",
                name="has_cold_bag",
                field=models.BooleanField(default=True),
            ),
            migrations.AddField(
                model_name="rider",
                name="max_litres",
                field=models.PositiveSmallIntegerField(default=40, help_text="What the rider's bag holds"),
            ),
            migrations.AddField(
                model_name="shift",
                name="ends_at",
                field=models.DateTimeField(
                    blank=True, help_text="Planned end, from the gig; open when empty", null=True
                ),
            ),
            migrations.AddField(
                model_name="shift",
                name="vehicle",
                field=models.CharField(
                    blank=True,
                    choices=[("cycle", "Bicycle"), ("ebike", "Electric bicycle"), ("scooter", "Scooter")],
                    db_default="",
                    default="",
                    max_length=10,
                ),
            ),
            migrations.AlterField(
                model_name="rider",
                name="is_verified",
                field=models.BooleanField(default=False, help_text="Every paper the vehicle needs is good"),
            ),
            migrations.CreateModel(
                name="Booking",
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
                                ("booked", "Booked"),
                                ("came", "Came"),
                                ("cancelled", "Given back"),
                                ("called_off", "Called off by us"),
                                ("missed", "Did not come"),
                            ],
                            default="booked",
                            max_length=10,
                        ),
                    ),
                    ("walk_in", models.BooleanField(default=False)),
                    ("booked_at", models.DateTimeField()),
                    ("came_at", models.DateTimeField(blank=True, null=True)),
                    ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "is_late",
                        models.BooleanField(default=False, help_text="Given back late; counted, never paid for"),
                    ),
                    (
                        "rider",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="bookings", to="delivery.rider"
                        ),
                    ),
                ],
            ),
            migrations.AddField(
                model_name="shift",
                name="booking",
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="shifts",
                    to="delivery.booking",
                ),
            ),
            migrations.CreateModel(
                name="Gig",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("starts_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("places", models.PositiveSmallIntegerField()),
                    ("booked", models.PositiveSmallIntegerField(default=0)),
                    ("called_off_at", models.DateTimeField(blank=True, null=True)),
                    ("called_off_reason", models.CharField(blank=True, max_length=160)),
                    (
                        "store",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="gigs", to="catalog.store"
                        ),
                    ),
                ],
            ),
            migrations.AddField(
                model_name="booking",
                name="gig",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="bookings", to="delivery.gig"
                ),
            ),
            migrations.CreateModel(
                name="GigPattern",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "weekday",
                        models.PositiveSmallIntegerField(
                            choices=[
                                (0, "Monday"),
                                (1, "Tuesday"),
                                (2, "Wednesday"),
                                (3, "Thursday"),
                                (4, "Friday"),
                                (5, "Saturday"),
                                (6, "Sunday"),
                            ]
                        ),
                    ),
                    ("from_time", models.TimeField(verbose_name="from")),
                    ("to_time", models.TimeField(verbose_name="to")),
                    ("places", models.PositiveSmallIntegerField()),
                    ("is_active", models.BooleanField(default=True)),
                    (
                        "store",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="gig_patterns", to="catalog.store"
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="RiderBreak",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("started_at", models.DateTimeField()),
                    ("back_at", models.DateTimeField(help_text="When the rider means to be back")),
                    ("ended_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "shift",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="breaks", to="delivery.shift"
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="RiderProfile",
                fields=[
                    (
                        "rider",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="profile",
                            serialize=False,
                            to="delivery.rider",
                        ),
                    ),
                    ("emergency_name", models.CharField(blank=True, max_length=80)),
                    ("emergency_phone", models.CharField(blank=True, max_length=16)),
                    ("applied_at", models.DateTimeField(blank=True, null=True)),
                    ("seen_kinds", models.JSONField(blank=True, default=list)),
                    ("seen_until", models.DateField(blank=True, null=True)),
                    (
                        "checked_on",
                        models.DateField(blank=True, help_text="Local day of the last self-check", null=True),
                    ),
                    (
                        "seen_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Suspension",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("reason", models.CharField(max_length=160)),
                    (
                        "evidence",
                        models.TextField(blank=True, help_text="What it rests on; the rider reads it", max_length=2000),
                    ),
                    ("began_at", models.DateTimeField()),
                    ("until", models.DateTimeField(blank=True, null=True)),
                    ("ended_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "ended_by",
                        models.CharField(
                            blank=True, help_text="user:12, or system when its time was over", max_length=40
                        ),
                    ),
                    (
                        "by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "rider",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="suspensions", to="delivery.rider"
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Appeal",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("text", models.TextField(max_length=1000)),
                    ("photo", models.CharField(blank=True, help_text="In the private storage", max_length=120)),
                    ("sent_at", models.DateTimeField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("waiting", "Being looked at"),
                                ("lifted", "Suspension lifted"),
                                ("kept", "Suspension stays"),
                            ],
                            default="waiting",
                            max_length=8,
                        ),
                    ),
                    ("answer", models.CharField(blank=True, max_length=500)),
                    ("decided_at", models.DateTimeField(blank=True, null=True)),
                    (
                        "decided_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "suspension",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="appeals",
                            to="delivery.suspension",
                        ),
                    ),
                ],
                options={
                    "permissions": [("decide_appeal", "Can decide the appeals of riders")],
                },
            ),
            migrations.CreateModel(
                name="Document",
                fields=[
                    (
                        "id",
                        models.UUIDField(
                            default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("kyc", "Identity"),
                                ("licence", "Driving licence"),
                                ("registration", "Vehicle registration"),
                                ("insurance", "Vehicle insurance"),
                                ("bank", "Bank account"),
                                ("photo", "Photo of you"),
                            ],
                            max_length=12,
                        ),
                    ),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("submitted", "Being checked"),
                                ("verified", "Verified"),
                                ("rejected", "Not accepted"),
                                ("replaced", "Replaced by a newer one"),
                            ],
                            default="submitted",
                            max_length=10,
                        ),
                    ),
                    ("file", models.CharField(blank=True, help_text="In the private storage", max_length=120)),
                    ("number_sealed", models.TextField(blank=True)),
                    ("number_last4", models.CharField(blank=True, max_length=4)),
                    (
                        "number_print",
                        models.CharField(
                            blank=True, help_text="Keyed hash: the same number twice is seen", max_length=64
                        ),
                    ),
                    ("holder", models.CharField(blank=True, help_text="Bank account: in whose name", max_length=80)),
                    ("ifsc", models.CharField(blank=True, max_length=11)),
                    ("expires_on", models.DateField(blank=True, null=True)),
                    ("warned_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                    ("submitted_at", models.DateTimeField()),
                    ("decided_at", models.DateTimeField(blank=True, null=True)),
                    ("reason", models.CharField(blank=True, max_length=200)),
                    ("ask_bank_at", models.DateTimeField(blank=True, null=True)),
                    ("bank_tries", models.PositiveSmallIntegerField(default=0)),
                    ("bank_said", models.CharField(blank=True, max_length=12)),
                    ("bank_name", models.CharField(blank=True, max_length=120)),
                    (
                        "decided_by",
                        models.ForeignKey(
                            blank=True,
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "rider",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE, related_name="documents", to="delivery.rider"
                        ),
                    ),
                ],
                options={
                    "verbose_name": "rider's paper",
                    "verbose_name_plural": "riders' papers",
                    "permissions": [("check_document", "Can see and decide the papers of riders")],
                    "indexes": [
                        models.Index(
                            condition=models.Q(("state", "submitted")), fields=["submitted_at"], name="paper_waiting"
                        ),
                        models.Index(
                            condition=models.Q(("state", "verified")), fields=["expires_on"], name="paper_expiring"
                        ),
                        models.Index(
                            condition=models.Q(("ask_bank_at__isnull", False)),
                            fields=["ask_bank_at"],
                            name="paper_bank_due",
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("state", "submitted")),
                            fields=("rider", "kind"),
                            name="paper_one_waiting_per_kind",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("state", "verified")),
                            fields=("rider", "kind"),
                            name="paper_one_verified_per_kind",
                        ),
                        models.UniqueConstraint(
                            condition=models.Q(("kind__in", ["kyc", "licence"]), ("state", "verified")),
                            fields=("kind", "number_print"),
                            name="identity_of_one_rider_only",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(
                                models.Q(("state", "rejected"), _negated=True),
                                models.Q(("reason", ""), _negated=True),
                                _connector="OR",
                            ),
                            name="rejected_paper_says_why",
                        ),
                        models.CheckConstraint(
                            condition=models.Q(("state", "submitted"), ("decided_at__isnull", False), _connector="OR"),
                            name="paper_decided_at_a_time",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="DutyPolicy",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "walk_in",
                        models.BooleanField(default=True, help_text="Duty without a booking while places are free"),
                    ),
                    (
                        "check_in_before_m",
                        models.PositiveSmallIntegerField(default=15, help_text="Minutes before a gig begins"),
                    ),
                    ("check_in_metres", models.PositiveSmallIntegerField(default=500, help_text="How near the store")),
                    (
                        "late_cancel_m",
                        models.PositiveSmallIntegerField(
                            default=120,
                            help_text="A booking given back later than so many minutes before is counted as late",
                        ),
                    ),
                    (
                        "most_hours_a_day",
                        models.PositiveSmallIntegerField(default=12, help_text="Booked hours of a rider and local day"),
                    ),
                    ("longest_break_m", models.PositiveSmallIntegerField(default=60)),
                    (
                        "self_check_needed",
                        models.BooleanField(default=False, help_text="No duty before the day's self-check"),
                    ),
                    (
                        "oldest_app",
                        models.CharField(
                            blank=True, help_text="Older versions of the app are told to update", max_length=20
                        ),
                    ),
                    (
                        "city",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.CASCADE, related_name="duty_policy", to="catalog.city"
                        ),
                    ),
                ],
                options={
                    "verbose_name_plural": "duty policies",
                    "constraints": [
                        models.CheckConstraint(
                            condition=models.Q(("most_hours_a_day__gte", 1), ("most_hours_a_day__lte", 14)),
                            name="duty_policy_day_of_1_to_14_hours",
                        )
                    ],
                },
            ),
            migrations.AddIndex(
                model_name="gig",
                index=models.Index(fields=["store", "ends_at"], name="gig_of_store"),
            ),
            migrations.AddConstraint(
                model_name="gig",
                constraint=models.CheckConstraint(
                    condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="gig_lasts"
                ),
            ),
            migrations.AddConstraint(
                model_name="gig",
                constraint=models.CheckConstraint(
                    condition=models.Q(("booked__lte", models.F("places"))), name="gig_booked_within_places"
                ),
            ),
            migrations.AddConstraint(
                model_name="gig",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("called_off_at", None)),
                    fields=("store", "starts_at"),
                    name="gig_once_per_store_and_begin",
                ),
            ),
            migrations.AddIndex(
                model_name="booking",
                index=models.Index(fields=["rider", "state"], name="booking_of_rider"),
            ),
            migrations.AddConstraint(
                model_name="booking",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("state__in", ("booked", "came"))),
                    fields=("gig", "rider"),
                    name="booking_one_live_per_gig_and_rider",
                ),
            ),
            migrations.AddConstraint(
                model_name="booking",
                constraint=models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("state", "came"), _negated=True), ("came_at__isnull", False), _connector="OR"
                    ),
                    name="who_came_came_at_a_time",
                ),
            ),
            migrations.AddConstraint(
                model_name="gigpattern",
                constraint=models.CheckConstraint(
                    condition=models.Q(("weekday__lte", 6)), name="gig_pattern_on_a_day_of_the_week"
                ),
            ),
            migrations.AddConstraint(
                model_name="gigpattern",
                constraint=models.CheckConstraint(
                    condition=models.Q(("from_time", models.F("to_time")), _negated=True), name="gig_pattern_lasts"
                ),
            ),
            migrations.AddConstraint(
                model_name="gigpattern",
                constraint=models.CheckConstraint(
                    condition=models.Q(("places__gte", 1)), name="gig_pattern_has_places"
                ),
            ),
            migrations.AddConstraint(
                model_name="gigpattern",
                constraint=models.UniqueConstraint(
                    fields=("store", "weekday", "from_time"), name="gig_pattern_once_per_store_and_begin"
                ),
            ),
            migrations.AddConstraint(
                model_name="riderbreak",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("ended_at", None)), fields=("shift",), name="rider_shift_one_live_break"
                ),
            ),
            migrations.AddConstraint(
                model_name="riderbreak",
                constraint=models.CheckConstraint(
                    condition=models.Q(("back_at__gt", models.F("started_at"))), name="rider_break_lasts"
                ),
            ),
            migrations.AddIndex(
                model_name="suspension",
                index=models.Index(condition=models.Q(("ended_at", None)), fields=["until"], name="suspension_ending"),
            ),
            migrations.AddConstraint(
                model_name="suspension",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("ended_at", None)), fields=("rider",), name="rider_one_live_suspension"
                ),
            ),
            migrations.AddConstraint(
                model_name="suspension",
                constraint=models.CheckConstraint(
                    condition=models.Q(("reason", ""), _negated=True), name="suspension_says_why"
                ),
            ),
            migrations.AddConstraint(
                model_name="suspension",
                constraint=models.CheckConstraint(
                    condition=models.Q(("until", None), ("until__gt", models.F("began_at")), _connector="OR"),
                    name="suspension_lasts",
                ),
            ),
            migrations.AddConstraint(
                model_name="appeal",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("state", "waiting")),
                    fields=("suspension",),
                    name="suspension_one_waiting_appeal",
                ),
            ),
            migrations.AddConstraint(
                model_name="appeal",
                constraint=models.CheckConstraint(
                    condition=models.Q(("state", "waiting"), models.Q(("answer", ""), _negated=True), _connector="OR"),
                    name="appeal_is_answered_in_words",
                ),
            ),
            migrations.RunPython(carry_over, migrations.RunPython.noop, elidable=True),
        ]
    )

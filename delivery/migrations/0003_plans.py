"""Offers of several jobs, the reasons of every decision, what a city allows, stores that share riders."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from blinkit.kernel.tables import at_once


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_travel"),
        ("delivery", "0001_squashed_0002_cash_in_hand"),
    ]

    operations = at_once(
        [
            migrations.RemoveConstraint(
                model_name="offer",
                name="job_one_open_offer",
            ),
            migrations.CreateModel(
                name="AreaStore",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Decision",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("at", models.DateTimeField()),
                    (
                        "why",
                        models.JSONField(
                            default=list, help_text="The riders considered, the chosen one first; seconds"
                        ),
                    ),
                    (
                        "left",
                        models.CharField(blank=True, help_text="Why the job was left without a rider", max_length=80),
                    ),
                    ("strategy", models.CharField(max_length=16)),
                ],
            ),
            migrations.CreateModel(
                name="DispatchArea",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("name", models.CharField(max_length=80, unique=True)),
                ],
            ),
            migrations.CreateModel(
                name="DispatchPolicy",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "weights",
                        models.CharField(
                            choices=[("promise", "Promises kept first"), ("waiting", "Least waiting of all")],
                            default="promise",
                            help_text="What a plan is for: kept promises first, or the least waiting of all together",
                            max_length=12,
                        ),
                    ),
                    (
                        "strategy",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("nearest", "Nearest rider"),
                                ("matching", "All at once, one order each"),
                                ("rolling", "Rolling horizon with bundles"),
                            ],
                            help_text="Empty: as the settings say",
                            max_length=12,
                        ),
                    ),
                    (
                        "auto_accept",
                        models.BooleanField(
                            default=False,
                            help_text="A trip begins without asking; the rider may still hand it back before the pickup",
                        ),
                    ),
                    (
                        "answer_s",
                        models.PositiveSmallIntegerField(
                            default=30,
                            help_text="Seconds to answer an offer",
                            validators=[
                                django.core.validators.MinValueValidator(10),
                                django.core.validators.MaxValueValidator(180),
                            ],
                        ),
                    ),
                    (
                        "most_jobs",
                        models.PositiveSmallIntegerField(
                            default=3,
                            help_text="Orders of one store on a trip",
                            validators=[
                                django.core.validators.MinValueValidator(1),
                                django.core.validators.MaxValueValidator(4),
                            ],
                        ),
                    ),
                    (
                        "broadcast_after_s",
                        models.PositiveSmallIntegerField(
                            default=120,
                            help_text="Bags that stood so long on the shelf without a rider are offered to several at once",
                        ),
                    ),
                    (
                        "silent_s",
                        models.PositiveSmallIntegerField(
                            default=180, help_text="A rider nobody heard of for so long loses what is not picked up yet"
                        ),
                    ),
                    (
                        "off_route_s",
                        models.PositiveSmallIntegerField(
                            default=240,
                            help_text="A rider who gets no nearer to the store for so long loses what is not picked up yet",
                        ),
                    ),
                    (
                        "store_delay_s",
                        models.PositiveSmallIntegerField(
                            default=360, help_text="Who would wait so much longer at the shelf takes ready bags instead"
                        ),
                    ),
                ],
                options={
                    "verbose_name_plural": "dispatch policies",
                },
            ),
            migrations.CreateModel(
                name="OfferedJob",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("rank", models.PositiveSmallIntegerField(default=1)),
                    ("pay_paise", models.BigIntegerField()),
                    ("pay_parts", models.JSONField(default=dict)),
                    ("is_open", models.BooleanField(default=True)),
                    ("is_broadcast", models.BooleanField(default=False)),
                ],
                options={
                    "ordering": ["rank"],
                },
            ),
            migrations.AddField(
                model_name="offer",
                name="is_broadcast",
                field=models.BooleanField(db_default=False, default=False, help_text="Put to several riders at once"),
            ),
            migrations.AddField(
                model_name="offer",
                name="store",
                field=models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                ),
            ),
            migrations.AddField(
                model_name="rider",
                name="wait_at",
                field=models.ForeignKey(
                    blank=True,
                    help_text="Where the next order is likely: a hint to a rider without work",
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="+",
                    to="catalog.store",
                ),
            ),
            migrations.AddField(
                model_name="stop",
                name="pay_paise",
                field=models.BigIntegerField(db_default=0, default=0, help_text="As it was offered; waiting only adds"),
            ),
            migrations.AddField(
                model_name="areastore",
                name="store",
                field=models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, related_name="dispatch_area", to="catalog.store"
                ),
            ),
            migrations.AddField(
                model_name="decision",
                name="job",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="decisions", to="delivery.job"
                ),
            ),
            migrations.AddField(
                model_name="decision",
                name="rider",
                field=models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.SET_NULL,
                    related_name="+",
                    to="delivery.rider",
                ),
            ),
            migrations.AddField(
                model_name="areastore",
                name="area",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="places", to="delivery.dispatcharea"
                ),
            ),
            migrations.AddField(
                model_name="dispatchpolicy",
                name="city",
                field=models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, related_name="dispatch_policy", to="catalog.city"
                ),
            ),
            migrations.AddField(
                model_name="offeredjob",
                name="job",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="offered", to="delivery.job"
                ),
            ),
            migrations.AddField(
                model_name="offeredjob",
                name="offer",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="offered", to="delivery.offer"
                ),
            ),
            migrations.AddIndex(
                model_name="decision",
                index=models.Index(fields=["job", "at"], name="decision_of_job"),
            ),
            migrations.AddIndex(
                model_name="decision",
                index=models.Index(fields=["at"], name="decision_age"),
            ),
            migrations.AddConstraint(
                model_name="dispatchpolicy",
                constraint=models.CheckConstraint(
                    condition=models.Q(("most_jobs__range", (1, 4))), name="dispatch_one_to_four_jobs"
                ),
            ),
            migrations.AddConstraint(
                model_name="offeredjob",
                constraint=models.UniqueConstraint(fields=("offer", "job"), name="offer_job_once"),
            ),
            migrations.AddConstraint(
                model_name="offeredjob",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("is_broadcast", False), ("is_open", True)),
                    fields=("job",),
                    name="job_one_open_offer",
                ),
            ),
            migrations.RunSQL(
                """
                UPDATE delivery_offer o SET store_id = j.store_id FROM delivery_job j WHERE j.id = o.job_id;
                INSERT INTO delivery_offeredjob (offer_id, job_id, rank, pay_paise, pay_parts, is_open, is_broadcast)
                SELECT id, job_id, 1, pay_paise, pay_parts, state = 'open', false FROM delivery_offer;
                UPDATE delivery_stop s SET pay_paise = o.pay_paise
                FROM delivery_offer o WHERE o.job_id = s.job_id AND o.state = 'accepted';
                """,
                migrations.RunSQL.noop,
            ),
            migrations.AlterField(
                model_name="offer",
                name="store",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.store"
                ),
            ),
            migrations.RemoveField(
                model_name="offer",
                name="job",
            ),
            migrations.RemoveField(
                model_name="offer",
                name="pay_parts",
            ),
            migrations.RemoveField(
                model_name="offer",
                name="why",
            ),
            migrations.AddField(
                model_name="trip",
                name="heading_to",
                field=models.CharField(blank=True, db_default="", default="", max_length=24),
            ),
            migrations.AddField(
                model_name="trip",
                name="nearest_at",
                field=models.DateTimeField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="trip",
                name="nearest_metres",
                field=models.PositiveIntegerField(blank=True, null=True),
            ),
            migrations.AddField(
                model_name="trip",
                name="trouble",
                field=models.CharField(blank=True, db_default="", default="", max_length=12),
            ),
            migrations.AddField(
                model_name="trip",
                name="trouble_at",
                field=models.DateTimeField(blank=True, null=True),
            ),
        ]
    )

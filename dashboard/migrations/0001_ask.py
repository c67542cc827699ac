"""What was asked, kept and watched."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="QuestionLog",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                        ("audience", models.CharField(max_length=16)),
                        ("text", models.CharField(max_length=500)),
                        (
                            "folded",
                            models.CharField(db_index=True, help_text="To count like questions", max_length=500),
                        ),
                        (
                            "verdict",
                            models.CharField(
                                choices=[
                                    ("answered", "Answered"),
                                    ("which", "Asked which was meant"),
                                    ("sorry", "Not understood"),
                                    ("refused", "Refused"),
                                    ("failed", "Failed"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("understood", models.JSONField(default=dict)),
                        ("sql", models.TextField(blank=True, default="")),
                        ("rows", models.PositiveIntegerField(default=0)),
                        ("ms", models.PositiveIntegerField(default=0)),
                        ("cached", models.BooleanField(default=False)),
                        ("by_model", models.BooleanField(default=False)),
                        ("helpful", models.BooleanField(blank=True, null=True)),
                        ("feedback", models.CharField(blank=True, default="", max_length=300)),
                        (
                            "asker",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["verdict", "at"], name="question_by_verdict")],
                    },
                ),
                migrations.CreateModel(
                    name="SavedQuestion",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("title", models.CharField(max_length=160)),
                        ("text", models.CharField(max_length=500)),
                        ("understood", models.JSONField()),
                        (
                            "is_shared",
                            models.BooleanField(default=False, help_text="Everybody with the same rights may open it"),
                        ),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="saved_questions",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="QuestionWatch",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("field", models.CharField(help_text="The measure looked at", max_length=80)),
                        ("above", models.FloatField(blank=True, null=True)),
                        ("below", models.FloatField(blank=True, null=True)),
                        ("every_s", models.PositiveIntegerField(default=300)),
                        ("due_at", models.DateTimeField(db_index=True)),
                        ("last_value", models.FloatField(blank=True, null=True)),
                        ("told_at", models.DateTimeField(blank=True, null=True)),
                        ("is_active", models.BooleanField(default=True)),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "question",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="watches",
                                to="dashboard.savedquestion",
                            ),
                        ),
                    ],
                ),
                migrations.CreateModel(
                    name="QuestionAlert",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("value", models.FloatField()),
                        ("was", models.FloatField(null=True)),
                        ("answer", models.JSONField()),
                        ("seen_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "watch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="alerts",
                                to="dashboard.questionwatch",
                            ),
                        ),
                    ],
                ),
            ]
        )
    ]

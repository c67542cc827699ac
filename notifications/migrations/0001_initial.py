import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="Template",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("code", models.CharField(max_length=40)),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("sms", "SMS"),
                                    ("push", "Push"),
                                    ("email", "E-mail"),
                                    ("inapp", "In the app"),
                                ],
                                max_length=6,
                            ),
                        ),
                        ("language", models.CharField(default="en", max_length=5)),
                        ("subject", models.CharField(blank=True, max_length=120)),
                        ("body", models.TextField()),
                        ("is_active", models.BooleanField(default=True)),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("code", "channel", "language"), name="template_once_per_code_channel_language"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Message",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("key", models.CharField(max_length=120, unique=True)),
                        ("template_code", models.CharField(max_length=40)),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("sms", "SMS"),
                                    ("push", "Push"),
                                    ("email", "E-mail"),
                                    ("inapp", "In the app"),
                                ],
                                max_length=6,
                            ),
                        ),
                        ("to", models.CharField(help_text="Phone, e-mail address or device token", max_length=400)),
                        ("subject", models.CharField(blank=True, max_length=160)),
                        ("body", models.TextField()),
                        ("link", models.CharField(blank=True, max_length=200)),
                        (
                            "is_secret",
                            models.BooleanField(
                                default=False,
                                help_text="Body is blanked once sent (sign-in codes), except in demo mode",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("due", "To be sent"),
                                    ("sent", "Sent"),
                                    ("read", "Read"),
                                    ("failed", "Given up"),
                                ],
                                default="due",
                                max_length=6,
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("next_try_at", models.DateTimeField(blank=True, null=True)),
                        ("provider_ref", models.CharField(blank=True, max_length=120)),
                        ("error", models.CharField(blank=True, max_length=240)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("sent_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="messages",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "due")), fields=["next_try_at"], name="message_due"
                            ),
                            models.Index(fields=["to", "-created_at"], name="message_by_address"),
                            models.Index(fields=["user", "-created_at"], name="message_by_user"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Preference",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("sms", "SMS"),
                                    ("push", "Push"),
                                    ("email", "E-mail"),
                                    ("inapp", "In the app"),
                                ],
                                max_length=6,
                            ),
                        ),
                        ("is_on", models.BooleanField(default=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="notification_preferences",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "channel"), name="preference_once_per_channel")
                        ],
                    },
                ),
            ]
        ),
    ]

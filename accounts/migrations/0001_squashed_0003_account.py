"""People, their addresses, devices, roles and sign-ins."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import blinkit.kernel.ids
from blinkit.kernel.tables import AtOnce


class Migration(migrations.Migration):
    replaces = [("accounts", "0001_initial"), ("accounts", "0002_web_push"), ("accounts", "0003_account")]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        AtOnce(
            [
                migrations.CreateModel(
                    name="User",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        ("phone", models.CharField(max_length=16, unique=True)),
                        ("name", models.CharField(blank=True, max_length=120)),
                        ("email", models.EmailField(blank=True, max_length=254)),
                        ("language", models.CharField(default="en", max_length=5)),
                        ("firebase_uid", models.CharField(blank=True, max_length=128, null=True, unique=True)),
                        ("is_active", models.BooleanField(default=True)),
                        ("is_staff", models.BooleanField(default=False)),
                        ("tokens_valid_from", models.DateTimeField(default=django.utils.timezone.now)),
                        ("joined_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                        (
                            "deletion_due_at",
                            models.DateTimeField(
                                blank=True, help_text="The person asked to be forgotten then", null=True
                            ),
                        ),
                        ("email_verified_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "abstract": False,
                    },
                ),
                migrations.CreateModel(
                    name="Device",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "platform",
                            models.CharField(
                                choices=[("android", "Android"), ("ios", "iOS"), ("web", "Web")], max_length=10
                            ),
                        ),
                        ("push_token", models.CharField(max_length=400, unique=True)),
                        ("last_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="devices",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("auth", models.CharField(blank=True, db_default="", max_length=40)),
                        ("endpoint", models.CharField(blank=True, db_default="", max_length=1000)),
                        ("p256dh", models.CharField(blank=True, db_default="", max_length=100)),
                    ],
                ),
                migrations.CreateModel(
                    name="OtpChallenge",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("phone", models.CharField(max_length=16)),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("attempts", models.PositiveSmallIntegerField(default=0)),
                        ("used_at", models.DateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "indexes": [models.Index(fields=["phone", "-created_at"], name="otp_latest_by_phone")],
                    },
                ),
                migrations.CreateModel(
                    name="Address",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("label", models.CharField(default="Home", max_length=40)),
                        ("line1", models.CharField(max_length=160)),
                        ("line2", models.CharField(blank=True, max_length=160)),
                        ("landmark", models.CharField(blank=True, max_length=120)),
                        ("pincode", models.CharField(blank=True, max_length=6)),
                        ("lat", models.FloatField()),
                        ("lng", models.FloatField()),
                        ("door_instructions", models.CharField(blank=True, max_length=240)),
                        ("is_default", models.BooleanField(default=False)),
                        ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                        ("deleted_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="addresses",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("lat__gte", -90), ("lat__lte", 90)),
                                name="address_latitude_in_range",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("lng__gte", -180), ("lng__lte", 180)),
                                name="address_longitude_in_range",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("deleted_at", None), ("is_default", True)),
                                fields=("user",),
                                name="address_one_default_per_user",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RoleGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "role",
                            models.CharField(
                                choices=[
                                    ("customer", "Customer"),
                                    ("picker", "Picker"),
                                    ("store_manager", "Store manager"),
                                    ("rider", "Rider"),
                                    ("ops", "Operations"),
                                    ("admin", "Administrator"),
                                ],
                                max_length=16,
                            ),
                        ),
                        ("granted_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="grants",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "constraints": [
                            models.UniqueConstraint(fields=("user", "role"), name="role_granted_once_per_user")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SignIn",
                    fields=[
                        (
                            "id",
                            models.UUIDField(
                                default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("session_key", models.CharField(max_length=40, unique=True)),
                        ("agent", models.CharField(blank=True, max_length=200)),
                        ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "user",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sign_ins",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "indexes": [models.Index(fields=["user", "-started_at"], name="sign_in_by_user")],
                    },
                ),
            ]
        ),
    ]

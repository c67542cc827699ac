"""Programs of partners and what they say about stock; recalls."""

import django.db.models.deletion
from django.db import migrations, models

import blinkit.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_min_life"),
        ("inventory", "0007_counts"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "key_start",
                    models.CharField(help_text="The first characters of the key, to tell keys apart", max_length=12),
                ),
                ("key_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("may_read", models.BooleanField(default=True, help_text="May list the stock of its stores")),
                ("may_write", models.BooleanField(default=False, help_text="May change the stock of its stores")),
                ("per_minute", models.PositiveIntegerField(default=120, help_text="Requests a minute")),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "API client",
            },
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lot", models.CharField(blank=True, default="", max_length=40)),
                ("reason", models.CharField(max_length=120)),
                ("actor", models.CharField(max_length=60)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("end_reason", models.CharField(blank=True, default="", max_length=120)),
                ("ended_by", models.CharField(blank=True, default="", max_length=60)),
            ],
            options={
                "permissions": [
                    ("see_recall_phones", "May see the telephone numbers of customers who got a recalled lot")
                ],
            },
        ),
        migrations.CreateModel(
            name="RecallNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ref", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SyncMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("set", "There are so many"), ("delta", "So many came or went")], max_length=5
                    ),
                ),
                ("units", models.IntegerField()),
                ("counted_at", models.DateTimeField(blank=True, null=True)),
                ("is_stale", models.BooleanField(default=False)),
                ("difference", models.IntegerField(default=0, help_text="By how much units on hand changed")),
                ("on_hand", models.IntegerField(help_text="Units afterwards")),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SyncStream",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=blinkit.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("lot", models.CharField(blank=True, default="", max_length=40)),
                ("expires_on", models.DateField(blank=True, null=True)),
                ("newest_count", models.BigIntegerField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="apiclient",
            name="stores",
            field=models.ManyToManyField(
                blank=True, help_text="None: it may do nothing", related_name="+", to="catalog.store"
            ),
        ),
        migrations.AddField(
            model_name="recall",
            name="product",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="recalls", to="catalog.product"
            ),
        ),
        migrations.AddField(
            model_name="recallnotice",
            name="recall",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="inventory.recall"
            ),
        ),
        migrations.AddField(
            model_name="syncstream",
            name="client",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="streams", to="inventory.apiclient"
            ),
        ),
        migrations.AddField(
            model_name="syncstream",
            name="stock",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sync_streams", to="inventory.stock"
            ),
        ),
        migrations.AddField(
            model_name="syncmessage",
            name="stream",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="inventory.syncstream"
            ),
        ),
        migrations.AddConstraint(
            model_name="recall",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("product", "lot"),
                name="recall_one_live_per_product_and_lot",
            ),
        ),
        migrations.AddConstraint(
            model_name="recallnotice",
            constraint=models.UniqueConstraint(fields=("recall", "ref"), name="recall_told_once_per_ref"),
        ),
        migrations.AddConstraint(
            model_name="syncstream",
            constraint=models.UniqueConstraint(
                fields=("client", "stock", "lot", "expires_on"), name="sync_stream_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="syncmessage",
            index=models.Index(fields=["at"], name="sync_message_by_age"),
        ),
        migrations.AddConstraint(
            model_name="syncmessage",
            constraint=models.UniqueConstraint(fields=("stream", "sequence"), name="sync_sequence_once_per_stream"),
        ),
    ]

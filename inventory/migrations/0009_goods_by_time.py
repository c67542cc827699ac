"""On-hand units as they were at a moment, and units held of batches that must not leave. Alone: the ledger is large."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("inventory", "0008_sync")]

    operations = [
        AddIndexConcurrently(
            model_name="movement",
            index=models.Index(fields=["batch", "at"], name="movement_of_goods", condition=~Q(on_hand_delta=0)),
        ),
        AddIndexConcurrently(
            model_name="batch",
            index=models.Index(
                fields=["stock"],
                name="batch_held_but_not_to_leave",
                condition=Q(state__in=["expired", "quarantined"], held__gt=0),
            ),
        ),
    ]

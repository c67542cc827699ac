"""The day of a store and of a picker, read on indexes. Alone: there is a task per order."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("fulfillment", "0004_bags")]

    operations = [
        AddIndexConcurrently("picktask", models.Index(fields=["store", "packed_at"], name="task_day_of_store")),
        AddIndexConcurrently("picktask", models.Index(fields=["picker", "packed_at"], name="task_day_of_picker")),
        AddIndexConcurrently(
            "picktask",
            models.Index(fields=["store", "started_at"], name="task_begun_in_vain", condition=Q(state="cancelled")),
        ),
    ]

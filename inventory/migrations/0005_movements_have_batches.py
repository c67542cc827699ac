"""From now on every movement names its batch."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_units_get_batches")]

    operations = [
        migrations.AlterField(
            model_name="movement",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="movements", to="inventory.batch"
            ),
        ),
    ]

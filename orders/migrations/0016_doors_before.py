from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0015_ledger")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="doors_before_s",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="By how much other doors of its trip lengthen the ride"
            ),
        )
    ]

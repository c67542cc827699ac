from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_order_number")]

    operations = [
        migrations.AddField("order", "rider_at_door_at", models.DateTimeField(blank=True, null=True)),
    ]

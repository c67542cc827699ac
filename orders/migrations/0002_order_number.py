from django.db import migrations


class Migration(migrations.Migration):
    """Where the short numbers for people come from ("T-48001")."""

    dependencies = [("orders", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE orders_order_number AS bigint START WITH 48001",
            "DROP SEQUENCE orders_order_number",
        )
    ]

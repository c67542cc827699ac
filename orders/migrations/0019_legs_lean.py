from django.db import migrations

# The ride is measured as a part of the reckoned one only, and of few rides nothing is kept about vehicles any more.
_GONE = r"DELETE FROM orders_legstat WHERE leg = 'ride' OR (leg LIKE 'by\_%%' AND samples < 50)"


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_legs_of_all")]

    operations = [migrations.RunSQL(_GONE, migrations.RunSQL.noop)]

"""The database itself refuses to change or delete a line of the stock ledger."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION inventory_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The stock ledger is append-only: write a correcting movement instead.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'movement_is_append_only';
END $$;
CREATE TRIGGER movement_is_append_only BEFORE UPDATE OR DELETE ON inventory_movement
    FOR EACH ROW EXECUTE FUNCTION inventory_refuse_ledger_change();
"""

ALLOW = """
DROP TRIGGER movement_is_append_only ON inventory_movement;
DROP FUNCTION inventory_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]

"""The database itself refuses unbalanced transfers, and to change or delete a posting."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION payments_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The money ledger is append-only: post a correcting transfer instead.'
        USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'ledger_is_append_only';
END $$;
CREATE TRIGGER transfer_is_append_only BEFORE UPDATE OR DELETE ON payments_transfer
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_ledger_change();
CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE ON payments_entry
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_ledger_change();

CREATE FUNCTION payments_transfer_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint := CASE TG_TABLE_NAME WHEN 'payments_transfer' THEN NEW.id END;
    total numeric;
    lines int;
BEGIN
    IF wanted IS NULL THEN
        wanted := (to_jsonb(NEW) ->> 'transfer_id')::bigint;
    END IF;
    SELECT coalesce(sum(amount_paise), 0), count(*) INTO total, lines FROM payments_entry WHERE transfer_id = wanted;
    IF total <> 0 OR lines < 2 THEN
        RAISE EXCEPTION 'Transfer % does not balance: % paise over % entries.', wanted, total, lines
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'transfer_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_transfer_balances AFTER INSERT ON payments_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_transfer_balances();
CREATE CONSTRAINT TRIGGER transfer_balances AFTER INSERT ON payments_transfer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments_transfer_balances();
"""

BACK = """
DROP TRIGGER transfer_balances ON payments_transfer;
DROP TRIGGER entry_transfer_balances ON payments_entry;
DROP FUNCTION payments_transfer_balances();
DROP TRIGGER entry_is_append_only ON payments_entry;
DROP TRIGGER transfer_is_append_only ON payments_transfer;
DROP FUNCTION payments_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACK)]

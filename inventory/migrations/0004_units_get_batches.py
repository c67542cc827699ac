"""What was in stock before batches becomes one batch without a lot and an expiry for each stock row."""

from django.db import migrations

FORWARD = """
INSERT INTO inventory_batch (stock_id, lot, state, state_reason, on_hand, held, received_at)
SELECT s.id, '', 'open', '', s.on_hand, s.held, coalesce((
    SELECT min(m.at) FROM inventory_movement AS m WHERE m.stock_id = s.id), now())
FROM inventory_stock AS s;

INSERT INTO inventory_holdlot (hold_id, batch_id, qty)
SELECT h.id, b.id, h.qty FROM inventory_hold AS h JOIN inventory_batch AS b ON b.stock_id = h.stock_id;

SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE inventory_movement DISABLE TRIGGER movement_is_append_only;
UPDATE inventory_movement AS m SET batch_id = b.id FROM inventory_batch AS b WHERE b.stock_id = m.stock_id;
ALTER TABLE inventory_movement ENABLE TRIGGER movement_is_append_only;
"""

BACK = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE inventory_movement DISABLE TRIGGER movement_is_append_only;
UPDATE inventory_movement SET batch_id = NULL;
ALTER TABLE inventory_movement ENABLE TRIGGER movement_is_append_only;
DELETE FROM inventory_holdlot;
DELETE FROM inventory_batch;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0003_batches")]

    operations = [migrations.RunSQL(FORWARD, BACK)]

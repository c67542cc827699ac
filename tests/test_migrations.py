"""What upgraders stand on: each app's first migration stands for those it replaced."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, migrations, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from django.utils import timezone

from blinkit.kernel.tables import at_once
from catalog.tests.factories import store
from delivery.models import Position
from delivery.tests import factories


@pytest.mark.django_db
def test_a_database_that_stands_at_the_replaced_migrations_has_nothing_to_build() -> None:
    recorder = MigrationRecorder(connection)
    found = MigrationExecutor(connection)
    squashed = [migration for migration in found.loader.disk_migrations.values() if migration.replaces]
    assert {migration.app_label for migration in squashed} >= {"accounts", "catalog", "inventory", "orders", "payments"}
    for migration in squashed:
        recorder.record_unapplied(migration.app_label, migration.name)
        for app, name in migration.replaces:
            recorder.record_applied(app, name)

    upgrade = MigrationExecutor(connection)
    assert upgrade.migration_plan(upgrade.loader.graph.leaf_nodes()) == []
    upgrade.loader.check_consistent_history(connection)


@pytest.mark.django_db
def test_tables_made_at_once_are_known_and_go_like_those_made_one_by_one() -> None:
    def tables() -> list[migrations.CreateModel]:
        return [
            migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True))]),
            migrations.CreateModel(
                "Box",
                [
                    ("id", models.BigAutoField(primary_key=True)),
                    ("shelf", models.ForeignKey("attic.Shelf", models.CASCADE)),
                ],
            ),
        ]

    def changes() -> list[Any]:
        """The second table gets a field, a row that must hold and an index of its own after it was made."""
        size = models.IntegerField(default=1)
        return [
            *tables(),
            migrations.AddField("box", "size", size),
            migrations.AddConstraint(
                "box", models.CheckConstraint(condition=models.Q(size__gt=0), name="box_has_size")
            ),
            migrations.AddIndex("box", models.Index(fields=["size"], name="box_by_size")),
        ]

    before, together, one_by_one = ProjectState(), ProjectState(), ProjectState()
    assert together.apps  # built already: they have to be built again
    (create,) = at_once(changes())
    create.state_forwards("attic", together)
    for change in changes():
        change.state_forwards("attic", one_by_one)
    assert together == one_by_one
    assert {model._meta.db_table for model in together.apps.get_models()} == {"attic_shelf", "attic_box"}

    with connection.schema_editor() as editor:
        create.database_forwards("attic", editor, before, together)
    assert {"attic_shelf", "attic_box"} <= set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        assert {"box_has_size", "box_by_size"} <= set(connection.introspection.get_constraints(cursor, "attic_box"))
    with connection.schema_editor() as editor:
        create.database_backwards("attic", editor, together, before)
    assert not {"attic_shelf", "attic_box"} & set(connection.introspection.table_names())


def test_what_is_changed_twice_and_what_is_no_change_of_a_table_part_what_goes_at_once() -> None:
    size = models.IntegerField(default=1)
    sql = migrations.RunSQL("SELECT 1")
    away, again = migrations.RemoveField("box", "size"), migrations.AddField("box", "size", size)
    other = migrations.AddField("box", "colour", size)
    first, between, second, third = at_once([other, sql, away, again])
    assert [part.changes for part in (first, second, third)] == [[other], [away], [again]]
    assert between is sql


@pytest.mark.django_db
def test_positions_go_into_days_and_back_with_what_they_hold() -> None:
    """delivery 0007: no model knows the days, so nothing else would notice."""
    migration = importlib.import_module("delivery.migrations.0007_positions")

    def state() -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('delivery_position')")
            days = int(cursor.fetchone()[0])
            cursor.execute("SELECT count(*) FROM delivery_position")
            return days, int(cursor.fetchone()[0])

    at = factories.rider(store())
    now = timezone.now()
    Position.objects.create(rider=at, lat=12.9, lng=77.6, at=now)
    Position.objects.create(rider=at, lat=12.9, lng=77.7, at=now - timedelta(days=400))
    before = state()
    assert before[0] >= 1 and before[1] == 2
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(migration.TO_ONE_TABLE)
    assert state() == (0, 2)
    Position.objects.create(rider=at, lat=12.9, lng=77.6, at=now)  # twice: of one instant there may be one by the day
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(migration.TO_DAYS)
    assert state() == (1, 2)  # the beat makes the days again
    with pytest.raises(IntegrityError), transaction.atomic():
        Position.objects.create(rider=at, lat=12.9, lng=77.6, at=now)

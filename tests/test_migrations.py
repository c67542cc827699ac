"""What upgraders stand on: each app's first migration stands for those it replaced."""

from __future__ import annotations

import pytest
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from blinkit.kernel.tables import CreateTables


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

    before, at_once, one_by_one = ProjectState(), ProjectState(), ProjectState()
    assert at_once.apps  # built already: they have to be built again
    create = CreateTables(tables())
    create.state_forwards("attic", at_once)
    for table in tables():
        table.state_forwards("attic", one_by_one)
    assert at_once == one_by_one
    assert {model._meta.db_table for model in at_once.apps.get_models()} == {"attic_shelf", "attic_box"}

    with connection.schema_editor() as editor:
        create.database_forwards("attic", editor, before, at_once)
    assert {"attic_shelf", "attic_box"} <= set(connection.introspection.table_names())
    with connection.schema_editor() as editor:
        create.database_backwards("attic", editor, at_once, before)
    assert not {"attic_shelf", "attic_box"} & set(connection.introspection.table_names())


@pytest.mark.django_db(transaction=True)
def test_the_newer_migrations_of_delivery_go_back_and_come_again() -> None:
    """To the first one and forward again; with the days of the positions, which no model knows."""

    def partitions() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('delivery_position')")
            return int(cursor.fetchone()[0])

    def go(target: list[tuple[str, str]]) -> None:
        MigrationExecutor(connection).migrate(target)

    leaves = MigrationExecutor(connection).loader.graph.leaf_nodes()
    tables = set(connection.introspection.table_names())
    assert partitions() >= 1
    try:
        go([("delivery", "0001_squashed_0002_cash_in_hand")])
        assert partitions() == 0
        assert len(set(connection.introspection.table_names())) < len(tables)
    finally:
        go(leaves)
    assert partitions() >= 1
    assert tables - set(connection.introspection.table_names()) <= {name for name in tables if "_position_" in name}

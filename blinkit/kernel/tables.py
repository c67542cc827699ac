"""Migration operations done at once, with the classes of the models built once and not after every operation."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    DeleteModel,
    RemoveConstraint,
    RemoveField,
    RemoveIndex,
)
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState

Change = (
    CreateModel | DeleteModel | AddField | RemoveField | AlterField | AddConstraint | RemoveConstraint | AddIndex
    | RemoveIndex
)  # fmt: skip
_CHANGES = tuple(Change.__args__)


class AtOnce(Operation):
    """The same changes, in the same order, as one after another.

    After a CreateModel Django builds the classes of every model anew that hangs together with the new one: here nearly
    all, again for each table. This builds them once.
    """

    category = OperationCategory.ADDITION
    serialization_expand_args = ["changes"]

    def __init__(self, changes: Sequence[Change]) -> None:
        self.changes = changes

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # a cached property: the next to ask has the classes built
        for change in self.changes:
            change.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for change in self._needed():
            change.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for change in reversed(self._needed()):
            change.database_backwards(app_label, schema_editor, from_state, to_state)

    def _needed(self) -> list[Change]:
        """A table is made as it is after all changes, with all that comes to it later."""
        made = {change.name_lower for change in self.changes if isinstance(change, CreateModel)}
        return [
            change
            for change in self.changes
            if isinstance(change, CreateModel | DeleteModel) or change.model_name_lower not in made
        ]

    def describe(self) -> str:
        return "; ".join(change.describe() for change in self.changes)


def at_once(operations: Sequence[Operation]) -> list[Operation]:
    """The operations of a migration, those that follow one another and can go together in one. Whatever is changed
    twice (a field taken away and added again) begins another."""
    found: list[Operation] = []
    changes: list[Change] = []
    seen: set[tuple[str, str]] = set()
    for operation in operations:
        thing = _changed(operation) if isinstance(operation, _CHANGES) else None
        if changes and (thing is None or thing in seen):
            found.append(AtOnce(changes))
            changes, seen = [], set()
        if thing is None:
            found.append(operation)
        else:
            changes.append(operation)  # type: ignore[arg-type]
            seen.add(thing)
    return [*found, AtOnce(changes)] if changes else found


def _changed(operation: Operation) -> tuple[str, str]:
    """Model and what of it."""
    if isinstance(operation, CreateModel | DeleteModel):
        return operation.name_lower, ""
    named = getattr(operation, "constraint", None) or getattr(operation, "index", None) or operation
    return getattr(operation, "model_name_lower", ""), str(getattr(named, "name", "")).lower()

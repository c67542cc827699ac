"""Hot reads by one id whose SQL is made once per process: to make it again costs the ORM several times the read.

_orders = Prepared(lambda order_id: Order.objects.select_related("store").filter(pk=order_id))
_orders(order_id)     # the same rows as the queryset gives, related ones and annotations included
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
_MARK = UUID("9d4e3c1a-5b7f-4c0d-8e21-6f0a1b2c3d4e")
"""Stands in the statement where the id will be."""


@dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    parameters: tuple[Any, ...]
    model: Any
    fields: slice
    names: list[str]
    related: list[Any]
    annotations: list[tuple[str, int]]
    converters: list[tuple[int, list[Any], Any]]


class Prepared(Generic[M]):
    """A queryset that depends on one id, a UUID, and on nothing else: no clock, no setting, no language."""

    def __init__(self, build: Callable[[UUID], QuerySet[M]]) -> None:
        self._build = build
        self._plan: _Plan | None = None

    def __call__(self, id: UUID) -> list[M]:
        """The rows, in one statement."""
        plan = self._plan
        if plan is None:
            plan = self._plan = _plan(self._build(_MARK))
        parameters = tuple(id if it == _MARK else it for it in plan.parameters)
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(plan.sql, parameters)
            found = cursor.fetchall()
        return list(_made(plan, found))

    def first(self, id: UUID) -> M | None:
        return next(iter(self(id)), None)


def _plan(rows: QuerySet[Any]) -> _Plan:
    compiler: SQLCompiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
    sql, parameters = compiler.as_sql()
    info: Any = compiler.klass_info
    select: Any = compiler.select
    assert parameters.count(_MARK) >= 1, "nothing of it depends on the id"
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    converters = compiler.get_converters([column[0] for column in select[: compiler.col_count]])
    return _Plan(
        sql=sql,
        parameters=tuple(parameters),
        model=info["model"],
        fields=slice(first, last),
        names=[column[0].target.attname for column in select[first:last]],
        related=get_related_populators(info, select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]  # the stubs know a later one
        annotations=list((compiler.annotation_col_map or {}).items()),
        converters=[(at, convert, expression) for at, (convert, expression) in converters.items()],
    )


def _made(plan: _Plan, found: list[tuple[Any, ...]]) -> Iterator[Any]:
    """As Django's own ModelIterable does it."""
    connection = connections[DEFAULT_DB_ALIAS]
    for values in found:
        row = list(values)
        for at, convert, expression in plan.converters:
            for step in convert:
                row[at] = step(row[at], expression, connection)
        it = plan.model.from_db(DEFAULT_DB_ALIAS, plan.names, row[plan.fields])
        for populator in plan.related:
            populator.populate(row, it)
        for name, at in plan.annotations:
            setattr(it, name, row[at])
        yield it

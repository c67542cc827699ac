""" "Why": the rows with a flag beside those without it, by cause or by something else."""

from __future__ import annotations

from blinkit.kernel.said import say
from dashboard.ask.columns import Column
from dashboard.ask.compile.expressions import clause, column_of, part_of_all
from dashboard.ask.compile.statement import Compiled, Statement
from dashboard.ask.layer import Why


def compiled(statement: Statement, why: Why) -> Compiled:
    """How often each cause and how long each leg; or how often each value of what was asked for, with causes or
    without."""
    names = statement.names
    flag = column_of(statement.base, why.flag)
    asked = [names.dimension(path)[1].column != why.cause for path in statement.query.dimensions]
    if any(asked) and not all(asked):
        return _causes(statement, why, flag, asked.index(False))
    return _groups(statement, why, flag) if any(asked) else _legs(statement, why, flag)


def _groups(statement: Statement, why: Why, flag: str) -> Compiled:
    """Each value of the dimensions asked for, among the ones with the flag and among the others."""
    where = statement.conditions.where(beside=f"{statement.base.name}.{why.flag}")
    for path in statement.query.dimensions:
        statement.add_group(path)
    these, others = f"count(*) FILTER (WHERE {flag})", f"count(*) FILTER (WHERE NOT {flag})"
    rate = f"round(10000.0 * {these} / NULLIF(count({flag}), 0))::bigint"
    statement.add_figure("with_it", say("Late ones"), "number", these)
    statement.add_figure("share_with", say("share of the late ones"), "bp", part_of_all(these))
    statement.add_figure("share_without", say("share of the others"), "bp", part_of_all(others))
    statement.add_figure("rate", say("late of all here"), "bp", rate)
    order = [f"{len(statement.groups) + 1} DESC NULLS LAST", *statement.groups]
    return statement.compiled(where=where, order=order)


def _legs(statement: Statement, why: Why, flag: str) -> Compiled:
    """Each leg: how often it was the cause, how long it took with the flag and without."""
    base = statement.base
    where = statement.conditions.where(beside=f"{base.name}.{why.flag}")
    cause = base.dimension(why.cause)
    assert cause is not None
    names = ", ".join(f"'{name}'" for name in why.legs)
    columns = ", ".join(column_of(base, column) for column in why.legs.values())
    joins = "".join(f"\n{join}" for join in statement.names.joined.values())
    inner = (
        f"SELECT {flag} AS flag, {column_of(base, cause.column)} AS cause, "
        f"unnest(ARRAY[{names}]) AS leg, unnest(ARRAY[{columns}]) AS seconds\n"
        f'FROM ask."{base.name}" AS "{base.name}"{joins}{clause("WHERE", where)}'
    )
    late, others = "avg(x.seconds) FILTER (WHERE x.flag)", "avg(x.seconds) FILTER (WHERE NOT x.flag)"
    sql = (
        'SELECT x.leg AS "cause", count(*) FILTER (WHERE x.flag AND x.cause = x.leg) AS "with_it", '
        "round(10000.0 * count(*) FILTER (WHERE x.flag AND x.cause = x.leg) / "
        'NULLIF(count(*) FILTER (WHERE x.flag), 0))::bigint AS "share", '
        f'round({late})::bigint AS "late_average", round({others})::bigint AS "others_average", '
        f'round({late} - {others})::bigint AS "longer"\n'
        f"FROM (\n{inner}\n) AS x\nGROUP BY 1\n"
        f"ORDER BY 2 DESC NULLS LAST, 6 DESC NULLS LAST, 1\nLIMIT {len(why.legs) + 1}"
    )
    told = (
        Column("cause", cause.label, "text"),
        Column("with_it", say("late ones because of it"), "number", is_measure=True),
        Column("share", say("share of the late ones"), "bp", part="share", is_measure=True),
        Column("late_average", say("average of the late ones"), "seconds", is_measure=True),
        Column("others_average", say("average of the others"), "seconds", is_measure=True),
        Column("longer", say("longer by"), "seconds", is_measure=True),
    )
    return Compiled(sql, statement.places.params, told, statement.names.entities, len(why.legs))


def _causes(statement: Statement, why: Why, flag: str, cause: int) -> Compiled:
    """Each cause by something else (a store): how many, its share of the late ones there; where most were late first.
    `cause` is which of the dimensions it is."""
    where = [*statement.conditions.where(beside=f"{statement.base.name}.{why.flag}"), f"{flag} IS TRUE"]
    dimensions = statement.query.dimensions
    for path in dimensions:
        statement.add_group(path)
    others = [
        statement.times.grained(path, *statement.names.dimension(path))
        for number, path in enumerate(dimensions)
        if number != cause
    ]
    whole = f"sum(count(*)) OVER (PARTITION BY {', '.join(others)})"
    statement.add_measures()
    share = f"round(10000.0 * count(*) / {whole})::bigint"
    statement.add_figure("share_there", say("share of the late ones there"), "bp", share)
    order = [f"{whole} DESC", *statement.groups[:cause], "count(*) DESC", *statement.groups]
    return statement.compiled(where=where, order=order)

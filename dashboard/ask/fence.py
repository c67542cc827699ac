"""The second fence: the finished statement is read by a parser that knows nothing of the compiler, and passes only
when it is one SELECT over views of `ask` with functions and parts from a short list."""

from __future__ import annotations

import functools
import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from dashboard.ask.errors import Fenced

LONGEST = 20_000
MOST_ROWS = 501
SCHEMA = "ask"
PARTS: tuple[type[exp.Expression], ...] = (
    exp.Select, exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Literal,
    exp.Placeholder, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.And, exp.Or,
    exp.Not, exp.Paren, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.Is, exp.Null, exp.Boolean,
    exp.Like, exp.RegexpILike, exp.Any, exp.All, exp.Case, exp.If, exp.Cast, exp.DataType, exp.DataTypeParam, exp.Star,
    exp.Distinct, exp.Filter, exp.WithinGroup, exp.Window, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Var, exp.Array,
    exp.AtTimeZone, exp.Subquery, exp.Tuple, exp.Interval,
)  # fmt: skip
FUNCTIONS = frozenset(
    {
        *("count", "sum", "avg", "min", "max", "percentile_cont", "round", "nullif", "upper", "extract", "unnest"),
        *("date_trunc", "timestamp_trunc", "explode", "all", "any", "row_number"),
    }
)
COMMENT = re.compile(r"--|/\*|\*/")


@functools.lru_cache(maxsize=512)
def check(sql: str) -> None:
    """Raises Fenced. What passed once passes again: the text has no values in it."""
    if len(sql) > LONGEST:
        raise Fenced("it is too long")
    if "\x00" in sql or not sql.isascii():
        raise Fenced("it holds characters that no name of ours has")
    if ";" in sql or COMMENT.search(sql):
        raise Fenced("it holds a semicolon or a comment")
    try:
        statements = sqlglot.parse(sql, dialect="postgres")
    except (SqlglotError, RecursionError, ValueError):
        raise Fenced("it can't be read") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise Fenced("it is not one SELECT")
    tree = statements[0]
    limit = tree.args.get("limit")
    size = limit.expression if isinstance(limit, exp.Limit) else None
    if not isinstance(size, exp.Literal) or size.is_string or not 0 < int(size.this) <= MOST_ROWS:
        raise Fenced("it has no limit")
    for node in tree.walk():
        _look_at(node)


def _look_at(node: exp.Expr) -> None:
    if isinstance(node, exp.Table):
        if node.db != SCHEMA or node.catalog or not isinstance(node.this, exp.Identifier):
            raise Fenced(f"it reads {node.name or 'something'}, which is no view of ours")
        return
    if isinstance(node, exp.Func) and not isinstance(node, PARTS):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        if name.lower() not in FUNCTIONS:
            raise Fenced(f"it calls {name.lower()}")
        return
    if not isinstance(node, PARTS):
        raise Fenced(f"it holds {type(node).__name__}")
    if isinstance(node, exp.Select) and any(
        node.args.get(part) for part in ("with", "with_", "into", "locks", "laterals", "hint", "operation_modifiers")
    ):
        raise Fenced("it holds more than a plain SELECT")
    if isinstance(node, exp.Subquery) and not isinstance(node.this, exp.Select):
        raise Fenced("it holds more than a plain SELECT")
    if isinstance(node, exp.Join) and (node.side != "LEFT" or node.args.get("on") is None):
        raise Fenced("it joins without a key")

"""Ask: one question in, its rows out, for every door (`asking` puts them in words). The asker's rights decide what may
be seen, three times over: the layer they get, the rights their transaction is given, the role that reads.

The answers of the market are kept until the market changes; those of the house for some seconds. Equal questions at
once are one statement. What is asked is noted in Redis and written down later: nobody waits for it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import structlog

from blinkit.kernel import metrics
from blinkit.kernel.errors import Refusal
from blinkit.kernel.ids import uuid7
from blinkit.kernel.redis_client import client, key
from catalog import baskets, versions
from dashboard.ask import fence, form, guard, views
from dashboard.ask import understand as words
from dashboard.ask.columns import Column
from dashboard.ask.compile import Compiled, compile_query
from dashboard.ask.errors import CannotCompile, Fenced
from dashboard.ask.layer import Layer, layer
from dashboard.ask.query import Basket, Intent, Op, Query, Understanding, Understood
from dashboard.errors import AskBusy, AskOff, MayNotAsk, TooMuch
from dashboard.models import Verdict
from dashboard.queries.lexicon import lexicon
from dashboard.services import ask_log, ask_reading, ask_schema

log = structlog.get_logger(__name__)
MARKET = frozenset(
    {"listing", "listing_price", "price_day", "market_offer", "platform_terms", "platform", "category", "city"}
)
"""Entities that change only when the market's version does."""
MARKET_S = 120
"""Some of them look at the clock: an offer ends without anything being written."""
HOUSE_S = 5
RIGHTS_S = 60
DOING_S = 6
POLL_S = 0.01
LONGEST = 200
UNDERSTOOD_S = 60
MOST_UNDERSTOOD = 2_000
SEES_ALL = frozenset({"ops", "finance", "admin"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `audiences` of the layer, `stores` whose rows they may see (None: all), the city they are in."""

    user_id: int | None
    audiences: frozenset[str] = frozenset({"public"})
    stores: frozenset[int] | None = frozenset()
    city: str = ""

    @property
    def rights(self) -> str:
        stores = "*" if self.stores is None else ",".join(map(str, sorted(self.stores)))
        return f"{','.join(sorted(self.audiences))}|{stores}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict`: answered; which (see `understanding.readings`); sorry (see `why`, `understanding.near`); refused and
    failed (see `why`). Values of rows are plain: whole paise, hundredths of a percent, seconds, datetimes, dates."""

    verdict: Verdict
    understanding: Understanding | None = None
    query: Understood | None = None
    columns: tuple[Column, ...] = ()
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    more: bool = False
    page: int = 0
    why: str = ""
    code: str = ""
    sql: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    fresh_at: datetime | None = None
    ms: int = 0
    cached: bool = False
    by_model: bool = False
    basket: Any = None
    steps: tuple[str, ...] = ()
    log_id: UUID | None = None


_understood: dict[tuple[str, str, frozenset[str], int], tuple[object, Understanding | None]] = {}
"""By text, city, audiences and minute: the vocabulary it was understood with, and what was understood."""


def ask(
    asked: str | Understood, *, caller: Caller, now: datetime, page: int = 0, text: str = "", by_model: bool = False
) -> Answer:
    """Never raises for what was asked: a refusal is an answer with its sentence. `text` is what was typed when the
    query comes from a screen's chips or a model."""
    began = time.perf_counter()
    answer = _answer(asked, caller, now, page)
    ms = round((time.perf_counter() - began) * 1000)
    answer = replace(answer, ms=ms, by_model=by_model, log_id=uuid7())
    metrics.observe("ask_seconds", ms / 1000, verdict=answer.verdict.value, cached=str(answer.cached).lower())
    ask_log.note(answer, text=asked if isinstance(asked, str) else text, caller=caller, now=now)
    return answer


def _answer(asked: str | Understood, caller: Caller, now: datetime, page: int) -> Answer:
    understanding: Understanding | None = None
    steps: tuple[str, ...] = ()
    if isinstance(asked, str):
        refusal = guard.refusal(asked)
        if refusal is not None:
            return Answer(Verdict.REFUSED, why=refusal, code="not-a-question")
        understanding = understand(guard.clean(asked), caller=caller, now=now)
        if not understanding.readings and _is_for_others(asked, caller, now):
            return Answer(Verdict.REFUSED, understanding, why=understanding.sorry, code="not-allowed")
        if not understanding.readings:
            return Answer(Verdict.SORRY, understanding, why=understanding.sorry)
        if len(understanding.readings) > 1:
            return Answer(Verdict.WHICH, understanding)
        asked, steps = understanding.readings[0].of, understanding.readings[0].steps
    try:
        found = _basket(asked, caller, now) if isinstance(asked, Basket) else _query(asked, caller, now, page)
    except CannotCompile as no:
        return Answer(Verdict.REFUSED, understanding, asked, why=no.sentence, code=no.code)
    except (TooMuch, AskBusy, AskOff) as no:
        failed = Verdict.REFUSED if isinstance(no, TooMuch) else Verdict.FAILED
        return Answer(failed, understanding, asked, why=no.detail, code=no.code)
    except Refusal as no:
        return Answer(Verdict.REFUSED, understanding, asked, why=no.detail, code=no.code)
    except Fenced as no:
        log.error("a statement of ours did not pass the fence", why=str(no))
        return Answer(Verdict.REFUSED, understanding, asked, why=guard.ONLY_READS, code="fenced")
    return replace(found, understanding=understanding, steps=found.steps or steps)


def understand(text: str, *, caller: Caller, now: datetime) -> Understanding:
    """By the words of the layer and the house; nothing is understood where that part is missing.

    What was understood stays so for the rest of the minute: "today until now" then means the same to all who ask, and
    its answer can be kept.
    """
    known = lexicon()
    name = (text, caller.city, caller.audiences, int(now.timestamp()) // UNDERSTOOD_S)
    by, found = _understood.get(name, (None, None))
    if found is None or by is not known:
        found = words.understand(text, known, layer(), now, caller.city, caller.audiences)
        if len(_understood) >= MOST_UNDERSTOOD:
            _understood.clear()
        _understood[name] = known, found
    return found


def suggest(text: str, *, caller: Caller, most: int = 6) -> list[str]:
    """Questions that begin like this or would work; of those asked before only ones that were answered."""
    return list(words.suggest(guard.clean(text[:LONGEST]), lexicon(), layer(), caller.audiences, most))


def _is_for_others(text: str, caller: Caller, now: datetime) -> bool:
    """Whether somebody with more rights would be understood."""
    everybody = frozenset(who for entity in layer().entities.values() for who in entity.who)
    if everybody <= caller.audiences:
        return False
    return bool(understand(guard.clean(text), caller=replace(caller, audiences=everybody), now=now).readings)


# -- one query ---------------------------------------------------------------------------------------------------------


def _query(query: Query, caller: Caller, now: datetime, page: int) -> Answer:
    compiled = compile_query(query, layer_for(caller), page=page)
    _only_own_stores(query, caller)
    fence.check(compiled.sql)
    lasts, version = _lasts(compiled)
    name = _key(compiled, caller, version)
    kept, was_kept = _once(name, lasts, lambda: _run(compiled, caller))
    columns = compiled.columns
    rows = [tuple(_out(value, columns[at].kind) for at, value in enumerate(row)) for row in kept["rows"]]
    fresh = datetime.fromisoformat(kept["fresh"]) if kept["fresh"] else None
    return Answer(
        Verdict.ANSWERED, query=query, columns=columns, rows=rows, more=kept["more"], page=page,
        sql=compiled.sql, params=compiled.params, fresh_at=fresh or now, cached=was_kept,
    )  # fmt: skip


def counted(query: Query, *, caller: Caller, now: datetime) -> int | None:
    """How many rows a list has on all its pages; None where that can't be said at a bearable cost."""
    measure = f"{query.entity}.count"
    try:
        entity, _field = layer_for(caller).field(measure)
    except KeyError:
        return None
    if query.measures or any(entity.measure(one.field.partition(".")[2]) for one in query.filters):
        return None
    of = replace(query, intent=Intent.FIGURE, measures=(measure,), dimensions=(), columns=(), order=(), limit=1)
    try:
        return int(_query(of, caller, now, 0).rows[0][0])
    except (CannotCompile, Fenced, Refusal, IndexError, TypeError):
        return None


def _only_own_stores(query: Query, caller: Caller) -> None:
    """The views hide other stores' rows; who names another store hears why there is nothing. Raises MayNotAsk."""
    named = {
        str(value)
        for one in query.filters
        if one.field.endswith((".store", ".store_name", "store.code", "store.name")) and one.op in (Op.EQ, Op.IN)
        for value in one.values
    }
    if caller.stores is None or not named or "store" not in caller.audiences:
        return
    from catalog.models import Store

    own = Store.objects.filter(pk__in=caller.stores).values_list("code", "name")
    if not {name.casefold() for name in named} <= {each.casefold() for pair in own for each in pair}:
        raise MayNotAsk("You see your own stores only.")


def layer_for(caller: Caller) -> Layer:
    """What they may ask about: whatever else a query names is unknown to it."""
    return layer().for_(caller.audiences)


def _run(compiled: Compiled, caller: Caller) -> dict[str, Any]:
    rights = views.sign(
        audiences=caller.audiences, stores=caller.stores, until=int(time.time()) + RIGHTS_S, secret=ask_schema.secret()
    )
    found = ask_reading.read(compiled, rights=rights).rows
    rows = [tuple(_plain(value) for value in row) for row in found[: compiled.limit]]
    told = [row[-1] for row in rows if row[-1] is not None] if compiled.tells_fresh else []
    return {
        "rows": [row[: len(compiled.columns)] for row in rows], "more": len(found) > compiled.limit,
        "fresh": max(told) if told else datetime.now(UTC).isoformat(),
    }  # fmt: skip


def _basket(basket: Basket, caller: Caller, now: datetime) -> Answer:
    """A shopping list is planned by the catalogue, fees and minimums included."""
    lines = [
        baskets.WantedLine(
            item=one.item, amount=one.amount, measure=one.measure, pieces=one.pieces, filters=one.filters
        )
        for one in basket.wanted
    ]
    asked = baskets.BasketAsk(
        wanted=lines, budget_paise=basket.budget_paise, categories=basket.categories, platforms=basket.platforms
    )
    plan = baskets.plan(asked, city=basket.city or caller.city, now=now)
    return Answer(
        Verdict.ANSWERED, query=basket, basket=plan, fresh_at=plan.seen_at or now,
        steps=tuple(step.text for step in plan.steps),
    )  # fmt: skip


# -- kept answers ------------------------------------------------------------------------------------------------------


def _lasts(compiled: Compiled) -> tuple[int, str]:
    """How long an answer may be kept, and the version it belongs to."""
    if not MARKET.issuperset(compiled.entities):
        return HOUSE_S, ""
    version = versions.read("market")  # what catalog.services.market.version() tells
    return (MARKET_S, version) if version else (HOUSE_S, "")


def _key(compiled: Compiled, caller: Caller, version: str) -> str:
    told = orjson.dumps(
        [compiled.sql, compiled.params, caller.rights, version], default=str, option=orjson.OPT_SORT_KEYS
    )
    return key(f"ask:{hashlib.sha256(told).hexdigest()[:40]}")


_doing: dict[str, threading.Event] = {}
_doing_lock = threading.Lock()


def _once(name: str, lasts_s: int, run: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """The kept answer, or that of one run, however many ask for it at once, in this process and in others. With Redis
    down each process runs it once."""
    found = _kept(name)
    if found is not None:
        return found, True
    with _doing_lock:
        mine = _doing.get(name)
        leads = mine is None
        if mine is None:
            mine = _doing[name] = threading.Event()
    if not leads:
        mine.wait(DOING_S)
        found = _kept(name)
        return (found, True) if found is not None else (run(), False)
    try:
        found = _wait_for_others(name)
        if found is not None:
            return found, True
        made = run()
        _keep(name, made, lasts_s)
        return made, False
    finally:
        with _doing_lock:
            _doing.pop(name, None)
        mine.set()


def _wait_for_others(name: str) -> dict[str, Any] | None:
    """Another process may be at it: its answer, when it comes in time."""
    try:
        until = time.monotonic() + DOING_S
        while not client().set(f"{name}:doing", "1", nx=True, px=DOING_S * 1000):
            found = _kept(name)
            if found is not None or time.monotonic() > until:
                return found
            time.sleep(POLL_S)
        return _kept(name)
    except Exception as error:
        log.warning("answers are not shared: Redis does not answer", error=repr(error))
        return None


def _kept(name: str) -> dict[str, Any] | None:
    try:
        raw = client().get(name)
    except Exception:
        return None
    return orjson.loads(str(raw)) if raw else None


def _keep(name: str, made: dict[str, Any], lasts_s: int) -> None:
    try:
        pipe = client().pipeline(transaction=False)
        pipe.set(name, orjson.dumps(made), ex=lasts_s)
        pipe.delete(f"{name}:doing")
        pipe.execute()
    except Exception as error:
        log.warning("an answer could not be kept", error=repr(error))


# -- values ------------------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """As JSON has it; `_out` makes times of it again, so that a kept answer equals a fresh one."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def _out(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind == "time":
        return datetime.fromisoformat(value)
    if isinstance(value, str) and kind == "date":
        return date.fromisoformat(value[:10])
    return value


# -- for screens and programs ------------------------------------------------------------------------------------------


def read_understood(told: Any, *, caller: Caller) -> Understood:
    """The query object of a link, a kept question or a model, over what the caller may see. Raises ValueError."""
    return form.from_json(told, layer_for(caller))


def may_ask(understood: Any, *, caller: Caller) -> bool:
    try:
        of = read_understood(understood, caller=caller)
        if isinstance(of, Query):
            compile_query(of, layer_for(caller))
    except (ValueError, CannotCompile):
        return False
    return True


def caller_of(user_id: int | None, roles: Any = (), *, city: str = "") -> Caller:
    """Guests and customers see the market; people of a store the rows of their own stores; operations and
    administrators all stores; money is for administrators."""
    held = set(roles)
    audiences = {"public"}
    if held & {"picker", "store_manager"}:
        audiences.add("store")
    if held & {"ops", "admin"}:
        audiences |= {"store", "ops"}
    if "admin" in held:
        audiences |= {"finance", "admin"}
    stores: frozenset[int] | None = frozenset()
    if audiences & SEES_ALL:
        stores = None
    elif "store" in audiences and user_id is not None:
        from catalog.models import StoreMembership

        stores = frozenset(StoreMembership.objects.filter(user_id=user_id).values_list("store_id", flat=True))
    return Caller(user_id, frozenset(audiences), stores, city)


note_feedback = ask_log.note_feedback

"""An answer in one sentence, ready to be said in English or Hindi: "Onion is cheapest on JioMart: ₹27 for 1 kg
(₹27/kg), 46 % below Zepto."

Rows are mappings from the keys of the columns (`Column.key`, mostly the query's own field names) to plain values
(paise, hundredths, seconds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blinkit.kernel.said import Said, say, together
from dashboard.ask.chips import field_label, headed
from dashboard.ask.figures import plain
from dashboard.ask.layer import Layer
from dashboard.ask.lexicon import Lexicon
from dashboard.ask.query import Intent, Op, Query

Row = Mapping[str, Any]
_NO_COUNT = ("average", "median", "lowest", "highest", "rating", "share", "net", "total", "p95")
"""Figures without a unit that are no number of things begin so."""
_UNITS = {"g": "/kg", "ml": "/l", "pc": " each"}


def sentence(query: Query, rows: Sequence[Row], layer: Layer, lexicon: Lexicon | None = None) -> Said:
    """The answer's first line. Nothing found is said as such; what the rows do not show is not claimed."""
    names = lexicon or Lexicon()
    is_one = bool(query.measures) and not query.dimensions
    if not rows or (is_one and all(value is None for value in rows[0].values())):
        return say("Nothing was found for this.")
    if query.per:
        rows = _best_first(query, rows)
    if query.entity == "price_gap" and query.columns and _get(rows[0], "gap") is not None:
        return _gap(query, rows)
    if query.intent == Intent.CHEAPEST and _get(rows[0], "price") is not None:
        return _cheapest(query, rows, names)
    if query.intent == Intent.DEALS and _get(rows[0], "discount") is not None:
        return _deals(query, rows, names)
    if query.intent == Intent.DEALS and _get(rows[0], "title") is not None:
        return _offers(rows, names)
    if query.intent == Intent.WHY and layer.entity(query.entity).why is not None:
        return _why(query, rows, layer, names)
    if is_one:
        return _figures(query, rows[0], layer)
    if query.intent == Intent.TREND and any(":" in path for path in query.dimensions):
        return _trend(query, rows, layer)
    if query.intent == Intent.SHARE and query.measures and rows[0].get(f"{query.measures[0]}:share") is not None:
        return _share(query, rows[0], layer, names)
    if query.measures:
        return _groups(query, rows, layer, names)
    if query.entity == "platform_terms":
        return _terms(query, rows, names, layer)
    if query.entity == "cart_fee" and _get(rows[0], "fees") is not None:
        return _fees(rows[0], names)
    if len(rows) < query.limit:
        return say("{count} found.", count=len(rows))
    return say("The first {count}.", count=len(rows))


def _best_first(query: Query, rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of each, as one list in the order asked for."""
    known = [row for row in rows if all(_get(row, one.field.partition(".")[2]) is not None for one in query.order)]
    for one in reversed(query.order):
        known.sort(key=lambda row: _get(row, one.field.partition(".")[2]), reverse=one.down)
    return known or rows


def _many(query: Query, rows: Sequence[Row]) -> int | str:
    """How many there are: "20+" where a page is full."""
    return len(rows) if query.per or len(rows) < query.limit else f"{len(rows)}+"


def _gap(query: Query, rows: Sequence[Row]) -> Said:
    first = rows[0]
    count = _many(query, rows)
    if not _get(first, "gap"):
        return say("{count} things cost the same on every platform that sells them.", count=count)
    return say(
        "{name}: {lowest} to {highest}, {gap} apart.", name=_text(first, "name"),
        lowest=plain(_get(first, "lowest"), "paise"), highest=plain(_get(first, "highest"), "paise"),
        gap=plain(_get(first, "gap"), "paise"),
    )  # fmt: skip


def _get(row: Row, name: str) -> Any:
    """A field by its last name, whatever entity it came from."""
    for path, value in row.items():
        if path == name or path.partition(".")[2] == name:
            return value
    return None


def _text(row: Row, name: str) -> str:
    return str(_get(row, name) or "")


def _subject(query: Query, names: Lexicon, fallback: str) -> str:
    """What it is about, from its filters: Onion; Amul butter; Fresh Fruits."""
    said: list[str] = []
    for name in ("brand", "item", "name", "category", "aisle"):
        for one in query.filters:
            if one.field.endswith(f".{name}") and one.op in (Op.EQ, Op.HAS, Op.IN):
                said += [" or ".join(names.label(name, str(value)) for value in one.values[:3])]
        if said and name == "name":
            break
    text = " ".join(dict.fromkeys(said)) or fallback
    return text[:1].upper() + text[1:]


def _cheapest(query: Query, rows: Sequence[Row], names: Lexicon) -> Said:
    first = rows[0]
    platform = _text(first, "platform")
    by = "unit_price" if query.order and query.order[0].field.endswith("unit_price") else "price"
    other = next((row for row in rows if _text(row, "platform") != platform and _get(row, by)), None)
    named = any(one.field.endswith((".item", ".name")) for one in query.filters)
    what = _subject(query, names, "") if named else _text(first, "name")
    pack = _text(first, "pack")
    unit = _get(first, "unit_price")
    price = plain(_get(first, "price"), "paise")
    figures = {
        "what": what,
        "platform": names.label("platform", platform),
        "price": price,
        "pack": pack or _text(first, "name"),
    }
    unit_said = plain(unit, "paise") + _per(pack) if unit and by == "unit_price" else ""
    if other is not None and _get(first, by):
        below = round(100 * (1 - float(_get(first, by)) / float(_get(other, by))))
        beside = names.label("platform", _text(other, "platform"))
        if below > 0 and unit_said:
            return say("{what} is cheapest on {platform}: {price} for {pack} ({unit}), {percent} % below {other}.",
                       **figures, unit=unit_said, percent=below, other=beside)  # fmt: skip
        if below > 0:
            return say("{what} is cheapest on {platform}: {price} for {pack}, {percent} % below {other}.",
                       **figures, percent=below, other=beside)  # fmt: skip
        return say("{what} costs the same on {platform} and {other}: {price} for {pack}.", **figures, other=beside)
    if unit_said:
        return say("{what} is cheapest on {platform}: {price} for {pack} ({unit}).", **figures, unit=unit_said)
    return say("{what} is cheapest on {platform}: {price} for {pack}.", **figures)


def _per(pack: str) -> str:
    low = pack.lower()
    if "ml" in low or any(low.endswith(unit) for unit in (" l", " ltr", " litre", "1l")):
        return _UNITS["ml"]
    return _UNITS["g"] if low.rstrip().endswith(("g", "gm", "kg", "gms")) else _UNITS["pc"]


def _deals(query: Query, rows: Sequence[Row], names: Lexicon) -> Said:
    first = rows[0]
    return say(
        "{count} deals; the best is {name} on {platform}: {percent} off, {price}.",
        count=_many(query, rows), name=_text(first, "name"),
        platform=names.label("platform", _text(first, "platform")), percent=plain(_get(first, "discount"), "bp"),
        price=plain(_get(first, "price"), "paise"),
    )  # fmt: skip


def _offers(rows: Sequence[Row], names: Lexicon) -> Said:
    first = rows[0]
    platform = names.label("platform", _text(first, "platform"))
    return say("{count} offers; the first is {title} on {platform}.", count=len(rows), title=_text(first, "title"),
               platform=platform)  # fmt: skip


def _fees(row: Row, names: Lexicon) -> Said:
    return say(
        "Least is added to {cart} by {platform}: {fees}, {sum} to pay.", cart=plain(_get(row, "cart"), "paise"),
        platform=names.label("platform", _text(row, "platform")), fees=plain(_get(row, "fees"), "paise"),
        sum=plain(_get(row, "to_pay"), "paise"),
    )  # fmt: skip


def _kind(layer: Layer, path: str) -> str:
    try:
        return layer.field(path.partition(":")[0])[1].kind if not path.endswith(":count") else "number"
    except KeyError:
        return "number"


def _figures(query: Query, row: Row, layer: Layer) -> Said:
    """The first figure by its name and time, two more after it."""
    path, *others = query.measures[:3]
    value = plain(row.get(path), _kind(layer, path))
    label = headed(field_label(layer, path))
    said = say(", {period}", period=query.window.said) if query.window is not None and query.window.said else ""
    before = row.get(f"{path}:before")
    if before is not None:
        return say("{label}{when}: {value}; before: {before}.", label=label, when=said, value=value,
                   before=plain(before, _kind(layer, path)))  # fmt: skip
    told = [
        say("{label}: {value}", label=field_label(layer, one), value=plain(row.get(one), _kind(layer, one)))
        for one in others
    ]
    return say("{label}{when}: {value}.", label=label, when=said, value=together([value, *told], "; "))


def _share(query: Query, row: Row, layer: Layer, names: Lexicon) -> Said:
    path = query.measures[0]
    figures = say("{label} {value}", label=field_label(layer, path), value=plain(row.get(path), _kind(layer, path)))
    return say("{name}: {figures}, {share} of the whole.", name=_group(query, row, layer, names), figures=figures,
               share=plain(row[f"{path}:share"], "bp"))  # fmt: skip


def _group(query: Query, row: Row, layer: Layer, names: Lexicon) -> Said:
    """What the row is told by: names as people call them, days and hours as they write them."""
    said = []
    for path in query.dimensions:
        value = row.get(path)
        if isinstance(value, str):
            called = layer.words.get(value)
            said.append(called if called is not None else names.label(path.partition(".")[2], value))
        else:
            said.append(plain(value, _kind(layer, path)))
    return together(said, ", ")


def _groups(query: Query, rows: Sequence[Row], layer: Layer, names: Lexicon) -> Said:
    sorted_by = query.order[0] if query.order and query.order[0].field in query.measures else None
    path = sorted_by.field if sorted_by else query.measures[0]
    kind = _kind(layer, path)
    label = field_label(layer, path).removeprefix("lowest ").removeprefix("highest ")
    known = [row for row in rows if row.get(path) is not None]
    if not known:
        return say("{count} groups, none with a figure.", count=len(rows))
    if query.intent == Intent.COMPARE and len(query.dimensions) > 1 and (told := _winners(query, known, names)):
        return told
    if sorted_by is None:
        return say("{count} rows by {groups}.", count=len(rows),
                   groups=", ".join(field_label(layer, one) for one in query.dimensions))  # fmt: skip
    first = known[0]
    figures = {"label": label, "group": _group(query, first, layer, names), "value": plain(first[path], kind)}
    if len(known) == 1:
        return say("{group}: {label} {value}.", **figures)
    last = known[-1]
    figures |= {"other": _group(query, last, layer, names), "last": plain(last[path], kind)}
    if query.dimensions == ("listing.size",) and path == "listing.lowest_unit_price":
        return say("Best value: {group} at {value} for a kilo, litre or piece; dearest: {other} at {last}.", **figures)
    if kind == "number" and not label.startswith(_NO_COUNT):
        if sorted_by.down:
            return say("Most {label}: {group} with {value}; fewest of these: {other} with {last}.", **figures)
        return say("Fewest {label}: {group} with {value}; most of these: {other} with {last}.", **figures)
    if sorted_by.down:
        return say("Highest {label}: {group} with {value}; lowest of these: {other} with {last}.", **figures)
    return say("Lowest {label}: {group} with {value}; highest of these: {other} with {last}.", **figures)


def _winners(query: Query, rows: Sequence[Row], names: Lexicon) -> Said | None:
    """Of the things that two platforms or more have: who is cheapest for how many, by unit price where there is one.
    None when nothing can be compared so."""
    platform = next((path for path in query.dimensions if path.endswith(".platform")), "")
    prices = [path for path in query.measures if path.endswith(("lowest_unit_price", "lowest_price"))]
    if not platform or not prices:
        return None
    by = next((path for path in prices if path.endswith("unit_price")), prices[0])
    things: dict[tuple[Any, ...], list[tuple[float, str]]] = {}
    for row in rows:
        if row.get(by) is not None:
            thing = tuple(row.get(path) for path in query.dimensions if path != platform)
            things.setdefault(thing, []).append((float(row[by]), str(row.get(platform))))
    shared = [found for found in things.values() if len(found) > 1]
    if not shared:
        return None
    wins: dict[str, int] = {}
    for found in shared:
        least = min(found)[0]
        for price, who in found:
            wins[who] = wins.get(who, 0) + (price == least)
    order = sorted(wins, key=lambda who: (-wins[who], who))[:4]
    told = ", ".join(f"{names.label('platform', who)} {wins[who]}" for who in order)
    return say("Cheapest of {count} things they share: {platforms}.", count=len(shared), platforms=told)


def _trend(query: Query, rows: Sequence[Row], layer: Layer) -> Said:
    path = query.measures[0]
    at = next(one for one in query.dimensions if ":" in one)
    by_time: dict[Any, list[float]] = {}
    for row in rows:
        if row.get(path) is not None:
            by_time.setdefault(row[at], []).append(float(row[path]))
    if len(by_time) < 2:
        return say("Too little history for a trend.")
    moments = sorted(by_time)
    kind = _kind(layer, path)
    first, last = (sum(by_time[one]) / len(by_time[one]) for one in (moments[0], moments[-1]))
    label = headed(field_label(layer, path))
    figures = {"label": label, "first": plain(round(first), kind), "last": plain(round(last), kind)}
    if first and abs(last / first - 1) >= 0.005:
        way = round(100 * abs(last / first - 1))
        if last > first:
            return say("{label} rose from {first} to {last} ({percent} %).", **figures, percent=way)
        return say("{label} fell from {first} to {last} ({percent} %).", **figures, percent=way)
    return say("{label} stayed at {last}.", **figures)


def _why(query: Query, rows: Sequence[Row], layer: Layer, names: Lexicon) -> Said:
    """By stores: the one with the most late orders and its commonest cause. By nothing: the leg that is to blame. By
    something else: where most of the late ones were."""
    first = rows[0]
    if "cause" in first:
        if not first.get("with_it"):
            return say("None of them was late because of one leg alone.")
        return say(
            "Mostly {cause}: {share} of the late ones; it took {late} there, {others} otherwise.",
            cause=_cause(first["cause"]), share=plain(first.get("share:share"), "bp"),
            late=plain(first.get("late_average"), "seconds"), others=plain(first.get("others_average"), "seconds"),
        )  # fmt: skip
    store = next((one for one in query.dimensions if one.endswith((".store", ".store_name"))), "")
    if not store and query.dimensions:
        late = say("{label} {value}", label=say("late ones"), value=plain(_late(first), "number"))
        return say("{name}: {figures}.", name=_group(query, first, layer, names), figures=late)
    counts: dict[str, int] = {}
    causes: dict[tuple[str, str], int] = {}
    for row in rows:
        name = str(row.get(store, "")) if store else ""
        counts[name] = counts.get(name, 0) + _late(row)
        if cause := row.get("order.late_cause"):
            causes[name, str(cause)] = causes.get((name, str(cause)), 0) + _late(row)
    worst = max(counts, key=lambda one: counts[one])
    if not counts[worst]:
        return say("No order was late then.")
    own = {cause: number for (name, cause), number in causes.items() if name == worst}
    figures = {"store": names.label("store", worst) or "–", "count": counts[worst]}
    if not own and counts[worst] == 1:
        return say("{store} was late most: with one order.", **figures)
    if not own:
        return say("{store} was late most: {count} orders.", **figures)
    cause = max(own, key=lambda one: own[one])
    figures |= {"number": own[cause], "cause": _cause(cause)}
    if counts[worst] == 1:
        return say("{store} was late most: with one order, because of {cause}.", **figures)
    return say("{store} was late most: {count} orders, {number} of them because of {cause}.", **figures)


def _late(row: Row) -> int:
    return int(row.get("order.count") or row.get("with_it") or 0)


def _cause(key: str) -> Said:
    return _CAUSES.get(key, say(key))


_CAUSES = {
    "queue": say("waiting for a picker"), "pick": say("slow picking"), "pack": say("slow packing"),
    "rider": say("waiting for a rider"), "ride": say("a long ride"), "door": say("waiting at the door"),
}  # fmt: skip


def _terms(query: Query, rows: Sequence[Row], names: Lexicon, layer: Layer) -> Said:
    first = rows[0]
    platform = names.label("platform", _text(first, "platform"))
    if query.order and query.order[0].field.endswith("eta_low"):
        low, high = _get(first, "eta_low"), _get(first, "eta_high")
        if low is None:
            return say("No platform has told how soon it delivers.")
        return say("{platform} is fastest: {low} to {high} minutes.", platform=platform, low=low, high=high or low)
    path = query.order[0].field if query.order else query.columns[-1]
    return say("Lowest {label}: {platform} with {value}.", label=field_label(layer, path), platform=platform,
               value=plain(_get(first, path.partition(".")[2]), _kind(layer, path)))  # fmt: skip

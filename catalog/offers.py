"""Promotions that a store's baskets may get, kept in each process until one changes.

Every read of a store brings the board's token with it (`queries.store_by_id` and its kin), so a change counts at once
in all processes, and a basket without limited promotions and coupons costs no statement. What depends on the person,
and what is left of limited promotions, is one statement (`shopper_of`), asked only when a promotion wants to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q

from catalog.models import SegmentMember, Store
from catalog.pricing.promotions import Item, Kind, Left, Rule, Shopper
from catalog.promotions import MEMBERS

TOKEN = "_promotions_token"
MOST_KEPT = 500

_kept: dict[int, tuple[str, tuple[Rule, ...]]] = {}


def rules_of(store: Store) -> tuple[Rule, ...]:
    """Promotions of the store, its city and the house that are switched on, including those that have not begun."""
    token = store.__dict__.get(TOKEN, "")
    if not token:  # no promotion was ever made
        return ()
    kept = _kept.get(store.pk)
    if kept is not None and kept[0] == token:
        return kept[1]
    rules = _read(store)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[store.pk] = (token, rules)
    return rules


def relevant(rules: Sequence[Rule], items: Sequence[Item], *, now: datetime) -> list[Rule]:
    """Those in their window and on something in the basket."""
    return [
        rule
        for rule in rules
        if (rule.starts_at is None or rule.starts_at <= now)
        and (rule.ends_at is None or now < rule.ends_at)
        and (not rule.is_scoped or any(rule.covers(item) for item in items))
    ]


_SQL = """
    WITH RECURSIVE below AS (
        SELECT pc.promotion_id, c.id, c.slug FROM catalog_promotion_categories pc
            JOIN catalog_category c ON c.id = pc.category_id
        UNION
        SELECT b.promotion_id, c.id, c.slug FROM below b JOIN catalog_category c ON c.parent_id = b.id)
    SELECT p.id, p.kind, p.name, p.percent_bp, p.amount_paise, p.cap_paise, p.buy_qty, p.get_qty, p.most_times,
        ARRAY(SELECT (b.product_id, b.qty)::text FROM catalog_bundlepart b WHERE b.promotion_id = p.id ORDER BY 1),
        ARRAY(SELECT m.product_id FROM catalog_promotion_products m WHERE m.promotion_id = p.id),
        ARRAY(SELECT below.slug FROM below WHERE below.promotion_id = p.id),
        ARRAY(SELECT b.name FROM catalog_promotion_brands m JOIN catalog_brand b ON b.id = m.brand_id
            WHERE m.promotion_id = p.id),
        p.min_items_paise, p.starts_at, p.ends_at, p.first_order, p.segment, p.method, p.needs_code, p.alone,
        COALESCE(p.max_uses, p.max_uses_per_customer, p.budget_paise, p.max_units) IS NOT NULL
    FROM catalog_promotion p
    WHERE p.is_active AND (p.store_id = %s OR p.city_id = %s OR (p.store_id IS NULL AND p.city_id IS NULL))
    ORDER BY p.id"""
_PARTS, _PRODUCTS, _CATEGORIES, _BRANDS = 9, 10, 11, 12


def _read(store: Store) -> tuple[Rule, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [store.pk, store.city_id])
        rows = cursor.fetchall()
    rules = []
    for row in rows:
        parts = [part.strip("()").split(",") for part in row[_PARTS]]
        scope = (frozenset(row[_PRODUCTS]), frozenset(row[_CATEGORIES]), frozenset(row[_BRANDS]))
        bundle = tuple((int(product), int(qty)) for product, qty in parts)
        # In the order of Rule's fields.
        given: list[Any] = [row[0], Kind(row[1]), *row[2:_PARTS], bundle, *scope, *row[_BRANDS + 1 :]]
        rules.append(Rule(*given))
    return tuple(rules)


def is_member(customer_id: int, *, now: datetime) -> bool:
    """Whether the members' prices are for this customer. One statement."""
    mine = SegmentMember.objects.filter(user_id=customer_id, segment=MEMBERS)
    return mine.filter(Q(until=None) | Q(until__gt=now)).exists()


@dataclass(frozen=True, slots=True)
class Known:
    """A shopper, and what became of the coupon code: the promotion and coupon it stands for, or why it is none."""

    shopper: Shopper
    coupon_id: int | None = None
    promotion_id: int | None = None
    refusal: str = ""


_SHOPPER = """
    SELECT ARRAY(SELECT m.segment FROM catalog_segmentmember m
            WHERE m.user_id = %(user)s::bigint AND (m.until IS NULL OR m.until > %(now)s::timestamptz)),
        (SELECT jsonb_agg(jsonb_build_array(p.id, p.max_uses - p.used_count, p.max_uses_per_customer - (
                SELECT count(*) FROM catalog_promotionuse u WHERE u.promotion_id = p.id
                    AND u.customer_id = %(user)s::bigint AND u.given_back_at IS NULL),
                p.budget_paise - p.used_paise, p.max_units - p.used_units))::text
            FROM catalog_promotion p WHERE p.id = ANY(%(limited)s::bigint[])),
        (SELECT jsonb_build_array(c.id, c.promotion_id, c.is_active, c.starts_at <= %(now)s::timestamptz,
                c.ends_at IS NULL OR c.ends_at > %(now)s::timestamptz, c.max_uses IS NULL OR c.used_count < c.max_uses,
                c.customer_id IS NULL OR c.customer_id = %(user)s::bigint)::text
            FROM catalog_coupon c WHERE c.code = %(code)s::text)"""


def shopper_of(
    *, rules: Sequence[Rule], customer_id: int | None, first_order: bool | None, method: str, code: str, now: datetime
) -> Known:
    """What the engine must know about a person for these promotions; no statement when none asks and no code is given.

    `first_order` is the orders room's knowledge, None for nobody in particular.
    """
    if not code and not any(rule.asks_about_shopper for rule in rules):
        return Known(Shopper(first_order, method=method))
    limited = [rule.id for rule in rules if rule.is_limited]
    with connection.cursor() as cursor:
        cursor.execute(_SHOPPER, {"user": customer_id, "now": now, "limited": limited, "code": code})
        segments, left_json, coupon_json = cursor.fetchone()
    left = {}
    for id, uses, own, paise, units in orjson.loads(left_json) if left_json else ():
        left[id] = Left(min((n for n in (uses, own) if n is not None), default=None), paise, units)
    coupon_id, promotion_id, refusal = None, None, ""
    if code:
        coupon_id, promotion_id, refusal = _opened(orjson.loads(coupon_json) if coupon_json else None, rules)
    codes = {} if promotion_id is None or refusal else {promotion_id: code}
    return Known(Shopper(first_order, frozenset(segments), method, codes, left), coupon_id, promotion_id, refusal)


def _opened(found: list[object] | None, rules: Sequence[Rule]) -> tuple[int | None, int | None, str]:
    if found is None:
        return None, None, "There is no such code."
    coupon_id, promotion_id, is_active, has_begun, goes_on, is_left, is_theirs = found
    assert isinstance(coupon_id, int) and isinstance(promotion_id, int)
    if not is_theirs:
        return None, None, "There is no such code."  # whose it is, is nobody else's business
    if not is_active or not goes_on:
        return coupon_id, promotion_id, "This code is over."
    if not has_begun:
        return coupon_id, promotion_id, "This code is not valid yet."
    if not is_left:
        return coupon_id, promotion_id, "This code has been used."
    if all(rule.id != promotion_id for rule in rules):
        return coupon_id, promotion_id, "This code is not for this store, this moment or anything in your cart."
    return coupon_id, promotion_id, ""

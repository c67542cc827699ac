"""A platform with the list in front of it: what it would sell for each line, and its order with all fees and offers."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.basketing import Bundle, Cost, Cover, Offer, Pack, Shop, bill, cover
from catalog.basketing.fees import KINDS
from catalog.baskets.answer import Order, Part, Taken, UsedOffer
from catalog.baskets.needs import MILLI, Need, Piece
from catalog.market_queries.offers import OfferOf
from catalog.market_queries.platforms import PlatformRow
from catalog.search.folding import words


class Counter:
    """The cheapest cover of each line on one platform, its terms and offers."""

    def __init__(
        self, row: PlatformRow, needs: Sequence[Need], offers: Sequence[OfferOf], banks: frozenset[str]
    ) -> None:
        self.row, self.needs = row, needs
        bundles = {
            it.listing: Bundle(it.pieces, it.off_bp, it.off_paise)
            for it in offers
            if it.kind == "bundle" and it.listing
        }
        self.pieces: dict[int, Piece] = {}
        self.packs: dict[int, Pack] = {}
        self.covers: list[Cover | None] = []
        for need in needs:
            packs = []
            for piece in need.by_platform.get(row.id, []):
                it = piece.listed
                pack = Pack(it.id, piece.amount, it.price_paise, it.bulk_paise, it.bulk_from, bundles.get(it.id))
                self.pieces[it.id], self.packs[it.id] = piece, pack
                packs.append(pack)
            self.covers.append(cover(packs, need.amount))
        for_all = [it for it in offers if it.kind in KINDS]
        self.offers = [it for it in for_all if it.kind != "bank" or " ".join(words(it.bank)) in banks]
        self.with_bank = [it for it in for_all if it not in self.offers]
        counted = tuple(
            Offer(it.kind, it.off_bp, it.off_paise, it.most_paise, it.minimum_paise, it.id) for it in self.offers
        )
        self.shop = Shop(row.terms, tuple(map(self._cost, self.covers)), counted)

    def has(self, line: int) -> bool:
        return self.covers[line] is not None

    def everything(self) -> Order:
        """All of the list that it has."""
        lines = range(len(self.covers))
        return self.order(list(filter(self.has, lines)), tuple(line for line in lines if not self.has(line)))

    def order(self, lines: Sequence[int], missing: tuple[int, ...] = ()) -> Order:
        """Of lines that it has."""
        its = bill(self.shop, lines)
        taken = tuple(map(self._taken, lines))
        seen = [part.listing.seen_at for it in taken for part in it.parts]
        return Order(
            self.row.slug, self.row.name, self.row.is_ours, self.row.hue, taken, missing, its,
            tuple(_told(self.offers[place]) for place in its.used),
            tuple(_told(it) for it in self.with_bank if its.goods_paise >= it.minimum_paise),
            self.row.eta_low_minutes, self.row.eta_high_minutes, min(seen, default=None),
            any(it.is_stale for it in taken), self.row.delivery_paise is not None,
        )  # fmt: skip

    def _taken(self, line: int) -> Taken:
        found = self.covers[line]
        assert found is not None, "a line this platform does not have"
        parts = tuple(Part(self.pieces[key].listed, many, self.packs[key].cost(many)) for key, many in found.parts)
        return Taken(line, parts, found.paise, found.amount / MILLI, self.needs[line].line.measure)

    def _cost(self, found: Cover | None) -> Cost | None:
        return None if found is None else Cost(found.paise, tuple(self._within(found, offer) for offer in self.offers))

    def _within(self, found: Cover, offer: OfferOf) -> int:
        if offer.listing is None and not offer.categories:
            return found.paise
        return sum(
            self.packs[key].cost(many)
            for key, many in found.parts
            if key == offer.listing or (offer.listing is None and self.pieces[key].category in offer.categories)
        )


def _told(it: OfferOf) -> UsedOffer:
    return UsedOffer(it.id, it.kind, it.title, it.code, it.bank)

"""`manage.py sample_invoice --out DIR`: an invoice as it would be, of a pretended order that is not kept."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Address, User
from catalog.models import ShelfItem, Store
from inventory.models import Stock
from orders import services
from orders.invoice_pdf import brand_name, document_pdf, slip_pdf
from orders.models import Order
from orders.queries.invoices import invoice_of
from orders.services.invoices import keep_documents
from payments.models import Method

NAMES = ("Aashirvaad", "Amul", "Surf", "Maggi", "Banana", "Parle")


class Command(BaseCommand):
    help = "Write invoice-en.pdf, invoice-hi.pdf and slip.pdf of a pretended order; pictures too where pdftoppm is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, type=Path, help="A directory; it is made when missing")
        parser.add_argument(
            "--store", default="", help="The code of a store; the first one with a supplier unless told"
        )

    def handle(self, *args: Any, out: Path, store: str = "", **options: Any) -> None:
        out.mkdir(parents=True, exist_ok=True)
        with transaction.atomic():
            for name, body in self._files(store).items():
                (out / name).write_bytes(body)
                self.stdout.write(str(out / name))
            transaction.set_rollback(True)
        if pdftoppm := shutil.which("pdftoppm"):
            picture = out / "invoice"
            subprocess.run([pdftoppm, "-png", "-singlefile", "-r", "110", out / "invoice-en.pdf", picture], check=True)
            self.stdout.write(f"{picture}.png")

    def _files(self, store_code: str) -> dict[str, bytes]:
        order = self._pretended(self._store(store_code))
        if keep_documents(order_id=order.pk, now=timezone.now()) == []:
            raise CommandError("This store has no supplier: name one in the administration.")
        view = invoice_of(order.pk, customer_id=None)
        url = f"{settings.SITE_URL.rstrip('/')}/orders/{order.pk}/invoice/"
        drawn = {
            f"invoice-{language}.pdf": document_pdf(view, url=url, brand=brand_name(), language=language)
            for language in ("en", "hi")
        }
        order.is_gift, order.gift_note, order.gift_from = True, "Happy birthday, Meera! जन्मदिन मुबारक।", "Asha"
        return {**drawn, "slip.pdf": slip_pdf(order, list(order.lines.all()), brand=brand_name(), language="hi")}

    def _store(self, code: str) -> Store:
        stores = Store.objects.filter(is_active=True).order_by("pk")
        found = (stores.filter(code=code) if code else stores).first()
        if found is None:
            raise CommandError("There is no such store. `manage.py load_demo` makes three.")
        return found

    def _pretended(self, store: Store) -> Order:
        now = timezone.now()
        user = User.objects.create_user("+919999900000", name="Asha Rao")
        address = Address.objects.create(
            user=user,
            line1="12, 5th Cross",
            line2="Indiranagar",
            pincode="560038",
            lat=store.lat,
            lng=store.lng,
            is_default=True,
        )
        lines = [services.Asked(sku, 1 + number % 3) for number, sku in enumerate(self._skus(store))]
        if not lines:
            raise CommandError("Nothing on the shelf of this store can be sold.")
        view = services.replace_lines(customer_id=user.pk, store_code=store.code, lines=lines, tip_paise=2_000, now=now)
        order = services.checkout(
            customer_id=user.pk,
            address_id=address.pk,
            method=Method.COD,
            bill_fingerprint=view.fingerprint,
            now=now,
        )
        one: dict[str, Any] = {"order_id": order.pk, "actor": "system", "now": now}
        services.to_store(**one)
        services.start_picking(**one)
        services.packed(bag_codes=["SAMPLE"], shelf_slot="S1", **one)
        services.rider_accepted(rider_id=0, rider_name="Ravi", **one)
        return services.picked_up(bag_codes=["SAMPLE"], **one)

    def _skus(self, store: Store) -> list[str]:
        in_stock = Stock.objects.filter(store=store, on_hand__gte=5).values("product_id")
        shelf = ShelfItem.objects.filter(
            store=store, is_listed=True, product__in=in_stock, product__max_per_order__gte=3
        )
        wanted = []
        for name in NAMES:
            found = shelf.filter(product__name__icontains=name).order_by("product__sku")
            wanted += list(found.values_list("product__sku", flat=True)[:1])
        rest = shelf.exclude(product__sku__in=wanted).order_by("product__sku")
        return wanted + list(rest.values_list("product__sku", flat=True)[: 8 - len(wanted)])

"""manage.py train_eta: learn the promise from our own delivered orders; --use puts an earlier model back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from orders.etas import EtaModel
from orders.services.eta import NoSuchModel, train_eta, use_eta


class Command(BaseCommand):
    help = "Learn the promise from delivered orders; what was learned is used only while it does better."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--use", metavar="MODEL", help="Train nothing: use this model (l12), or `none`")
        parser.add_argument("--list", action="store_true", help="Train nothing: the trainings so far")

    def handle(self, *args: Any, use: str | None, list: bool, **options: Any) -> None:
        if use is not None:
            return self._use(use)
        if not list:
            self._train()
        for model in EtaModel.objects.defer("kept")[:10]:
            self.stdout.write(
                f"{model!s:>6} {'in use' if model.is_active else '':7} {model.trained_at:%d %b %H:%M}"
                f"  {model.rows:6} learned, {model.judged_on:5} judged  MAE {model.mae_s / 60:5.2f} min"
                f"  kept {model.kept_percent:5.1f} %  padding {model.padding_s / 60:5.2f} min  {model.why}"
            )

    def _train(self) -> None:
        from orders.promise.learning import NotInstalled

        try:
            trained = train_eta(now=timezone.now())
        except NotInstalled as error:
            raise CommandError(str(error)) from error
        for name, one in trained.figures.items():
            self.stdout.write(
                f"{name:>10}: MAE {one.mae_s / 60:5.2f} min  kept {one.kept_percent:5.1f} %"
                f"  padding {one.padding_s / 60:5.2f} min  loss {one.loss:6.2f}"
            )
        self.stdout.write(f"In use: {trained.in_use}. {trained.why}")

    def _use(self, use: str) -> None:
        number = use.removeprefix("l")
        if use != "none" and not number.isdigit():
            raise CommandError("Name a model as the list does (l12), or none.")
        try:
            use_eta(model_id=None if use == "none" else int(number))
        except NoSuchModel as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"In use: {'heuristic' if use == 'none' else f'l{int(number)}'}.")

"""What is left for the next test by one that commits: the rows of an installation, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command

from accounts.models import User
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _rows() -> list[tuple[object, ...]]:
    return [
        *Permission.objects.order_by("pk").values_list("pk", "name", "codename", "content_type_id"),
        *ContentType.objects.order_by("pk").values_list("pk", "app_label", "model"),
    ]


def _add() -> None:
    Permission.objects.create(content_type=ContentType.objects.first(), codename="fly", name="Can fly")


def _change() -> None:
    Permission.objects.filter(pk=Permission.objects.first().pk).update(name="Can fly")


def _delete() -> None:
    Permission.objects.first().delete()


def _replace() -> None:
    """As many rows as before."""
    _delete()
    _add()


@pytest.mark.parametrize("act", [_add, _change, _delete, _replace, UserFactory, lambda: None])
def test_whatever_a_test_did_the_rows_of_the_installation_are_as_they_were(act):
    call_command("flush", interactive=False, verbosity=0)
    before = _rows()
    act()
    call_command("flush", interactive=False, verbosity=0)
    assert _rows() == before != []
    assert not User.objects.exists()

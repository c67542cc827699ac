"""People for tests: `UserFactory()`, `UserFactory(roles=["rider"])`, `AddressFactory(user=...)`."""

from __future__ import annotations

from typing import Any

import factory

from accounts.models import Address, Role, RoleGrant, User


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    phone = factory.Sequence(lambda n: f"+9198{n:08d}")
    name = factory.Sequence(lambda n: f"Person {n}")

    @factory.post_generation
    def roles(self: Any, create: bool, wanted: Any, **_: Any) -> None:
        RoleGrant.objects.bulk_create(
            [RoleGrant(user=self, role=role) for role in wanted or () if role != Role.CUSTOMER]
        )

    @factory.post_generation
    def password(self: Any, create: bool, text: str | None, **_: Any) -> None:
        if text:
            self.set_password(text)
            self.save(update_fields=["password"])


class AddressFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Address

    user = factory.SubFactory(UserFactory)
    line1 = "12, 12th Main"
    pincode = "560038"
    lat = 12.9716
    lng = 77.6412

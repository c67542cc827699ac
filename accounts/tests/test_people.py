from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from accounts import services
from accounts.errors import AddressNotFound, PersonNotFound, TooManyAddresses
from accounts.models import Address, Device, User
from accounts.tests.factories import UserFactory
from blinkit.kernel import events
from blinkit.kernel.errors import Invalid

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
PLACE = {"line1": "12, 12th Main", "lat": 12.97, "lng": 77.64}


def save(user, **fields):
    return services.save_address(user_id=user.pk, **{**PLACE, **fields})


def defaults_of(user):
    return list(Address.objects.filter(user=user, is_default=True).values_list("pk", flat=True))


class TestAddresses:
    def test_the_first_becomes_the_default_and_the_second_does_not(self):
        user = UserFactory()
        first, second = save(user), save(user, label="Work")
        assert (first.is_default, second.is_default) == (True, False)

    def test_a_new_default_takes_over(self):
        user = UserFactory()
        save(user)
        second = save(user, is_default=True)
        assert defaults_of(user) == [second.pk]
        third = save(user)
        services.set_default_address(user_id=user.pk, address_id=third.pk)
        services.set_default_address(user_id=user.pk, address_id=third.pk)
        assert defaults_of(user) == [third.pk]

    def test_rewriting_keeps_the_id_and_the_default(self):
        user = UserFactory()
        address = save(user)
        again = save(user, address_id=address.pk, line1="Somewhere else", is_default=False)
        assert (again.pk, again.line1, again.is_default) == (address.pk, "Somewhere else", True)
        assert Address.objects.count() == 1

    def test_deleting_is_soft_silent_when_repeated_and_passes_the_default_on(self):
        user = UserFactory()
        first, second = save(user), save(user)
        for _ in range(2):
            services.delete_address(user_id=user.pk, address_id=first.pk, now=NOW)
        first.refresh_from_db()
        assert first.deleted_at == NOW and defaults_of(user) == [second.pk]
        with pytest.raises(AddressNotFound):
            save(user, address_id=first.pk)

    def test_somebody_elses_address_does_not_exist(self):
        address, stranger = save(UserFactory()), UserFactory()
        for act in (
            lambda: save(stranger, address_id=address.pk, line1="Mine now"),
            lambda: services.delete_address(user_id=stranger.pk, address_id=address.pk),
            lambda: services.set_default_address(user_id=stranger.pk, address_id=address.pk),
        ):
            with pytest.raises(AddressNotFound):
                act()
        address.refresh_from_db()
        assert (address.line1, address.deleted_at) == (PLACE["line1"], None)

    def test_twenty_are_enough(self):
        user = UserFactory()
        for _ in range(20):
            save(user)
        with pytest.raises(TooManyAddresses):
            save(user)
        assert Address.objects.count() == 20

    @pytest.mark.parametrize(("lat", "lng"), [(91, 77), (12, 181), (float("nan"), 77)])
    def test_impossible_coordinates_are_refused(self, lat, lng):
        with pytest.raises(Invalid):
            save(UserFactory(), lat=lat, lng=lng)
        assert not Address.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_many_first_addresses_at_once_leave_one_default(self, race):
        user = UserFactory()
        results = race(6, lambda: save(user))
        assert all(isinstance(result, Address) for result in results)
        assert len(defaults_of(user)) == 1


class TestRoles:
    def test_a_role_is_granted_once_and_written_down(self):
        user = UserFactory()
        for _ in range(2):
            services.grant_role(user_id=user.pk, role="rider", actor="user:1")
        assert User.objects.get(pk=user.pk).roles == {"customer", "rider"}
        assert [(row.code, row.actor) for row in events.timeline(f"user:{user.pk}")] == [
            ("accounts.RoleGranted", "user:1")
        ]

    def test_a_role_is_taken_away_once(self):
        user = UserFactory(roles=["rider"])
        for _ in range(2):
            services.revoke_role(user_id=user.pk, role="rider", actor="user:1")
        assert User.objects.get(pk=user.pk).roles == {"customer"}
        assert [row.code for row in events.timeline(f"user:{user.pk}")] == ["accounts.RoleRevoked"]

    def test_the_administrator_role_opens_and_closes_django_admin(self):
        user = UserFactory()
        services.grant_role(user_id=user.pk, role="admin", actor="system")
        user.refresh_from_db()
        assert user.is_staff and user.is_superuser
        services.revoke_role(user_id=user.pk, role="admin", actor="system")
        user.refresh_from_db()
        assert not user.is_staff and not user.is_superuser

    def test_everybody_is_a_customer_without_a_grant(self):
        user = UserFactory()
        services.grant_role(user_id=user.pk, role="customer", actor="system")
        assert not user.grants.exists() and user.roles == {"customer"}

    def test_unknown_roles_and_people_are_refused(self):
        with pytest.raises(Invalid):
            services.grant_role(user_id=UserFactory().pk, role="king", actor="system")
        with pytest.raises(PersonNotFound):
            services.grant_role(user_id=0, role="rider", actor="system")


class TestProfile:
    def test_what_is_given_changes_and_the_rest_stays(self):
        user = UserFactory(name="Asha", email="a@example.com")
        services.update_profile(user_id=user.pk, name=" Asha Rao ", language="hi")
        user.refresh_from_db()
        assert (user.name, user.email, user.language) == ("Asha Rao", "a@example.com", "hi")

    def test_a_language_we_do_not_speak_is_refused(self):
        user = UserFactory()
        with pytest.raises(Invalid):
            services.update_profile(user_id=user.pk, name="X", language="tlh")
        user.refresh_from_db()
        assert user.name != "X"


class TestDevices:
    def test_a_token_belongs_to_whoever_registered_it_last(self):
        first, second = UserFactory(), UserFactory()
        for user in (first, second, second):
            services.register_device(user_id=user.pk, platform="android", push_token="t1", now=NOW)
        assert Device.objects.get().user == second

    def test_of_many_devices_the_oldest_go(self):
        user = UserFactory()
        for n in range(12):
            now = NOW + timedelta(minutes=n)
            services.register_device(user_id=user.pk, platform="web", push_token=f"t{n}", now=now)
        assert set(Device.objects.values_list("push_token", flat=True)) == {f"t{n}" for n in range(2, 12)}

    def test_only_the_owner_forgets_a_device(self):
        user = UserFactory()
        services.register_device(user_id=user.pk, platform="web", push_token="t1", now=NOW)
        services.forget_device(push_token="t1", user_id=user.pk + 1)
        assert Device.objects.exists()
        services.forget_device(push_token="t1", user_id=user.pk)
        services.forget_device(push_token=str(uuid4()))
        assert not Device.objects.exists()


def test_an_address_without_a_street_is_refused():
    user = UserFactory()
    with pytest.raises(Invalid) as refused:
        services.save_address(user_id=user.pk, line1="  ", lat=12.9, lng=77.6)
    assert "line1" in refused.value.extra["errors"]

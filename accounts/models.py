"""People: who they are, what they may do, where they live."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.errors import BadPhone
from accounts.phones import normalise
from blinkit.kernel.geo import Point
from blinkit.kernel.ids import uuid7


class Role(models.TextChoices):
    CUSTOMER = "customer", "Customer"
    PICKER = "picker", "Picker"
    STORE_MANAGER = "store_manager", "Store manager"
    RIDER = "rider", "Rider"
    OPS = "ops", "Operations"
    ADMIN = "admin", "Administrator"


class UserManager(BaseUserManager["User"]):
    def create_user(self, phone: str, password: str | None = None, **fields: Any) -> User:
        """Raises BadPhone. Without a password the person signs in by code only."""
        user = self.model(phone=normalise(phone), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, phone: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(phone, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Sign-in forms take a phone as people write it."""
        try:
            username = normalise(username or "")
        except BadPhone:
            pass
        return super().get_by_natural_key(username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known first by phone (E.164). `is_staff` opens Django Admin, nothing else."""

    phone = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=5, default="en")
    firebase_uid = models.CharField(max_length=128, null=True, blank=True, unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    # Raised by "sign out everywhere": tokens issued before it are refused at refresh.
    tokens_valid_from = models.DateTimeField(default=timezone.now)
    joined_at = models.DateTimeField(default=timezone.now)
    deletion_due_at = models.DateTimeField(null=True, blank=True, help_text="The person asked to be forgotten then")

    USERNAME_FIELD = "phone"
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.phone

    def get_full_name(self) -> str:
        """What the administration calls whoever is signed in."""
        return self.name

    def get_session_auth_hash(self) -> str:
        """Browser sessions end with the tokens: when the password changes and on "sign out everywhere"."""
        valid_from_us = int(self.tokens_valid_from.timestamp() * 1_000_000)
        return salted_hmac("accounts.session", f"{self.password}:{valid_from_us}", algorithm="sha256").hexdigest()

    @property
    def roles(self) -> frozenset[str]:
        """The roles granted; everybody is a customer. Cached on the instance."""
        cached: frozenset[str] | None = self.__dict__.get("_roles")
        if cached is None:
            cached = frozenset(self.grants.values_list("role", flat=True)) | {Role.CUSTOMER.value}
            self.__dict__["_roles"] = cached
        return cached


class RoleGrant(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_granted_once_per_user")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role}"


class OtpChallenge(models.Model):
    """One sign-in code asked for. The code is not stored: it is derived from the secret key and this row's id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    phone = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["phone", "-created_at"], name="otp_latest_by_phone")]


class Address(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=40, default="Home")
    line1 = models.CharField(max_length=160)
    line2 = models.CharField(max_length=160, blank=True)
    landmark = models.CharField(max_length=120, blank=True)
    pincode = models.CharField(max_length=6, blank=True)
    lat = models.FloatField()
    lng = models.FloatField()
    door_instructions = models.CharField(max_length=240, blank=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.CheckConstraint(condition=models.Q(lat__gte=-90, lat__lte=90), name="address_latitude_in_range"),
            models.CheckConstraint(condition=models.Q(lng__gte=-180, lng__lte=180), name="address_longitude_in_range"),
            models.UniqueConstraint(
                fields=["user"],
                condition=models.Q(is_default=True, deleted_at=None),
                name="address_one_default_per_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} · {self.line1}"

    @property
    def point(self) -> Point:
        return Point(self.lat, self.lng)


class Device(models.Model):
    """A phone or browser that can be pushed to."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    platform = models.CharField(max_length=10, choices=[("android", "Android"), ("ios", "iOS"), ("web", "Web")])
    push_token = models.CharField(max_length=400, unique=True)
    # A browser (Web Push): where its messages go, what they are encrypted with; the token is then the address's hash.
    endpoint = models.CharField(max_length=1000, blank=True, db_default="")
    p256dh = models.CharField(max_length=100, blank=True, db_default="")
    auth = models.CharField(max_length=40, blank=True, db_default="")
    last_seen_at = models.DateTimeField(default=timezone.now)


# Where somebody is signed in has a file of its own; Django finds the models of an app here.
from accounts.sign_ins import SignIn as SignIn  # noqa: E402

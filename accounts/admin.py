"""People in Django Admin. Roles and sign-outs go through services; addresses and codes are looked at only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts import services
from accounts.models import Address, Device, Role, RoleGrant, User
from accounts.phones import normalise
from blinkit.kernel.admin import ReadOnly
from blinkit.kernel.errors import Refusal


class PhoneField(forms.CharField):
    """Any way of writing an Indian mobile number; kept as +91 and ten digits."""

    def clean(self, value: Any) -> str:
        try:
            return normalise(super().clean(value))
        except Refusal as refusal:
            raise forms.ValidationError(refusal.detail) from refusal


class NewUserForm(UserCreationForm):
    phone = PhoneField(max_length=20)

    class Meta:
        model = User
        fields = ("phone", "name")


class EditUserForm(UserChangeForm):
    phone = PhoneField(max_length=20)

    class Meta:
        model = User
        fields = "__all__"


class RoleInline(TabularInline):
    model = RoleGrant
    extra = 0
    readonly_fields = ("role", "granted_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # by the action, which records who granted it

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AddressInline(TabularInline):
    model = Address
    extra = 0
    fields = readonly_fields = ("label", "line1", "landmark", "pincode", "is_default", "deleted_at")
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("phone", "name", "role_names", "language", "is_active", "joined_at")
    list_filter = ("grants__role", "is_active", "is_staff", "language")
    search_fields = ("phone", "name", "email")
    ordering = ("-joined_at",)
    show_full_result_count = False
    readonly_fields = ("joined_at", "last_login", "tokens_valid_from", "firebase_uid", "is_staff", "is_superuser")
    filter_horizontal = ("groups", "user_permissions")
    inlines = (RoleInline, AddressInline)
    fieldsets = (
        (None, {"fields": ("phone", "password", "name", "email", "language", "is_active")}),
        ("Django Admin", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions"), "classes": ("tab",)}),
        ("Sign-in", {"fields": ("firebase_uid", "tokens_valid_from", "last_login", "joined_at"), "classes": ("tab",)}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("phone", "name", "usable_password", "password1", "password2")}),
    )
    actions = ("sign_out_everywhere", "grant_role", "revoke_role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("grants")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False  # whoever could set a superuser's password would be one
        return bool(super().has_change_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *self.filter_horizontal)

    def get_inlines(self, request: HttpRequest, obj: Any) -> tuple[Any, ...]:
        return self.inlines if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # orders point to people; close the account instead (is_active)

    @admin.display(description="roles")
    def role_names(self, user: User) -> str:
        return ", ".join(sorted(Role(grant.role).label for grant in user.grants.all())) or "Customer"

    @admin.action(description="Sign out everywhere…", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> Any:
        people = list(queryset.order_by("pk"))
        if "confirmed" not in request.POST:
            sentence = f"{len(people)} people are signed out of every device and browser. They sign in again by code."
            return self._ask(request, people, "sign_out_everywhere", sentence)
        for user in people:
            services.sign_out_everywhere(user.pk, timezone.now())
        self.message_user(request, f"{len(people)} signed out everywhere.", messages.SUCCESS)
        return None

    @admin.action(description="Grant a role…", permissions=["change"])
    def grant_role(self, request: HttpRequest, queryset: QuerySet[User]) -> Any:
        return self._change_role(request, queryset, "grant_role")

    @admin.action(description="Take a role away…", permissions=["change"])
    def revoke_role(self, request: HttpRequest, queryset: QuerySet[User]) -> Any:
        return self._change_role(request, queryset, "revoke_role")

    def _change_role(self, request: HttpRequest, queryset: QuerySet[User], act: str) -> Any:
        people = list(queryset.order_by("pk"))
        role = request.POST.get("role", "")
        if "confirmed" not in request.POST or not role:
            grants = act == "grant_role"
            verb = "get" if grants else "lose"
            sentence = f"Choose the role that {len(people)} people {verb}. It is written down with your name."
            return self._ask(request, people, act, sentence, roles=self._grantable(request))
        if role not in dict(self._grantable(request)):
            self.message_user(request, "Only a superuser may hand out or take away this role.", messages.ERROR)
            return None
        if act == "revoke_role" and role == Role.ADMIN and any(user.pk == request.user.pk for user in people):
            self.message_user(request, "You can't take the administrator role from yourself.", messages.ERROR)
            return None
        change = services.grant_role if act == "grant_role" else services.revoke_role
        for user in people:
            change(user_id=user.pk, role=role, actor=f"user:{request.user.pk}")
        self.message_user(request, f"{Role(role).label}: {len(people)} people changed.", messages.SUCCESS)
        return None

    def _grantable(self, request: HttpRequest) -> list[tuple[str, str]]:
        powerful = {Role.CUSTOMER} if request.user.is_superuser else {Role.CUSTOMER, Role.ADMIN, Role.OPS}
        return [(role.value, str(role.label)) for role in Role if role not in powerful]

    def _ask(
        self,
        request: HttpRequest,
        people: list[User],
        act: str,
        sentence: str,
        roles: list[tuple[str, str]] | None = None,
    ) -> Any:
        context = {
            **self.admin_site.each_context(request),
            "title": "Are you sure?",
            "opts": self.model._meta,
            "people": people,
            "act": act,
            "sentence": sentence,
            "roles": roles,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return render(request, "accounts/admin_confirm.html", context)


@admin.register(Address)
class AddressAdmin(ReadOnly):
    list_display = ("label", "line1", "pincode", "user", "is_default", "deleted_at")
    list_select_related = ("user",)
    list_filter = ("is_default", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("line1", "landmark", "pincode", "user__phone", "user__name")
    show_full_result_count = False


@admin.register(Device)
class DeviceAdmin(ReadOnly):
    list_display = ("user", "platform", "last_seen_at")
    list_select_related = ("user",)
    list_filter = ("platform",)
    search_fields = ("user__phone", "user__name")
    exclude = ("push_token", "endpoint", "p256dh", "auth")
    show_full_result_count = False

"""Who may open which door. Roles come with the person: from the token in the API, from `user.roles` in a session."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from blinkit.kernel.errors import NotAllowed

P = ParamSpec("P")


def roles_of(user: Any) -> frozenset[str]:
    """The roles of a signed-in user (token or model); none for anybody else."""
    if user is None or not getattr(user, "is_authenticated", False):
        return frozenset()
    return frozenset(getattr(user, "roles", ()))


class HasRole(BasePermission):
    """`permission_classes = [HasRole.of("rider")]`: signed in with at least one of the roles."""

    roles: frozenset[str] = frozenset()
    message = "Your account has no access to this."

    @classmethod
    def of(cls, *roles: str) -> type["HasRole"]:
        return type(f"HasRole[{','.join(roles)}]", (cls,), {"roles": frozenset(roles)})

    def has_permission(self, request: Request, view: Any) -> bool:
        return not self.roles.isdisjoint(roles_of(request.user))


View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def web_role(*roles: str) -> Callable[[View[P]], View[P]]:
    """For HTML views: strangers go to the sign-in page and come back, the wrong role gets a 403 page with a
    sentence."""
    wanted = frozenset(roles)

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = getattr(request, "user", None)
            if user is None or not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if wanted and wanted.isdisjoint(roles_of(user)):
                raise NotAllowed(f"This page is for {_listed(roles)}. Sign in with such an account to open it.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _listed(roles: Iterable[str]) -> str:
    return " or ".join(role.replace("_", " ") + "s" if role != "ops" else "operations" for role in roles)

"""Sign-in, the person, their addresses and devices, for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import services
from accounts.errors import AddressNotFound, PersonNotFound
from accounts.models import Address, Device, User
from blinkit.kernel.api import parsed
from blinkit.kernel.idempotency import idempotent
from blinkit.kernel.limits import check_limit, client_address, is_exempt

LANGUAGE_CODES = [code for code, _ in settings.LANGUAGES]


class OtpRequest(serializers.Serializer[Any]):
    phone = serializers.CharField(max_length=20, help_text="An Indian mobile number, as people write it.")


class OtpSent(serializers.Serializer[Any]):
    phone = serializers.CharField(help_text="The number as we keep it: +91 and ten digits.")
    expires_at = serializers.DateTimeField()
    ask_again_after_s = serializers.IntegerField()


class OtpVerify(serializers.Serializer[Any]):
    phone = serializers.CharField(max_length=20)
    code = serializers.CharField(max_length=12, help_text="The six digits.")


class FirebaseSignIn(serializers.Serializer[Any]):
    id_token = serializers.CharField(max_length=8000)


class RefreshBody(serializers.Serializer[Any]):
    refresh = serializers.CharField(max_length=4000)


class SignOutBody(RefreshBody):
    push_token = serializers.CharField(
        max_length=400, required=False, help_text="Stops push messages to this device as well."
    )


class TokenPair(serializers.Serializer[Any]):
    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Exchange it once, for a new pair.")
    expires_in = serializers.IntegerField(help_text="Seconds the access token lives.")


class Me(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    phone = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    email_verified = serializers.BooleanField()
    language = serializers.ChoiceField(choices=LANGUAGE_CODES)
    roles = serializers.ListField(child=serializers.CharField())


class MePatch(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=LANGUAGE_CODES, required=False)


class SignedInPerson(TokenPair):
    is_new = serializers.BooleanField(help_text="First sign-in: ask for a name.")
    user = Me()


class AddressBody(serializers.Serializer[Any]):
    label = serializers.CharField(max_length=40, default="Home")  # type: ignore[assignment]  # a field of that name
    line1 = serializers.CharField(max_length=160)
    line2 = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    landmark = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    pincode = serializers.RegexField(r"^([1-9][0-9]{5})?$", max_length=6, required=False, allow_blank=True, default="")
    lat = serializers.FloatField(min_value=-90, max_value=90)
    lng = serializers.FloatField(min_value=-180, max_value=180)
    door_instructions = serializers.CharField(max_length=240, required=False, allow_blank=True, default="")
    is_default = serializers.BooleanField(required=False, allow_null=True, default=None)


class AddressPatch(AddressBody):
    """Any subset; what is left out stays."""


class AddressOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    landmark = serializers.CharField()
    pincode = serializers.CharField()
    lat = serializers.FloatField()
    lng = serializers.FloatField()
    door_instructions = serializers.CharField()
    is_default = serializers.BooleanField()


class DeviceBody(serializers.Serializer[Any]):
    platform = serializers.ChoiceField(choices=["android", "ios", "web"])
    push_token = serializers.CharField(max_length=400)


class DeviceOut(DeviceBody):
    id = serializers.UUIDField()


ADDRESS_FIELDS = tuple(AddressOut().fields)
NO_CONTENT = OpenApiResponse(description="Done.")
REFUSED = OpenApiResponse(description="This token is not ours, too old, used up or ended.")
CLOSED = OpenApiResponse(description="account-closed.")


def _person(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "phone": user.phone,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "language": user.language,
        "roles": sorted(user.roles),
    }


def _address(address: Address) -> dict[str, Any]:
    return {field: getattr(address, field) for field in ADDRESS_FIELDS}


def _signed_in(user: User, is_new: bool) -> Response:
    tokens = services.issue_tokens(user)
    return Response({**tokens, "is_new": is_new, "user": _person(user)}, headers={"Cache-Control": "no-store"})


class DoorView(APIView):
    """A door for strangers: no authentication is tried, so that a stale token cannot stand in the way of signing in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class OtpView(DoorView):
    @extend_schema(
        operation_id="auth_otp",
        summary="Ask for a sign-in code",
        tags=["auth"],
        request=OtpRequest,
        responses={202: OtpSent},
    )
    def post(self, request: Request) -> Response:
        """A six-digit code goes to the phone by SMS. The answer is the same whether we know the phone or not."""
        body = parsed(OtpRequest(data=request.data))
        address = client_address(request._request)
        challenge = services.request_otp(phone=body["phone"], now=timezone.now(), address=address)
        answer = {
            "phone": challenge.phone,
            "expires_at": challenge.expires_at,
            "ask_again_after_s": services.ASK_AGAIN_AFTER_S,
        }
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class OtpVerifyView(DoorView):
    @extend_schema(
        operation_id="auth_otp_verify",
        summary="Sign in with the code",
        tags=["auth"],
        request=OtpVerify,
        responses={200: SignedInPerson, 403: CLOSED},
    )
    def post(self, request: Request) -> Response:
        """A new phone becomes a new customer. Five wrong codes end the attempt."""
        body = parsed(OtpVerify(data=request.data))
        _limit_tries(request)
        user, created = services.verify_otp(phone=body["phone"], code=body["code"], now=timezone.now())
        return _signed_in(user, created)


class FirebaseView(DoorView):
    @extend_schema(
        operation_id="auth_firebase",
        summary="Sign in with a Firebase ID token",
        tags=["auth"],
        request=FirebaseSignIn,
        responses={200: SignedInPerson, 401: REFUSED, 403: CLOSED},
    )
    def post(self, request: Request) -> Response:
        """The token must carry a verified phone number. 503 `firebase-off` where Firebase is not set up."""
        body = parsed(FirebaseSignIn(data=request.data))
        _limit_tries(request)
        user, created = services.sign_in_with_firebase(id_token=body["id_token"], now=timezone.now())
        return _signed_in(user, created)


class RefreshView(DoorView):
    @extend_schema(
        operation_id="auth_refresh",
        summary="Exchange the refresh token",
        tags=["auth"],
        request=RefreshBody,
        responses={200: TokenPair, 401: REFUSED},
    )
    def post(self, request: Request) -> Response:
        """A new pair with the roles of today. The old refresh token is used up: keep the new one."""
        body = parsed(RefreshBody(data=request.data))
        return Response(services.refresh_tokens(body["refresh"]), headers={"Cache-Control": "no-store"})


class SignOutView(DoorView):
    @extend_schema(
        operation_id="auth_sign_out",
        summary="Sign out this device",
        tags=["auth"],
        request=SignOutBody,
        responses={204: NO_CONTENT},
    )
    def post(self, request: Request) -> Response:
        """The refresh token is worthless from now on. Safe to repeat."""
        body = parsed(SignOutBody(data=request.data))
        user_id = services.revoke(body["refresh"])
        if user_id is not None and body.get("push_token"):
            services.forget_device(push_token=body["push_token"], user_id=user_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SignOutEverywhereView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="auth_sign_out_everywhere",
        summary="Sign out every device and browser",
        tags=["auth"],
        request=None,
        responses={204: NO_CONTENT},
    )
    def post(self, request: Request) -> Response:
        services.sign_out_everywhere(_id(request), timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="me", summary="Who am I", tags=["me"], responses=Me)
    def get(self, request: Request) -> Response:
        user = User.objects.filter(pk=_id(request)).first()
        if user is None:
            raise PersonNotFound()
        return Response(_person(user))

    @extend_schema(operation_id="me_update", summary="Change my details", tags=["me"], request=MePatch, responses=Me)
    def patch(self, request: Request) -> Response:
        body = parsed(MePatch(data=request.data))
        return Response(_person(services.update_profile(user_id=_id(request), **body)))


class AddressesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="addresses", summary="My addresses", tags=["me"], responses=AddressOut(many=True), filters=False
    )
    def get(self, request: Request) -> Response:
        """The default one first, then the newest. At most 20, so there are no pages."""
        rows = Address.objects.filter(user_id=_id(request), deleted_at=None).order_by("-is_default", "-created_at")
        return Response([_address(row) for row in rows])

    @extend_schema(
        operation_id="address_create",
        summary="Add an address",
        tags=["me"],
        request=AddressBody,
        responses={201: AddressOut},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """The first one becomes the default."""
        body = parsed(AddressBody(data=request.data))
        address = services.save_address(user_id=_id(request), **body)
        return Response(_address(address), status=status.HTTP_201_CREATED)


class AddressView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="address", summary="One address", tags=["me"], responses=AddressOut)
    def get(self, request: Request, address_id: UUID) -> Response:
        return Response(_address(_own(request, address_id)))

    @extend_schema(
        operation_id="address_replace",
        summary="Rewrite an address",
        tags=["me"],
        request=AddressBody,
        responses=AddressOut,
    )
    def put(self, request: Request, address_id: UUID) -> Response:
        body = parsed(AddressBody(data=request.data))
        return Response(_address(services.save_address(user_id=_id(request), address_id=address_id, **body)))

    @extend_schema(
        operation_id="address_update",
        summary="Change parts of an address",
        tags=["me"],
        request=AddressPatch(partial=True),
        responses=AddressOut,
    )
    def patch(self, request: Request, address_id: UUID) -> Response:
        """What is left out stays. `is_default: true` makes it the default."""
        given = parsed(AddressPatch(data=request.data, partial=True))
        before = _address(_own(request, address_id))
        before.pop("id"), before.pop("is_default")
        body = {**before, **given}
        return Response(_address(services.save_address(user_id=_id(request), address_id=address_id, **body)))

    @extend_schema(operation_id="address_delete", summary="Delete an address", tags=["me"], responses={204: NO_CONTENT})
    def delete(self, request: Request, address_id: UUID) -> Response:
        services.delete_address(user_id=_id(request), address_id=address_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DeviceSeen(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    platform = serializers.ChoiceField(choices=["android", "ios", "web"])
    last_seen_at = serializers.DateTimeField()


class DeviceList(serializers.Serializer[Any]):
    items = DeviceSeen(many=True)


class DevicesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="devices", summary="Where I get push messages", tags=["me"], responses=DeviceList)
    def get(self, request: Request) -> Response:
        """Seen last first; at most ten."""
        rows = Device.objects.filter(user_id=_id(request)).order_by("-last_seen_at", "-pk")
        items = [{"id": it.pk, "platform": it.platform, "last_seen_at": it.last_seen_at} for it in rows]
        return Response({"items": items})

    @extend_schema(
        operation_id="device_register",
        summary="Send push messages to this device",
        tags=["me"],
        request=DeviceBody,
        responses=DeviceOut,
    )
    def post(self, request: Request) -> Response:
        """The token is the key: registering it again only renews it."""
        body = parsed(DeviceBody(data=request.data))
        device = services.register_device(user_id=_id(request), now=timezone.now(), **body)
        return Response({"id": device.pk, "platform": device.platform, "push_token": device.push_token})


class DeviceView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="device_remove", summary="No push to this device", tags=["me"], responses={204: NO_CONTENT}
    )
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Safe to repeat; somebody else's device stays."""
        services.remove_device(user_id=_id(request), device_id=device_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PlaceOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["browser", "app"])
    agent = serializers.CharField(help_text="What the browser called itself; empty for an app.")
    since = serializers.DateTimeField()


class DeletionOut(serializers.Serializer[Any]):
    due_at = serializers.DateTimeField(help_text="Until then it can be taken back.")


class EmailToken(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=400, help_text="From the link in the e-mail.")


class PlacesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="sign_ins",
        summary="Where I am signed in",
        tags=["me"],
        responses=PlaceOut(many=True),
        filters=False,
    )
    def get(self, request: Request) -> Response:
        """Browsers and apps, the newest first, at most 50."""
        places = services.signed_in_places(user_id=_id(request), now=timezone.now())
        return Response([{"id": it.id, "kind": it.kind, "agent": it.agent, "since": it.since} for it in places])


class PlaceView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="sign_in_end", summary="Sign out there", tags=["me"], responses={204: NO_CONTENT})
    def delete(self, request: Request, place_id: str) -> Response:
        """A browser is out at once, an app within 15 minutes."""
        services.end_sign_in(user_id=_id(request), place_id=place_id, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="email_link_again",
        summary="Send the e-mail link again",
        tags=["me"],
        request=None,
        responses={202: OpenApiResponse(description="It is on its way.")},
    )
    def post(self, request: Request) -> Response:
        """Changing the address sends one by itself."""
        services.ask_again(user_id=_id(request))
        return Response(status=status.HTTP_202_ACCEPTED)


class EmailVerifyView(DoorView):
    @extend_schema(
        operation_id="email_verify",
        summary="This e-mail address is mine",
        tags=["me"],
        request=EmailToken,
        responses={204: NO_CONTENT},
    )
    def post(self, request: Request) -> Response:
        """400 `link-expired` for a link that is too old or of another address."""
        body = parsed(EmailToken(data=request.data))
        services.verify_email(token=body["token"], now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="me_export",
        summary="Everything you hold on me",
        tags=["me"],
        responses={200: OpenApiResponse(description="One object, with a part per room.")},
    )
    def get(self, request: Request) -> Response:
        check_limit("export", str(_id(request)), limit=10, per_s=3600)
        data = services.export_person(user_id=_id(request), now=timezone.now())
        headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(data, headers=headers)


class DeletionView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="me_delete", summary="Forget me", tags=["me"], request=None, responses={202: DeletionOut}
    )
    def post(self, request: Request) -> Response:
        """After a time to change one's mind. Orders and books stay, about nobody. 409 `staff-account`."""
        due_at = services.ask_deletion(user_id=_id(request), now=timezone.now())
        return Response({"due_at": due_at}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(operation_id="me_keep", summary="Keep my account", tags=["me"], responses={204: NO_CONTENT})
    def delete(self, request: Request) -> Response:
        """Safe to repeat."""
        services.keep_account(user_id=_id(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _id(request: Request) -> int:
    user_id = request.user.pk
    assert user_id is not None, "IsAuthenticated saw to it"
    return int(user_id)


def _own(request: Request, address_id: UUID) -> Address:
    address = Address.objects.filter(pk=address_id, user_id=_id(request), deleted_at=None).first()
    if address is None:
        raise AddressNotFound()
    return address


def _limit_tries(request: Request) -> None:
    """Somebody who tries codes of many phones from one address is slowed down."""
    address = client_address(request._request)
    if not is_exempt(address):
        check_limit("sign-in-address", address, limit=60, per_s=600)

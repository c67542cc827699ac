"""A person's messages in the app, and which channels they want."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from blinkit.kernel.api import CursorPagination, parsed
from notifications import services
from notifications.models import Channel, Message, MessageState


class MessageOut(serializers.ModelSerializer[Message]):
    is_read = serializers.SerializerMethodField()

    class Meta:
        model = Message
        fields = ("id", "template_code", "subject", "body", "link", "is_read", "created_at")
        read_only_fields = fields

    def get_is_read(self, message: Message) -> bool:
        return message.state == MessageState.READ


class Preferences(serializers.Serializer[Any]):
    """True: on. Sign-in codes are sent by SMS in any case."""

    sms = serializers.BooleanField(required=False)
    push = serializers.BooleanField(required=False)
    email = serializers.BooleanField(required=False)
    inapp = serializers.BooleanField(required=False)


class NewestFirst(CursorPagination):
    ordering = ("-created_at", "-pk")  # type: ignore[assignment]  # a tuple is fine, the stub knows text only
    page_size = 20


class MessagesView(ListAPIView[Message]):
    permission_classes = (IsAuthenticated,)
    serializer_class = MessageOut
    pagination_class = NewestFirst
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Message]:
        if getattr(self, "swagger_fake_view", False):
            return Message.objects.none()
        return Message.objects.filter(user_id=_id(self.request), channel=Channel.INAPP)

    @extend_schema(operation_id="messages", summary="My messages, newest first", tags=["me"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class MessageReadView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="message_read",
        summary="Mark a message as read",
        tags=["me"],
        request=None,
        responses={204: OpenApiResponse(description="Done.")},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        """Safe to repeat."""
        services.mark_read(user_id=_id(request), message_id=message_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class UnreadOut(serializers.Serializer[Any]):
    unread = serializers.IntegerField()


class MessagesUnreadView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="messages_unread", summary="How many are new", tags=["me"], responses=UnreadOut)
    def get(self, request: Request) -> Response:
        """For the dot on the bell."""
        return Response({"unread": services.unread(user_id=_id(request))})


class MessagesReadView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="messages_read", summary="Mark all as read", tags=["me"], request=None, responses=UnreadOut
    )
    def post(self, request: Request) -> Response:
        """Safe to repeat. Those that came while it ran may still be new."""
        services.mark_all_read(user_id=_id(request))
        return Response({"unread": services.unread(user_id=_id(request))})


class PreferencesView(APIView):
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="message_preferences", summary="Channels I want", tags=["me"], responses=Preferences, filters=False
    )
    def get(self, request: Request) -> Response:
        return Response(services.preferences(user_id=_id(request)))

    @extend_schema(
        operation_id="message_preferences_set",
        summary="Choose channels",
        tags=["me"],
        request=Preferences,
        responses=Preferences,
    )
    def put(self, request: Request) -> Response:
        """Channels left out stay as they are."""
        channels = parsed(Preferences(data=request.data))
        return Response(services.set_preferences(user_id=_id(request), channels=channels))


def _id(request: Request) -> int:
    user_id = request.user.pk
    assert user_id is not None, "IsAuthenticated saw to it"
    return int(user_id)

"""Firebase Auth, the outside service: is this ID token genuine, and whose phone is it?"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings

from accounts.errors import FirebaseOff, FirebaseTokenRefused
from blinkit.kernel.breakers import breaker
from blinkit.kernel.errors import Unavailable

APP_NAME = "blinkit-sign-in"
TIMEOUT_S = 5


def verified_claims(id_token: str) -> dict[str, Any]:
    """The claims of a genuine, unexpired ID token of our project.

    Raises FirebaseOff when no project is set, FirebaseTokenRefused for a bad token, Unavailable when Google's
    certificates can't be fetched (they are cached for hours, so that is rare).
    """
    if not settings.FIREBASE_PROJECT_ID:
        raise FirebaseOff()
    from firebase_admin import auth  # slow to import, and most installations never need it

    with breaker("firebase-auth"):
        try:
            return dict(auth.verify_id_token(id_token, app=_app(settings.FIREBASE_PROJECT_ID)))
        except auth.CertificateFetchError as error:
            raise OSError("Google's sign-in certificates can't be fetched.") from error
        except (auth.InvalidIdTokenError, auth.UserDisabledError, ValueError) as error:
            # ExpiredIdTokenError and RevokedIdTokenError are InvalidIdTokenErrors.
            raise FirebaseTokenRefused() from error


def claims_or_unavailable(id_token: str) -> dict[str, Any]:
    """As `verified_claims`; a network fault is an answer people can act on."""
    try:
        return verified_claims(id_token)
    except OSError as error:
        raise Unavailable("Firebase does not answer. Try again, or use a code by SMS.", retry_after_s=5) from error


@cache
def _app(project_id: str) -> Any:
    import firebase_admin
    from firebase_admin import credentials

    class Nobody(credentials.Base):
        """Checking a signature needs Google's public keys only, no account of ours."""

        def get_credential(self) -> Any:
            from google.auth.credentials import AnonymousCredentials

            return AnonymousCredentials()

    key_file = settings.FIREBASE_CREDENTIALS
    credential = credentials.Certificate(key_file) if key_file else Nobody()
    options = {"projectId": project_id, "httpTimeout": TIMEOUT_S}
    return firebase_admin.initialize_app(credential, options, name=f"{APP_NAME}-{project_id}")

"""Refusals accounts can give."""

from __future__ import annotations

from blinkit.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded, TooMany, Unavailable


class BadPhone(Invalid):
    code = "bad-phone"
    default_detail = "Give an Indian mobile number: ten digits, the first one 6, 7, 8 or 9."


class BadSubscription(Invalid):
    """What a browser sent as its push subscription is none, or goes to a service we do not know."""

    code = "bad-push-subscription"
    default_detail = "This browser's push service is not one we can use."


class AskAgainLater(TooMany):
    """With `retry_after_s`."""

    code = "otp-ask-again-later"


class WrongCode(Invalid):
    """With `tries_left`."""

    code = "wrong-code"
    default_detail = "This is not the code we sent. Look again and retry."


class CodeExpired(Invalid):
    """No code is waiting for this phone: it is too old, was used, or never asked for."""

    code = "code-expired"
    default_detail = "This code has expired. Ask for a new one."


class TooManyTries(TooMany):
    code = "too-many-tries"
    default_detail = "Too many wrong codes. Ask for a new one."


class WrongPassword(Invalid):
    """Says the same whether the phone or the password is wrong."""

    code = "wrong-password"
    default_detail = "The phone number or the password is wrong."


class AccountClosed(NotAllowed):
    code = "account-closed"
    default_detail = "This account is closed. Please call support."


class TokenRefused(SignInNeeded):
    code = "token-refused"
    default_detail = "You have been signed out. Please sign in again."


class FirebaseOff(Unavailable):
    code = "firebase-off"
    default_detail = "Sign-in with Firebase is not switched on here. Use a code by SMS."


class FirebaseTokenRefused(SignInNeeded):
    code = "firebase-token-refused"
    default_detail = "Firebase does not vouch for this sign-in. Please sign in again."


class FirebasePhoneMissing(Invalid):
    code = "firebase-phone-missing"
    default_detail = "This Firebase sign-in carries no verified phone number. Sign in by phone."


class AddressNotFound(NotFound):
    code = "address-not-found"
    default_detail = "You have no such address."


class TooManyAddresses(Conflict):
    code = "too-many-addresses"
    default_detail = "You have many addresses already. Delete one you no longer need first."


class LinkExpired(Invalid):
    """A link from an e-mail that is too old, or for an address that was changed meanwhile."""

    code = "link-expired"
    default_detail = "This link is not good any more. Ask for a new one on your account page."


class SignInNotFound(NotFound):
    code = "sign-in-not-found"
    default_detail = "You are not signed in there (any more)."


class StaffAccount(Conflict):
    """People who work here are closed by an administrator."""

    code = "staff-account"
    default_detail = "You work here: ask an administrator to close this account."


class PersonNotFound(NotFound):
    code = "person-not-found"
    default_detail = "There is no such person."

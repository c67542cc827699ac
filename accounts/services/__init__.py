"""Every write of accounts; each function is one complete act."""

from accounts.services.addresses import delete_address, save_address, set_default_address
from accounts.services.browsers import may_push_to, push_public_key, register_browser
from accounts.services.email import ask_again, email_link, verify_email
from accounts.services.otp import ASK_AGAIN_AFTER_S, otp_code, request_otp, verify_otp
from accounts.services.people import (
    forget_device,
    grant_role,
    register_device,
    remove_device,
    revoke_role,
    update_profile,
)
from accounts.services.personal import ask_deletion, export_person, forget_due, keep_account
from accounts.services.places import end_sign_in, note_browser, signed_in_places
from accounts.services.sign_in import sign_in_with_firebase, sign_in_with_password
from accounts.services.tokens import forget_expired, issue_tokens, refresh_tokens, revoke, sign_out_everywhere

__all__ = [
    "ASK_AGAIN_AFTER_S",
    "ask_again",
    "ask_deletion",
    "delete_address",
    "email_link",
    "end_sign_in",
    "export_person",
    "forget_device",
    "forget_due",
    "forget_expired",
    "grant_role",
    "issue_tokens",
    "keep_account",
    "may_push_to",
    "note_browser",
    "otp_code",
    "push_public_key",
    "refresh_tokens",
    "register_browser",
    "register_device",
    "remove_device",
    "request_otp",
    "revoke",
    "revoke_role",
    "save_address",
    "set_default_address",
    "sign_in_with_firebase",
    "sign_in_with_password",
    "sign_out_everywhere",
    "signed_in_places",
    "update_profile",
    "verify_email",
    "verify_otp",
]

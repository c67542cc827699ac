"""What is plainly no question: said so at once and clearly. Nothing rests on this list being complete; what passes it
can still only become a query object over what the asker may see."""

from __future__ import annotations

import re
import unicodedata

from blinkit.kernel.said import Said, say

LONGEST = 500
ONLY_READS = say("Ask only reads: it can't change, delete or run anything, and it takes no SQL.")
NO_ORDERS = say("Ask answers questions about the data. It takes no instructions about its rules.")
NO_PEOPLE = say("Ask knows nothing about single people: no names, numbers, addresses, cards or passwords.")
TOO_LONG = say("That is too long. Ask in a sentence of up to {most} letters.", most=LONGEST)
EMPTY = say("Ask in a sentence, for example: cheapest onions right now.")
UNREADABLE = say("There are characters in it that can't be read. Type the question again.")

_SQL = re.compile(
    r"\b(drop|truncate|alter|create|grant|revoke)\s+(table|view|schema|database|role|user|index|function|extension|all)\b"
    r"|\bdelete\s+from\b|\binsert\s+into\b|\bupdate\s+\w+\s+set\b|\bselect\s+(\*|[\w.]+\s*\(|[\w.\"]+\s*(,|\bfrom\b))|\bunion\s+(all\s+)?select\b"
    r"|\bset\s+(local\s+|session\s+)?(role|session)\b|\bcopy\s+\w+\s+(from|to)\b|\bcopy\s*\(|\bexec(ute)?\s+\w+\("
    r"|\b(pg|lo|dblink)_\w+\s*\(|\bpg_(sleep|authid|shadow|read_file|ls_dir|catalog)\b|\binformation_schema\b"
    r"|\bset_config\b|\b(do|vacuum|reindex)\s+\$|\bor\s+1\s*=\s*1\b|\bxp_cmdshell\b|;\s*(drop|select|delete|insert|update|alter|create|grant|truncate|copy|set|do|with|call|vacuum)\b|--\s*$|--\s|/\*|\*/|\$\$",
    re.IGNORECASE | re.DOTALL,
)
_ORDERS = re.compile(
    r"\b(ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(rules?|instructions?|prompts?|polic\w+|restrictions?|limits?"
    r"|permissions?|above|previous)\b"
    r"|\byou are now\b|\b(act|behave|pretend|respond)\s+as\b.{0,30}\b(admin\w*|root|superuser|developer|system|owner)\b"
    r"|\bsystem prompt\b|\bjailbreak\b|\bdeveloper mode\b|\breveal\b.{0,30}\b(prompt|instructions?|secrets?|keys?)\b"
    r"|</?\s*(system|question|instructions?)\s*>|\bas (an? )?(admin|administrator|superuser|root)\b",
    re.IGNORECASE | re.DOTALL,
)
_PEOPLE = re.compile(
    r"\b(phone|mobile|contact|whatsapp|aadhaar|pan|card|account|otp)\s*(numbers?|nos?\.?|details?|s)\b.{0,60}"
    r"\b(customers?|users?|riders?|drivers?|pickers?|people|person|buyers?|owner|of|for)\b"
    r"|\b(customer|user|rider|driver|picker|buyer)s?['’]?s?\b.{0,40}\b(phones?|mobiles?|numbers?(?!\s+of)|address(es)?|e-?mails?|names?|passwords?|"
    r"locations?|otps?|birthdays?|cards?)\b"
    r"|\b(addresse?s?|e-?mails?|names?|passwords?|otps?|home)\b.{0,30}\b(of|for)\b.{0,20}\b(customers?|users?|riders?|pickers?|buyers?)\b"
    r"|\b(passwords?|otps?|api keys?|secret keys?|tokens?)\b|(?<!\d)(?:\+91[\s-]?)?[6-9]\d{9}(?!\d)"
    r"|\bwhat did\b.{0,40}\b(buy|order)\b.*\+?\d{6,}|\borders? of (customer|user)\b",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = frozenset("\u00ad\u200b\u200c\u2060\ufeff\u180e")


def clean(text: str) -> str:
    """Compatibility forms made plain (ｓｅｌｅｃｔ, ①), invisible and direction marks taken out, spaces single. (The
    joiner of Hindi letters, U+200D, stays.)"""
    text = unicodedata.normalize("NFKC", text)
    kept = (
        " " if char.isspace() or unicodedata.category(char) == "Cc" else char
        for char in text
        if char not in _HIDDEN and (char == "\u200d" or unicodedata.category(char) not in ("Cf", "Cs", "Co"))
    )
    return " ".join("".join(kept).split())


def refusal(raw: str) -> Said | None:
    """Why this is not looked at, or None."""
    if len(raw) > 4 * LONGEST:
        return TOO_LONG
    if "\x00" in raw or "\ufffd" in raw:
        return UNREADABLE
    text = clean(raw)
    if not text:
        return EMPTY
    if len(text) > LONGEST:
        return TOO_LONG
    for pattern, sentence in ((_SQL, ONLY_READS), (_ORDERS, NO_ORDERS), (_PEOPLE, NO_PEOPLE)):
        if pattern.search(text):
            return sentence
    return None

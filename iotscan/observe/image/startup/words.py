"""Arguments without the secrets that some of them carry: they become facts, and facts are kept."""

import re
from collections.abc import Sequence

from iotscan.model.secret import REDACTED

_SECRET = re.compile(
    r"(?i)^-{0,2}[\w.-]*(pass(word|wd|phrase)?|pwd|secret|token|psk|api-?key|community|credential)[\w-]*$"
)
_FILE = re.compile(r"(?i)(file|path|dir|folder)$")
_USERINFO = re.compile(r"//[^/@\s]*@")
_PASSWORD_OPTION = ("mosquitto_sub", "mosquitto_pub", "mosquitto_rr", "sshpass")


def without_secret_words(words: Sequence[str]) -> tuple[str, ...]:
    """``--password hunter2`` and ``--token=x`` without their values, addresses without who logs in."""
    shown: list[str] = []
    is_next = False
    for word in words:
        option, has_value, _ = word.partition("=")
        if is_next and not word.startswith("-"):
            shown.append(REDACTED)
            is_next = False
            continue
        is_secret = bool(_SECRET.match(option)) and not _FILE.search(option)
        if is_secret and has_value:
            shown.append(f"{option}={REDACTED}")
        else:
            shown.append(_USERINFO.sub("//", word))
        is_next = (is_secret and not has_value and word.startswith("-")) or (word in ("-P", "-pw") and _takes(shown))
    return tuple(shown)


def _takes(shown: Sequence[str]) -> bool:
    return any(program in word for word in shown for program in _PASSWORD_OPTION)

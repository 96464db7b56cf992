"""Secrets that their own form gives away, wherever they stand.

The forms are those that the issuers document: AWS (IAM identifiers), GitHub (its authentication formats), GitLab,
Slack, Google, Azure (connection strings, shared access signatures), Stripe, SendGrid, npm, PyPI, Telegram; RFC 7519
(JWT), RFC 3986 section 3.2.1 (user information in a URL).
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import SecretGroup
from iotscan.wire.secret_forms.hit import Hit
from iotscan.wire.secret_forms.placeholders import entropy, stands_for_a_secret

_A, _Z = rb"(?<![A-Za-z0-9_+/-])", rb"(?![A-Za-z0-9_+/-])"
_FORMS: Final[tuple[tuple[bytes, str, "re.Pattern[bytes]"], ...]] = tuple(
    (mark, form, re.compile(pattern))
    for mark, form, pattern in (
        (b"AKIA", "aws-access-key", _A + rb"(AKIA[A-Z2-7]{16})" + _Z),
        (b"aws_secret", "aws-secret-key", rb"(?i)aws_secret_access_key[\"'\s:=]{1,5}([A-Za-z0-9/+]{40})" + _Z),
        (b"ghp_", "github-token", _A + rb"(ghp_[A-Za-z0-9]{36})" + _Z),
        (b"ghs_", "github-token", _A + rb"(ghs_[A-Za-z0-9]{36})" + _Z),
        (b"gho_", "github-token", _A + rb"(gho_[A-Za-z0-9]{36})" + _Z),
        (b"github_pat_", "github-token", _A + rb"(github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})" + _Z),
        (b"glpat-", "gitlab-token", _A + rb"(glpat-[A-Za-z0-9_-]{20,})"),
        (b"xox", "slack-token", _A + rb"(xox[abeoprs]-[0-9]{8,13}-[A-Za-z0-9-]{10,})"),
        (b"hooks.slack", "slack-webhook", rb"hooks\.slack\.com/services/(T\w{8,}/B\w{8,}/\w{20,})"),
        (b"AIza", "google-api-key", _A + rb"(AIza[A-Za-z0-9_-]{35})" + _Z),
        (b"GOCSPX-", "google-client-secret", _A + rb"(GOCSPX-[A-Za-z0-9_-]{28})" + _Z),
        (b"SharedAccessKey=", "azure-iot-key", rb"SharedAccessKey=([A-Za-z0-9+/]{43}=)"),
        (b"AccountKey=", "azure-storage-key", rb"AccountKey=([A-Za-z0-9+/]{86}==)"),
        (
            b"SharedAccessSignature",
            "azure-sas",
            rb"SharedAccessSignature s[rvie]=[^\s\"']{0,300}?sig=([A-Za-z0-9%+/]{43,60})",
        ),
        (b"sig=", "azure-sas", rb"[?&]sv=20\d\d-[^\s\"']{0,300}?&sig=([A-Za-z0-9%+/]{43,60})"),
        (b"k_live_", "stripe-key", _A + rb"([sr]k_live_[A-Za-z0-9]{24,})"),
        (b"SG.", "sendgrid-key", _A + rb"(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})" + _Z),
        (b"npm_", "npm-token", _A + rb"(npm_[A-Za-z0-9]{36})" + _Z),
        (b"_authToken=", "npm-token", rb"//[^\s:]{3,100}/:_authToken=([^\s\"'$]{16,})"),
        (b"pypi-AgE", "pypi-token", _A + rb"(pypi-AgE[A-Za-z0-9_-]{60,})"),
        (b":AA", "telegram-token", _A + rb"([0-9]{8,10}:AA[A-Za-z0-9_-]{33})" + _Z),
        (b'"auth"', "docker-login", rb"\"auth\"\s{0,8}:\s{0,8}\"([A-Za-z0-9+/]{8,400}={0,2})\""),
        (b"eyJ", "jwt", _A + rb"(eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{16,})"),
    )
)
_GROUPS: Final[dict[str, SecretGroup]] = {"docker-login": "password", "jwt": "bearer-token"}
_URL: Final = re.compile(rb"://([^\s/:@\"'<>$%{}|\\]{0,64}):([^\s/@\"'<>|\\]{3,128})@[\w\[]")
_LOWEST_ENTROPY: Final = 2.8


_IN_LIBRARIES: Final = frozenset((b"AKIA", b"ghp_", b"glpat-", b"AIza", b"SharedAccessKey=", b"AccountKey="))


def find_tokens(data: bytes, *, is_library: bool = False) -> Iterator[Hit]:
    """The secrets that are known by their form; in programs of others only the commonest are looked for."""
    for mark, form, pattern in _FORMS:
        if (is_library and mark not in _IN_LIBRARIES) or mark not in data:
            continue
        for match in pattern.finditer(data):
            if _is_sound(form, match[1]):
                group = _GROUPS.get(form, "service-token")
                yield Hit(at=match.start(1), group=group, form=form, value=match[1])
    if not is_library and b"://" in data and b"@" in data:
        for match in _URL.finditer(data):
            if not stands_for_a_secret(match[2]) and match[2] != match[1] and match[2].lower() not in _TALK:
                yield Hit(at=match.start(2), group="password", form="url", value=match[2])


_TALK: Final = frozenset((b"pass", b"password", b"passwd", b"secret", b"pw", b"pwd", b"user", b"token", b"port"))


def _is_sound(form: str, value: bytes) -> bool:
    if b"EXAMPLE" in value or b"xxxx" in value.lower():
        return False
    if form == "docker-login":
        return _is_login(value)
    if form == "jwt":
        return _is_jwt(value)
    return entropy(value) >= _LOWEST_ENTROPY


def _is_login(value: bytes) -> bool:
    try:
        user, _, password = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).partition(b":")
    except binascii.Error:
        return False
    return bool(user) and user.isascii() and bool(password) and not stands_for_a_secret(password)


def _is_jwt(value: bytes) -> bool:
    """Three parts of which the first is a JSON object that names an algorithm."""
    head = value.partition(b".")[0]
    try:
        return b'"alg"' in base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4))
    except binascii.Error:
        return False

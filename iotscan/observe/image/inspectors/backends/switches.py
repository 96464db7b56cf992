"""Where a client is told not to check a certificate, and where to check it against less than everybody.

Sources: curl(1), wget(1), mosquitto.conf(5), mosquitto_pub(1), stunnel(8), ldap.conf(5), git-config(1), Node.js TLS,
Python ssl and requests, paho-mqtt, Go crypto/tls, PHP's SSL context options, Mender client configuration.
"""

import re
from collections.abc import Iterator
from typing import Final

WORDS: Final = (
    b"insecure",
    b"verif",
    b"check-certificate",
    b"check_certificate",
    b"rejectunauthorized",
    b"reject_unauthorized",
    b"curl",
    b"cert_none",
    b"reqcert",
    b"unverified",
)
PIN_WORDS: Final = (
    b"pinnedpubkey",
    b"cacert",
    b"cafile",
    b"ca_file",
    b"ca_cert",
    b"servercertificate",
    b"ssl_ca",
    b"tls_ca",
    b"root_ca",
    b"cacertfile",
)
_NO: Final = rb"[\"']?\s*(?:=>|:=|=|:)\s*[\"']?(?:false|0|no|none|off|never|n)\b"
_YES: Final = rb"[\"']?\s*(?:=>|:=|=|:|\s)\s*[\"']?(?:true|1|yes|on)\b"
_SWITCHES: Final = tuple(
    (client, re.compile(pattern))
    for client, pattern in (
        (
            "curl",
            rb"\bcurl\b(?=[\s\"'])[^|;&\n]*?[\s\"'](?:-[a-zA-Z]{0,8}k[a-zA-Z]{0,8}|--insecure|--proxy-insecure)(?=[\s\"',\]]|$)",
        ),
        ("wget", rb"(?i)--no-check-certificate\b"),
        ("wget", rb"(?i)^\s*check_certificate\s*=\s*off\b"),
        ("mosquitto", rb"\bmosquitto_(?:pub|sub|rr)\b.*\s--insecure\b"),
        ("mosquitto", rb"^\s*bridge_insecure\s+true\b"),
        ("node", rb"(?i)\brejectUnauthorized[\"']?\s*[:=]\s*false\b"),
        ("node", rb"\bNODE_TLS_REJECT_UNAUTHORIZED[\"']?\s*[:=]\s*[\"']?0\b"),
        ("python", rb"\bverify\s*=\s*False\b"),
        ("python", rb"\b_create_unverified_context\b|\bPYTHONHTTPSVERIFY\s*=\s*[\"']?0\b"),
        ("python", rb"\b(?:verify_mode|cert_reqs)\s*=\s*(?:ssl\.)?CERT_NONE\b|\btls_insecure_set\(\s*True\b"),
        ("go", rb"\bInsecureSkipVerify\s*:\s*true\b"),
        ("git", rb"(?i)\bsslVerify\s*=\s*(?:false|0)\b|\bGIT_SSL_NO_VERIFY\s*=\s*[\"']?(?:1|true)\b"),
        ("php", rb"\bCURLOPT_SSL_VERIFY(?:PEER|HOST)\s*(?:,|=>)\s*(?:false|0|FALSE)\b"),
        ("ldap", rb"(?i)^\s*TLS_REQCERT\s+(?:never|allow)\b"),
        ("setting", rb"(?i)[\"']?SkipVerify" + _YES),
        (
            "setting",
            rb"(?i)\b(?:insecure_skip_verify|skip_tls_verify|tls_insecure|ssl_insecure|allow_insecure_tls)" + _YES,
        ),
        (
            "setting",
            rb"(?i)\b(?:ssl|tls|https?|cert|certificate|peer)[_-]?(?:no[_-]?)?verif(?:y|ication)(?:[_-]?(?:peer|cert|mode))?"
            + _NO,
        ),
        ("setting", rb"(?i)\bverif(?:y|ication)[_-]?(?:peer|ssl|tls|cert|certificate|host|server)(?:[_-]name)?" + _NO),
        ("setting", rb"^\s*verify\s*=\s*0\s*$"),
    )
)
_NESTED: Final = re.compile(rb"(?i)([ \t]{1,64})([\"']?verify[\"']?\s*:\s*(?:false|no|off))\s*,?\s*(?:#.*)?$")
_OF_TLS: Final = re.compile(rb"(?i)[ \t]{0,64}[\"']?(?:tls|ssl|https|mqtts)[\"']?\s*:\s*\{?\s*$")
_NEAR: Final = 1024
"""Bytes before a setting in which what it belongs to is looked for."""
_PINS: Final = re.compile(
    rb"(?i)(?P<name>--pinnedpubkey|pinnedpubkey|--cacert|bridge_cafile|ServerCertificate|(?:[\w.]{0,24}[_.-])?"
    rb"(?:ca_?cert(?:_?file|_?path)?|ca_?file|root_?ca|ssl_ca|tls_ca(?:_?file)?))[\"']?\s*[\s:=]\s*[\"']?"
    rb"(?P<value>/[\w./@+-]{3,200}|sha256//[A-Za-z0-9+/=]{43,44})"
)
_EVERYBODY: Final = re.compile(
    rb"/(?:ca-certificates\.crt|ca-bundle(?:\.trust)?\.(?:crt|pem)|cert\.pem|tls-ca-bundle\.pem|cacert\.pem|certs/?)$"
)


def find_switch(line: bytes) -> tuple[str, bytes, int] | None:
    """The client, the words and their place, where a line switches the check off."""
    for client, pattern in _SWITCHES:
        match = pattern.search(line)
        if match is not None and not _is_comment(line, match.start()):
            return client, match[0], match.start()
    return None


def find_nested(data: bytes, start: int, line: bytes) -> tuple[str, bytes, int] | None:
    """The same for ``verify: false`` below ``tls:`` in YAML or JSON: ``line`` begins at ``start`` of ``data``."""
    match = _NESTED.match(line)
    if match is None:
        return None
    depth = len(match[1])
    before = data[max(0, start - _NEAR) : start].splitlines()
    for above in reversed(before):
        indent = len(above) - len(above.lstrip())
        if above.strip() and indent < depth:
            return ("setting", match[2], match.start(2)) if _OF_TLS.match(above) else None
    return None


def find_pins(line: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and values of settings that trust one authority or key."""
    for match in _PINS.finditer(line):
        if not _EVERYBODY.search(match["value"]):
            yield match["name"], match["value"]


def _is_comment(line: bytes, at: int) -> bool:
    """True where a comment begins before, on the same line."""
    before = line[:at]
    return b" #" in before or b"\t#" in before or b" // " in before or before.lstrip().startswith((b"echo ", b"print"))

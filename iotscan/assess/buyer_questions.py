"""What a buyer asks of a device, and the checks that answer it."""

from typing import Final

import msgspec

REDIRECT: Final = "https-redirect"
"""Its pass says that plain HTTP is there only to lead to HTTPS."""
ENCRYPTED: Final = frozenset(
    {"https", "tls", "dtls", "ssh", "mqtts", "mqtt-wss", "coaps", "ftps", "amqps", "ldaps", "imaps", "pop3s", "smtps"}
)
"""Protocols, as services name them, in which nothing goes in the clear."""
NAMING: Final = frozenset({"mdns", "ssdp", "dns", "dhcp"})
"""They carry neither logins nor commands."""


class BuyerQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that is good when true. ``against`` are checks whose failure makes it false and whose pass proves
    nothing of it.
    """

    asks: str
    deciding: tuple[str, ...]
    against: tuple[str, ...] = ()
    is_about_encryption: bool = False
    """No check asks what is said over every protocol that is not encrypted: where one answers, nobody can say yes."""


QUESTIONS: Final = (
    BuyerQuestion(
        asks="No default or fixed password",
        deciding=("default-credentials", "fixed-passwords", "derived-passwords", "password-hashes"),
        against=("telnet-open-shell", "backdoor-accounts"),
    ),
    BuyerQuestion(
        asks="Logins and commands are encrypted",
        deciding=(
            *("telnet-service", "http-cleartext-login", "mqtt-encryption", "coap-encryption"),
            *("websocket-encryption", "device-api-encryption", "tls-versions", REDIRECT),
        ),
        is_about_encryption=True,
        against=("tls-weak-ciphers", "ftp-access"),
    ),
    BuyerQuestion(
        asks="Nothing without a login",
        deciding=(
            *("admin-authentication", "mqtt-anonymous-access", "rtsp-authentication", "onvif-authentication"),
            *("coap-authentication", "data-store-access", "api-authentication"),
        ),
        against=("telnet-open-shell", "adb-access", "unauthenticated-disclosure", "firmware-upload"),
    ),
    BuyerQuestion(
        asks="No open door for debugging",
        deciding=("adb-access", "bootloader-console", "console-login", "debug-tools"),
    ),
    BuyerQuestion(
        asks="Signed updates",
        deciding=("update-signature", "update-artefact-signature", "updater-verification", "package-feed-signature"),
        against=("home-made-update", "ota-authentication"),
    ),
    BuyerQuestion(asks="Automatic updates", deciding=("automatic-updates",)),
    BuyerQuestion(
        asks="Software still gets updates",
        deciding=("end-of-life-software",),
        against=("known-vulnerabilities",),
    ),
    BuyerQuestion(
        asks="Keys of its own",
        deciding=("tls-key-secrecy", "ssh-key-secrecy", "private-keys"),
        against=("tls-key-uniqueness", "ssh-key-uniqueness", "known-pre-shared-keys"),
    ),
    BuyerQuestion(asks="A contact for flaws", deciding=("security-contact", "disclosure-process")),
)
"""In the order in which they are told."""

"""No pre-shared key is short, a word, its own name, or the same on every device.

## What it looks at
The pre-shared keys in configurations of the image: `psk_file` of mosquitto, `PSKsecrets` of stunnel, `ipsec.secrets`
and swanctl of strongSwan, wpa_supplicant, hostapd, OpenWrt's wireless, and the command lines of LwM2M clients. Each is
measured and compared with its identity and with those that public examples have; none is told.

## Why it matters
A pre-shared key is the whole authentication of both sides. One that was thought of is guessed offline from one recorded
handshake; one that stands in an image is on every device, so that who takes one apart can pose as all.

## How to fix
Draw at least 16 random bytes for each device (`openssl rand -hex 16`) where it is made or at bootstrap, and keep them
on the data partition. For a radio network use WPA3-SAE or EAP-TLS; for TLS and IPsec prefer certificates.

## References
- RFC 9257 section 6 (at least 128 bits of entropy, one pair of users); RFC 4279 section 7.2
- ETSI EN 303 645 V3.1.3 provision 5.4-4
"""

from iotscan.sdk import ConfiguredPsk, ConfiguredPsks, Returned, Subject, Target, Verdict, bad, check, clause

SHORTEST = 16
"""Bytes: 128 bits."""


@check(
    id="pre-shared-key-quality",
    aliases=("KEY-013",),
    title="No pre-shared key is short, a word, its own name, or the same on every device",
    element="keys",
    variants={
        "published": ("critical", "A pre-shared key stands in public examples"),
        "identity": ("high", "A pre-shared key is the same as the name it belongs to"),
        "word": ("high", "A pre-shared key is a word"),
        "short": ("high", "A pre-shared key has fewer than 16 bytes"),
        "shared": ("high", "A pre-shared key stands in the image, and so on every device"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("IEC 62443-4-2", "2019", "CR 1.14"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "image", "root-filesystem", "shared-keys"),
    since="0.1",
    effort="medium",
)
def pre_shared_key_quality(found: ConfiguredPsks, target: Target) -> Returned:
    """Fail on each by the worst that holds: what is in an image is shared at the least."""
    return [judge(k, Subject(image=target.subject.image, path=k.path, line=k.line)) for k in found.psks]


def judge(key: ConfiguredPsk, place: Subject) -> Verdict:
    """The finding about one."""
    if key.published:
        variant, summary = "published", f"a pre-shared key is that of a public example: {key.published}"
    elif key.is_identity:
        variant, summary = "identity", "a pre-shared key is the same as the name it belongs to"
    elif key.is_word:
        variant, summary = "word", "a pre-shared key is a word"
    elif key.length < SHORTEST:
        variant, summary = "short", f"a pre-shared key has {key.length} bytes"
    else:
        variant, summary = "shared", "a pre-shared key is the same on every device made from the image"
    return bad(
        variant,
        summary,
        observed=f"{place}: {key.system}, {key.length} bytes",
        expected=f"{SHORTEST} random bytes or more, each device's own",
        about=place,
        part=key.system,
    )

"""No pre-shared key that stands in public examples is accepted.

## What it looks at
With the grant `--intrusive` only, and only where a TLS 1.2 or DTLS 1.2 server accepts pre-shared-key suites: whether a
handshake can be finished with an identity and key that the examples or the manual of a library publish (tinydtls,
wolfSSL, ESP-IDF, mosquitto, Zephyr and others). At most three are tried, those that fit what the server shows of
itself first, each some seconds after the one before; an identity and key that nobody has must be refused before that.
Nothing is said inside. External keys of TLS 1.3 are not tried. A pass says that these keys were refused, not that the
key in use is a good one.

## Why it matters
A pre-shared key is the whole authentication, of both sides. One that was copied from an example is known to everybody
who has read the example: they can pose as the device and as its server, and with plain PSK read what was recorded.
Reports name the record, never the key.

## How to fix
Give each device a random key of its own of at least 128 bits (`openssl rand -hex 16`), made where the device is made
or at bootstrap, and take the one of the example out: `psk_file` of mosquitto, `CONFIG_EXAMPLE_COAP_PSK_KEY` of
ESP-IDF, `PSK_DEFAULT_KEY` of tinydtls and RIOT, `COAP_DTLS_PSK_DEFAULT_KEY` of Contiki-NG, the PSK callback of wolfSSL
and mbed TLS, instance 0 of the Security object of LwM2M. Let the build fail where the value of the example is left.
Where any key is accepted, the callback that looks it up answers strangers: let it refuse unknown identities.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4
- RFC 9257 sections 6 and 7 (how much entropy, and one pair of users, an external pre-shared key takes)
- RFC 4279 section 7.2 and RFC 5489 (pre-shared keys in TLS up to 1.2)
"""

from iotscan.sdk import KnownPsk, Returned, Target, TlsEndpoint, ask_tls, bad, check, clause, good, unknown

PLACEHOLDER = "KEY_FROM_THE_DOCUMENT"
"""Stands for the key, in hex, in every reproduce line: a report holds no secret."""
NOBODYS = ("iotscan-made-up", "696f747363616e")
"""An identity and key that no document gives."""


def finish(target: Target, identity: str, key: str) -> str:
    """A command that finishes a handshake with a key; the server's Finished shows that it has it, too."""
    version = "-dtls1_2" if target.subject.transport == "udp" else "-tls1_2"
    keyed = ("-psk_identity", identity, "-psk", key, "-cipher", "PSK:@SECLEVEL=0")
    return ask_tls(target, version, *keyed, "-msg", show="<<<.*Finished$")


@check(
    id="known-pre-shared-keys",
    aliases=("TLS-014",),
    title="Pre-shared keys of public examples are refused",
    element="keys",
    variants={
        "accepted": ("critical", "A pre-shared key that stands in public examples is accepted"),
        "takes-any": ("critical", "Any pre-shared key is accepted"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("IEC 62443-4-2", "2019", "CR 1.14"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(b)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network", "shared-keys", "tls"),
    since="0.1",
    effort="medium",
)
def known_pre_shared_keys(tls: TlsEndpoint, psk: KnownPsk, target: Target) -> Returned:
    """Judge what became of the tries; without a suite that takes keys there are none, and it does not apply."""
    suites = ", ".join(dict.fromkeys(s.name for s in tls.selected if "PSK" in s.name))
    if psk.takes_any:
        identity, key = NOBODYS
        return bad(
            "takes-any",
            "a handshake was finished with an identity and key that nobody has",
            observed="a made-up identity with a made-up key was accepted",
            expected="unknown keys are refused",
            reproduce=finish(target, identity, key),
            shows="Finished",
        )
    if psk.accepted:
        return bad(
            "accepted",
            f"the pre-shared key of a public example is accepted: {psk.accepted}",
            observed=f"identity {psk.identity!r}, key of the record {psk.accepted}, suites {suites or 'not seen'}",
            expected="refused: a random key of each device's own",
            reproduce=finish(target, psk.identity, PLACEHOLDER),
            shows="Finished",
        )
    if not psk.tried:
        return unknown("no documented key was tried")
    return good(f"{psk.tried} pre-shared keys of public examples were refused")

"""Recorded traffic stays secret when a key is stolen later.

## What it looks at
Whether a TLS or DTLS server accepts key exchanges with forward secrecy (ephemeral Diffie-Hellman: ECDHE, DHE, all
of version 1.3), whether it also accepts those without (static RSA, static (EC)DH, plain PSK, RSA_PSK), and which kind
it selects when both are offered, the better one first. Nobody else's traffic is looked at. Two things can undo what
was negotiated well, and are asked apart: `key-share-reuse` and `session-ticket-lifetime`.
In an image: the list of ciphers that a web server or tunnel is configured with, worked out for the library and the
certificate that the image holds.

## Why it matters
Without forward secrecy one key opens everything: who records traffic today and takes the private key or the
pre-shared key out of a flash chip, a backup or a returned device next year reads all of it, past and future.
A suite without it that is only *accepted beside* good ones is used by old clients, and by embedded ones that list
the cheap suites first. A server that *selects* it although a better one was put first forces it on everybody.
Constrained devices that know pre-shared keys alone are judged more mildly, because RFC 7925 has them begin with just
such a suite: the loss is there all the same, and somebody has to accept it in writing (a waiver).

## How to fix
Offer ephemeral suites only, in the server's order: `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;` and
`ssl_prefer_server_ciphers on;` in nginx, `ciphers ECDHE+AESGCM:ECDHE+CHACHA20` in mosquitto and stunnel,
`ssl.openssl.ssl-conf-cmd = ("CipherString" => "ECDHE+AESGCM:ECDHE+CHACHA20")` in lighttpd. In mbed TLS leave
`MBEDTLS_KEY_EXCHANGE_RSA_ENABLED` and `MBEDTLS_KEY_EXCHANGE_PSK_ENABLED` undefined, in wolfSSL
`WOLFSSL_STATIC_RSA` and `WOLFSSL_STATIC_PSK`. Where keys are shared, use ECDHE_PSK
(`CONFIG_MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED=y` in Zephyr). ECDHE on P-256 costs a small microcontroller well under
a second a connection.

## References
- RFC 9325 section 4.1 (general guidelines: forward secrecy must be supported and preferred)
- RFC 9325 section 7.3 (forward secrecy)
- draft-ietf-uta-tls13-iot-profile (PSK without (EC)DHE only where the loss is accepted)
"""

from iotscan.sdk import (
    ANY_KEY,
    Policy,
    Returned,
    Suite,
    Target,
    TlsEndpoint,
    Verdict,
    ask_refused,
    ask_suites,
    bad,
    check,
    clause,
    good,
    say_hello,
    unknown,
)


@check(
    id="forward-secrecy",
    aliases=("TLS-006", "TLS-007"),
    title="Only key exchanges with forward secrecy are accepted",
    element="communication",
    variants={
        "unsupported": ("high", "No key exchange with forward secrecy is accepted"),
        "constrained-psk": ("medium", "A constrained device accepts pre-shared keys without forward secrecy only"),
        "not-preferred": (
            "high",
            "A key exchange without forward secrecy is selected although one with it was offered",
        ),
        "accepted-beside": ("medium", "Key exchanges without forward secrecy are accepted beside those with it"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="low",
)
def forward_secrecy(tls: TlsEndpoint, policy: Policy, target: Target) -> Returned:
    """Unsupported beats not preferred beats accepted beside; good only when both answers are in."""
    without, preferred = tls.without_forward_secrecy, tls.prefers_forward_secrecy
    if tls.forward_secrecy.is_answered and not tls.forward_secrecy.value:
        if without.is_answered and not without.value:
            return unknown("suites with and without forward secrecy were refused alike")
        return _unsupported(tls, policy, target)
    if without.is_answered and without.value:
        return _beside(tls, target, is_selected=preferred.is_answered and not preferred.value)
    for answer in (tls.forward_secrecy, without):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("every accepted key exchange has forward secrecy", observed=_names(tls.suites))


def _unsupported(tls: TlsEndpoint, policy: Policy, target: Target) -> Verdict:
    lacking = _lacking(tls)
    is_psk = bool(lacking) and all("PSK" in s.name for s in lacking)
    words = (*ANY_KEY, "-cipher", "ECDHE:DHE:kECDHEPSK:kDHEPSK:!eNULL:@SECLEVEL=0")
    reproduce, shows = ask_refused(target, *words, opening=tls.opening)
    return bad(
        "constrained-psk" if policy.kind == "constrained" and is_psk else "unsupported",
        "no key exchange with forward secrecy is accepted",
        observed=_names(lacking) or ", ".join(tls.accepted_versions),
        expected="ECDHE_PSK suites" if is_psk else "ECDHE suites, or TLS 1.3",
        reproduce=reproduce,
        shows=shows,
    )


def _beside(tls: TlsEndpoint, target: Target, *, is_selected: bool) -> Verdict:
    lacking = _lacking(tls)
    having = [s for s in tls.suites if "DHE_" in s.name and lacking and s.version == lacking[-1].version]
    reproduce, shows = ask_suites(target, lacking, "kRSA:kPSK:kRSAPSK", opening=tls.opening)
    if is_selected and having:
        worst = lacking[-1]
        said = say_hello(target, worst.version, *(s.code for s in having), worst.code, opening=tls.opening)
        reproduce, shows = (said, f"suite {worst.code:04x}") if said else (reproduce, shows)
    return bad(
        "not-preferred" if is_selected else "accepted-beside",
        "without forward secrecy is selected although with it was offered"
        if is_selected
        else "key exchange without forward secrecy is accepted, too",
        observed=_names(lacking),
        expected="ECDHE suites and TLS 1.3 only",
        reproduce=reproduce,
        shows=shows,
    )


def _lacking(tls: TlsEndpoint) -> list[Suite]:
    """The proof, newest version last. Anonymous suites are ephemeral: `tls-weak-ciphers` judges them."""
    ephemeral = ("DHE_", "_anon_", "TLS_SRP_", "TLS_ECCPWD_")
    return [s for s in tls.suites if not s.version.endswith("TLSv1.3") and not any(e in s.name for e in ephemeral)]


def _names(suites: tuple[Suite, ...] | list[Suite]) -> str:
    return ", ".join(dict.fromkeys(s.name for s in suites))

"""Pre-shared keys come with forward secrecy.

## What it looks at
Whether a TLS or DTLS server accepts pre-shared-key suites up to version 1.2. The server selects such a suite before
anybody proves to hold the key, so no key is needed or tried; the hint by which some servers tell which key they mean is
shown as they sent it. Plain PSK and RSA_PSK have no forward secrecy; DHE_PSK and ECDHE_PSK have. An external pre-shared
key in version 1.3 cannot be seen by those who do not hold it: the server passes over a name that it does not know.
In an image: the list of ciphers of a service that has pre-shared keys.

## Why it matters
A pre-shared key is easier than certificates, and weaker: both ends hold the same secret, so it must be brought
to the server, is often the same in a whole fleet, cannot be revoked apart, and whoever takes it from either end
can be both. With *plain* PSK the key also opens all traffic ever recorded. RFC 7925 allows it to constrained
nodes, and the IoT profile of TLS 1.3 (a draft) only where the loss of forward secrecy is accepted for the deployment; a
gateway has the power to do better. The profile's TLS policy decides which of the two severities holds.

## How to fix
Prefer certificates: in mosquitto `cafile`, `certfile`, `keyfile` and `require_certificate true` in place of
`psk_hint` and `psk_file`; in libcoap `coap_context_set_pki` in place of `coap_context_set_psk2`. Where keys must be
shared, allow only the ephemeral kind: `ciphers ECDHE-PSK` in mosquitto and stunnel; in mbed TLS
`MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED` and not `MBEDTLS_KEY_EXCHANGE_PSK_ENABLED`; in wolfSSL no `WOLFSSL_STATIC_PSK`;
in Zephyr `CONFIG_MBEDTLS_KEY_EXCHANGE_ECDHE_PSK_ENABLED=y` and the other one `n`. Give every device a random key of its
own of at least 128 bits, and replace it on a schedule. Whoever accepts the loss for small devices says so in a waiver
(`iotscan.waivers.yaml`), with an owner and an end: `check: tls-pre-shared-keys`, `target: {asset: …, service: …}`,
`decision: risk_accepted`, `reason: no forward secrecy with PSK; keys are replaced every quarter`. The finding stays in
every report and no longer stops the gate.

## References
- RFC 9325 section 4.1 (forward secrecy)
- RFC 4279 (PSK suites, identity hint), RFC 5489 (ECDHE_PSK)
- RFC 9257 (external pre-shared keys: 128 bit of entropy, one pair of users a key)
- RFC 7925 and draft-ietf-uta-tls13-iot-profile (what constrained nodes may do)
"""

from iotscan.sdk import Policy, Returned, Target, TlsEndpoint, ask_suites, bad, check, clause, good, skip

UNSEEN = "a pre-shared key of version 1.3 cannot be seen from outside"


@check(
    id="tls-pre-shared-keys",
    aliases=("TLS-011", "TLS-012"),
    title="Pre-shared keys are only accepted with forward secrecy",
    element="communication",
    variants={
        "gateway": ("high", "A gateway or server accepts plain pre-shared keys"),
        "constrained": ("medium", "A constrained device accepts plain pre-shared keys"),
    },
    clauses=(
        clause("RFC 9325", "2022", "4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.14"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("configuration", "crypto", "network", "tls"),
    since="0.1",
    effort="medium",
)
def tls_pre_shared_keys(tls: TlsEndpoint, policy: Policy, target: Target) -> Returned:
    """Bad on plain PSK, as the policy weighs it; not applicable where no PSK suite is accepted."""
    hint = f"identity hint '{tls.psk_hint}'" if tls.psk_hint else ""
    if tls.plain_psk.value:
        plain = [s for s in tls.suites if s.name.startswith(("TLS_PSK_WITH_", "TLS_RSA_PSK_"))]
        reproduce, shows = ask_suites(target, plain, "kPSK:kRSAPSK", opening=tls.opening)
        return bad(
            "constrained" if policy.kind == "constrained" else "gateway",
            "plain pre-shared-key suites are accepted: who learns the key reads all recorded traffic",
            observed=", ".join(dict.fromkeys((*(s.name for s in plain), *([hint] if hint else [])))),
            expected="certificates, or ECDHE_PSK suites",
            reproduce=reproduce,
            shows=shows,
        )
    ephemeral = tls.psk_forward_secrecy
    may_hide = any(v.endswith("TLSv1.3") for v in tls.accepted_versions)
    note = f"; {UNSEEN}" if may_hide else ""
    if ephemeral.is_answered and not ephemeral.value:
        return skip(f"no pre-shared-key suite is accepted up to version 1.2{note}")
    if ephemeral.is_answered:
        seen = [s.name for s in tls.suites if "DHE_PSK_WITH_" in s.name]
        said = ", ".join(dict.fromkeys((*seen, *([hint] if hint else []))))
        return good(f"pre-shared keys are accepted with forward secrecy only{note}", observed=said)
    return good(f"no pre-shared-key suite without forward secrecy is accepted{note}")

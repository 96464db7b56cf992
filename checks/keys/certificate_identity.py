"""Each device's certificate names that device and no other.

## What it looks at
The subject and the alternative names of the certificates that TLS servers send and that a CA issued, compared over
all devices of the run: the same identity on two devices with different keys, and an identity that is no more than a
word for a kind of thing (`CN=device`). A certificate that a device signs itself is known by its key alone, and one of
an authority of the web names a host that several machines may serve: neither is judged.

The same certificate or key on two devices is `tls-key-uniqueness`'s to say; what clients in an image show their
servers is `device-identity`'s.

## Why it matters
Who checks the CA and the name, as is proper, cannot tell such devices apart: each can stand in for every other, and a
stolen one for all of them. Nor can one be shut out by its name, or a log say which of them it was.

## How to fix
Put into each certificate what is the device's own: the serial number (attribute `serialNumber` of the subject, as
IEEE 802.1AR has it for IDevIDs), a host name of its own or a URI as subjectAltName. In the request of an enrolment
client, `openssl req -new -key … -subj "/O=Acme/serialNumber=$(cat /etc/serial)"`; in step-ca or EJBCA a template that
takes the name from the request and allows each name once.

## References
- IEEE 802.1AR-2018 section 8.6 (subject of an IDevID); RFC 7925 section 4.4.1, RFC 9525
- ETSI EN 303 645 V3.1.3 provision 5.4-4; IEC 62443-4-2 CR 1.8; OWASP ISVS 2.4.1
"""

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Fleet,
    Reason,
    Returned,
    Seen,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    show_certificate,
    skip,
    unknown,
)

GENERIC = frozenset(
    (
        "acme", "admin", "appliance", "camera", "cert", "certificate", "changeme", "client", "controller", "default",
        "demo", "device", "devicecert", "edge", "embedded", "esp32", "example", "example.com", "gateway", "host", "hub",
        "iot", "iot-device", "iot-gateway", "iotdevice", "localhost", "localhost.localdomain", "mqtt", "mydevice",
        "node", "openwrt", "product", "raspberrypi", "router", "sensor", "server", "test", "thing", "unknown",
        "webserver",
    )
)  # fmt: skip
"""Words for a kind of thing, and names that systems have before anybody gives them one."""
WEB = "Mozilla"
UNREAD = "the server's certificate is malformed, or one whose key it lacks: whose it is is not known"

Holder = Seen[CertificateChain]


def identity_of(leaf: Certificate) -> tuple[str, ...]:
    """All that a certificate says of whose it is."""
    told = leaf.extensions
    further = (*told.uris, told.serial_number) if told else ()
    return (leaf.issuer, leaf.subject, *sorted(leaf.names), *sorted(further))


def is_read(seen: Holder) -> bool:
    """Whether all that the server's own certificate says of itself could be read, and it is the server's own."""
    return bool(seen.fact.certificates) and not seen.fact.is_unproved and seen.fact.certificates[0].is_whole


def is_generic(leaf: Certificate) -> bool:
    """True when every name is a word for a kind of thing. A certificate without a name is not: it has no identity."""
    told = leaf.extensions
    if told is None or told.serial_number or told.uris:
        return False
    names = {name.strip().lower() for name in (*told.common_names, *leaf.names)}
    return bool(names) and names <= GENERIC | {"127.0.0.1", "::1"}


def show_identity(seen: Holder) -> str:
    """A command that prints whose a certificate is, and the SHA-256 of its key."""
    target = Target(subject=seen.subject)
    return show_certificate(target, 0, "-subject", "-ext", "subjectAltName", opening=seen.fact.opening)


def _shared(seen: Holder, twins: list[Holder]) -> Verdict:
    leaf = seen.fact.leaf
    others = sorted({str(twin.subject) for twin in twins})
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    name = (leaf.extensions.common_names if leaf.extensions else ()) or leaf.names or ("subject",)
    return bad(
        "shared",
        f"{leaf.subject or 'its certificate'} is also the name of {', '.join(others[:5])}{more}, with another key",
        observed=f"{leaf.subject}, issued by {leaf.issuer}; names: {', '.join(leaf.names[:4]) or 'none'}",
        expected="a serial number or name of its own in the certificate of each device",
        reproduce=f"{show_identity(seen)}; {show_identity(twins[0])}",
        shows=name[0],
        about=seen.subject,
    )


def _generic(seen: Holder) -> Verdict:
    leaf = seen.fact.leaf
    names = dict.fromkeys((*(leaf.extensions.common_names if leaf.extensions else ()), *leaf.names))
    return bad(
        "generic",
        f"its certificate, by a CA, names it {', '.join(names)}: that is no device in particular",
        observed=f"{leaf.subject}, issued by {leaf.issuer}",
        expected="a serial number or name of its own in the certificate",
        reproduce=show_identity(seen),
        shows=next(iter(names)),
        about=seen.subject,
    )


@check(
    id="certificate-identity",
    aliases=("KEY-015-N",),
    title="Each device's certificate names that device and no other",
    element="keys",
    variants={
        "shared": ("medium", "Several devices have certificates for the same identity"),
        "generic": ("low", "The certificate of a device names no device in particular"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def certificate_identity(fleet: Fleet[CertificateChain]) -> Returned:
    """Compare those of one issuer; one device alone shows only whether it has a name."""
    # A device whose certificate is damaged leaves open its own question, and none of the others'.
    shown = sorted(fleet, key=lambda s: s.subject)
    every = [s for s in shown if is_read(s)]
    unread = [unknown(UNREAD, reason=Reason.UNREADABLE, about=s.subject) for s in shown if not is_read(s)]
    issued = [s for s in every if not s.fact.leaf.is_self_issued and WEB not in s.fact.trusted_by]
    if not issued:
        return unread or skip("no device shows a certificate that a CA issued for devices")
    holders: dict[tuple[str, ...], list[Holder]] = {}
    for seen in issued:
        holders.setdefault(identity_of(seen.fact.leaf), []).append(seen)
    found = [said for group in holders.values() for seen in group if (said := _judge(seen, group))]
    judged = {seen.subject.owner for seen in issued}
    others = [s for s in every if s.subject.owner not in judged]
    own = [skip("its certificates are its own, or an authority's of the web", about=s.subject) for s in others]
    away = [*own, *unread]
    if len(judged) < 2 and not found:
        return [unknown("only one device has a certificate that a CA issued: there is none to compare it with"), *away]
    return [*found, *away] or good("no two devices have certificates for one identity")


def _judge(seen: Holder, group: list[Holder]) -> Verdict | None:
    """What is said of one certificate among those for the same identity."""
    leaf = seen.fact.leaf
    twins = [
        other
        for other in group
        if other.subject.owner != seen.subject.owner and other.fact.leaf.spki_sha256 != leaf.spki_sha256
    ]
    if twins and leaf.extensions is None:
        return unknown("a run of an older iotscan does not show all that its certificate says", about=seen.subject)
    if twins:
        return _shared(seen, twins)
    return _generic(seen) if is_generic(leaf) else None

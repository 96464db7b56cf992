"""What a client pins is what its server shows.

## What it looks at
Settings of the image that bind a client to one authority or certificate (`bridge_cafile`, `ca_file` …), where the file
is in the image and the same configuration names the server, with its port or a scheme that has one; and the
certificates that this server showed the device in captured traffic (TLS 1.2 and older: later versions encrypt them).
The image is known to be what the device runs. A chain that only names the pinned authority, and does not bring it,
leaves the question open: anybody can write a name.

## Why it matters
A client that goes on talking to a server whose chain holds nothing of what it pins does not pin. Somebody between the
two with any other certificate would be believed as well. If it does pin, then another server answered than was meant.

## How to fix
See whether the device runs this configuration, and whether the client reads the setting. A misspelt name, a line below
the wrong section and `insecure` beside it are the usual causes. Then show it a server with another certificate in a
test network: it has to break off with an alert.

## References
- OWASP ISVS 4.1.5 (git edfda29b); RFC 9525 section 6; CWE-295
"""

from collections.abc import Iterable, Iterator

from iotscan.sdk import (
    Backend,
    Backends,
    Linked,
    Pin,
    Returned,
    ServerProof,
    TlsSession,
    TlsUse,
    Verdict,
    bad,
    check,
    clause,
    counted,
    good,
    unknown,
)

LISTED = 16
"""So many certificates of a file :class:`Pin` holds at most."""


PORTS = {
    "https": 443,
    "wss": 443,
    "mqtts": 8883,
    "amqps": 5671,
    "coaps": 5684,
    "coaps+tcp": 5684,
    "ldaps": 636,
    "ftps": 990,
    "imaps": 993,
    "pop3s": 995,
    "smtps": 465,
}
"""Where a scheme goes that names no port (IANA, Service Name and Port Number Registry; RFC 7252, RFC 8323)."""


@check(
    id="pinned-authority",
    title="A client pins what its server shows",
    element="cloud",
    variants={"other": ("high", "A client went on with a server that shows nothing of what its image pins")},
    clauses=(
        clause("OWASP ISVS", "edfda29b", "4.1.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "tls", "traffic"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def pinned_authority(seen: TlsUse, image: Linked[Backends]) -> Returned:
    """Only what one configuration both names and pins is compared, with chains that were seen."""
    servers = list(pinned(image))
    if not servers:
        return unknown("no configuration of the image names a server together with a certificate that it pins")
    compared = [
        (session, pins, session.proof)
        for session in seen.sessions
        if session.role == "client" and session.proof is not None and session.proof.certificates
        if session.ending == "application-data" and (pins := pins_of(session, servers))
    ]
    if not compared:
        if not any(port_of(backend) for backend, _ in servers):
            return unknown("the image names no port of the server whose certificate it pins: a host may have several")
        return unknown("the traffic shows no certificate of a server for which the image pins one")
    # One file may pin several for several servers: which is for which is not read, so that any of them will do.
    others = [(session, pins) for session, pins, proof in compared if not any(names(pin, proof) for pin in pins)]
    findings = [judge(session, pins[0], image.image) for session, pins in others if not any(map(is_cut, pins))]
    if findings:
        return findings
    if others:
        return unknown("the image pins more authorities than are listed, and the server's may be one of them")
    if not all(any(brings(pin, proof) for pin in pins) for _, pins, proof in compared):
        return unknown("the server names what the image pins, and does not send it: whether that signed was not tried")
    return good(
        f"{counted(len(compared), 'session')} {'shows' if len(compared) == 1 else 'show'} what the image pins",
        observed=compared[0][1][0].path,
    )


def pinned(image: Linked[Backends]) -> Iterator[tuple[Backend, Pin]]:
    """Servers, and what stands beside them in the same file."""
    for found in image:
        for pin in found.fact.pins:
            for backend in found.fact.backends:
                if pin.authorities and backend.path == pin.path:
                    yield backend, pin


def pins_of(session: TlsSession, servers: Iterable[tuple[Backend, Pin]]) -> list[Pin]:
    """What the image pins for the server of a session; another service of the same host is another server.

    A server of which neither port nor scheme is known may be any of them.
    """
    called = (session.server_name.lower(), session.peer.name.lower(), session.peer.address)
    return [pin for backend, pin in servers if backend.host.lower() in called and port_of(backend) == session.port]


def port_of(backend: Backend) -> int:
    """Where it is; 0 where nobody says."""
    return backend.port or PORTS.get(backend.scheme.lower(), 0)


def is_cut(pin: Pin) -> bool:
    """Whether there may be more authorities in the file than its fact lists."""
    return len(pin.authorities) >= LISTED


def brings(pin: Pin, proof: ServerProof) -> bool:
    """Whether the chain holds a pinned certificate."""
    return any(c.sha256 in pin.authorities for c in proof.certificates)


def names(pin: Pin, proof: ServerProof) -> bool:
    """Whether the chain holds a pinned certificate, or names one as an issuer."""
    return brings(pin, proof) or bool({c.issuer for c in proof.certificates} & set(pin.subjects))


def judge(session: TlsSession, pin: Pin, image: str) -> Verdict:
    """The finding on one session."""
    leaf = session.proof.certificates[0] if session.proof else None
    return bad(
        "other",
        f"{session.peer.label} shows a certificate of {leaf.issuer if leaf else '?'}, and the image pins another",
        observed=f"in traffic: {leaf.subject if leaf else '?'}, issued by {leaf.issuer if leaf else '?'}; "
        f"{image} {pin.path}:{pin.line}: {pin.setting} {pin.value} ({', '.join(pin.subjects[:3])})",
        expected="a chain to what the image pins, or an alert",
        part=f"{session.peer.label} {pin.path}",
    )

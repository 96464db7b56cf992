"""Names and time are asked in a way that nobody can forge the answers.

## What it looks at
Captured traffic: questions for names (plain DNS, DNS over TLS or QUIC, DNS over HTTPS with services that are known by
their names, and whether DNSSEC is asked for) and for the time (NTP, with a key, with NTS, or without either). A note,
no grade: plain DNS and NTP are what nearly every device speaks.

## Why it matters
A forged name leads a device to another server, which proper TLS notices; a forged time makes an expired certificate
good, or each one bad, and confuses logs. A device that verifies its servers suffers little from the first.

## How to fix
Take a resolver that validates and time with authentication; before both, verify certificates. For names:
`systemd-resolved` with `DNSSEC=yes` or `DNSOverTLS=yes`, `unbound`. For time: NTS (`server time.example nts` in
chrony), several servers, and never back before the time of the build.

## References
- RFC 9364 (DNSSEC), RFC 7858, RFC 8484, RFC 9250; RFC 8915 (NTS); RFC 8633 section 4
"""

from collections.abc import Iterable

from iotscan.sdk import (
    NameQuestion,
    ProtocolUse,
    Returned,
    TimeQuestion,
    bad,
    check,
    clause,
    filter_traffic,
    good,
    list_some,
    peer_name,
    unknown,
)

PORT_OF_MDNS, PORT_OF_LLMNR = 5353, 5355


@check(
    id="name-and-time-integrity",
    aliases=("SVC-020",),
    title="Names and time are asked in a way that nobody can forge the answers",
    element="communication",
    variants={
        "names": ("info", "Names are asked in clear, and nothing protects the answers"),
        "time": ("info", "The time is asked without authentication"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
    ),
    tags=("cleartext", "traffic"),
    since="0.1",
    confidence="certain",
    effort="low",
)
def name_and_time_integrity(spoken: ProtocolUse) -> Returned:
    """Judge both; good only where one was seen and none is plain."""
    names = [q for q in spoken.names if q.role == "client" and q.port not in (PORT_OF_MDNS, PORT_OF_LLMNR)]
    times = [q for q in spoken.time if q.role == "client"]
    plain = [q for q in names if not q.is_encrypted and not q.asks_dnssec]
    open_ = [q for q in times if q.authentication == "none"]
    found = []
    if plain:
        found.append(
            bad(
                "names",
                f"it asks {_servers(plain)} for names in clear, without DNSSEC",
                observed=f"asked for {list_some((q.name for q in plain), 5)}",
                expected="DNS over TLS, HTTPS or QUIC, or DNSSEC",
                reproduce=filter_traffic(plain[0]),
                part="names",
            )
        )
    if open_:
        found.append(
            bad(
                "time",
                f"it asks {_servers(open_)} for the time without authentication",
                observed=list_some((f"NTP version {q.version}, {peer_name(q)}" for q in open_), 5),
                expected="NTS, or NTP with a key",
                reproduce=filter_traffic(open_[0]),
                part="time",
            )
        )
    if found:
        return found
    if not names and not times:
        return unknown("it was not seen to ask for names or for the time")
    if spoken.is_cut_off:
        return unknown("it asked for more than is listed")
    asked = " and ".join(word for word, seen in (("names", names), ("the time", times)) if seen)
    return good(f"{asked} it asks with protection, of {_servers([*names, *times])}")


def _servers(questions: Iterable[NameQuestion | TimeQuestion]) -> str:
    return list_some(map(peer_name, questions), 3)

"""The servers behind the device are known by name, and who else talks to them.

## What it looks at
Captured traffic: every server beyond the network that a device was seen to talk to, by which protocol and how often,
and how many other devices of the run talk to the same. A server that the device itself calls by its address, in the
`Host` of HTTP or the server name of TLS, is told apart. Where no name was seen and no address said, it is not
assessed: its name may have been asked for before the capture began, or in a frame that is missing. What an image
names as servers is `backend-inventory`'s question.

## Why it matters
The back end is as much part of the product as the device, and as much of its risk; one that many devices share takes
them all along. An address without a name cannot be renewed, moved or checked against a certificate, and is how
malware calls home.

## How to fix
Reach every server by a name of your own domain, with a certificate for it, and keep the list with the product's
documentation. Then let the servers be assessed, too: `iotscan scan --backend HOST`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-7; OWASP ISVS 4.2.1 (git edfda29b)
"""

from iotscan.sdk import (
    Fleet,
    Returned,
    Seen,
    Talk,
    TrafficProfile,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    nameless,
    outbound,
    peer_name,
    unknown,
)


@check(
    id="backends-in-use",
    title="The servers behind the device are known by name, and who else talks to them",
    element="cloud",
    variants={"unnamed": ("info", "The device calls a server by its address, and by no name")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP ISVS", "edfda29b", "4.2.1"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(1)"),
    ),
    tags=("exposure", "traffic"),
    since="0.1",
    confidence="certain",
    effort="low",
)
def backends_in_use(fleet: Fleet[TrafficProfile]) -> Returned:
    """List the servers of each device; none seen says nothing of the cloud."""
    users: dict[str, frozenset[str]] = {}
    for seen in fleet:
        for talk in outbound(seen.fact):
            users[talk.peer.label] = users.get(talk.peer.label, frozenset()) | {seen.subject.owner}
    return [verdict for seen in fleet for verdict in _judge(seen, users)]


def _judge(seen: Seen[TrafficProfile], users: dict[str, frozenset[str]]) -> list[Verdict]:
    talks = outbound(seen.fact)
    if not talks:
        return [unknown("it was not seen to talk to any server beyond its network", about=seen.subject)]
    called = {talk.peer.address: talk for talk in reversed(talks) if talk.peer.named_by == "address"}
    if called:
        return [_finding(seen, talk) for talk in called.values()]
    unnamed = nameless(talks)
    if unnamed:
        whom = list_some((talk.peer.address for talk in unnamed), 5)
        return [unknown(f"what it calls {whom} was not seen", about=seen.subject)]
    if seen.fact.is_cut_off:
        return [unknown("it talked to more than is listed", about=seen.subject)]
    servers = {talk.peer.name for talk in talks if talk.peer.name}
    many = f"{len(servers)} server{'' if len(servers) == 1 else 's'}"
    shared = {name: len(users[name]) - 1 for name in servers if len(users[name]) > 1}
    also = list_some((f"{name} with {_devices(n)}" for name, n in sorted(shared.items())), 5)
    return [
        good(
            f"{many}, each with a name{f'; it shares {also}' if also else ''}",
            observed=list_some(_shown(talk) for talk in talks),
            about=seen.subject,
        )
    ]


def _devices(count: int) -> str:
    return f"{count} other device{'' if count == 1 else 's'}"


def _shown(talk: Talk) -> str:
    return f"{peer_name(talk)} {talk.transport}/{talk.port} {talk.protocol}, {counted(talk.count, 'conversation')}"


def _finding(seen: Seen[TrafficProfile], talk: Talk) -> Verdict:
    return bad(
        "unnamed",
        f"it talks to {talk.peer.address}, and calls it so",
        observed=_shown(talk),
        expected="a name of the maker's domain, and a certificate for it",
        reproduce=filter_traffic(talk),
        about=seen.subject,
        part=talk.peer.address,
    )

"""Little of what the device says is in clear, and nothing secret or personal.

## What it looks at
All captured traffic of the device, on its own network, too: which part of the payload was encrypted, which was in
clear, which was not recognised, without that by which a network runs (DNS, NTP, DHCP); and passwords, communities,
private keys, e-mail addresses, positions and names of networks in what was in clear. Logins that the device takes as a
server are `cleartext-logins`'s question, tokens `token-encryption`'s.

## Why it matters
Whoever shares the network, or controls one other device in it, reads what is in clear. In 2014 seven in ten devices of
a study sent data without encryption; the share tells where to begin.

## How to fix
Speak over TLS or SSH instead, what is secret first (mqtts, https, coaps, SNMPv3, SSH for telnet and FTP).
Change each password that was seen. Video and updates on the local network count, too: RTSP over TLS, HTTPS.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.5-1 and 5.5-7, 5.8-1; RFC 7258
- HP, "Internet of Things Research Study", 2014 (70 % of the devices without encryption)
"""

from collections.abc import Sequence

from iotscan.sdk import (
    ENOUGH,
    SERVICES_OF_NETWORKS,
    Exposure,
    Exposures,
    Policy,
    Returned,
    TrafficProfile,
    Verdict,
    bad,
    by_peer,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    half_heard,
    list_some,
    parameter,
    peer_name,
    seen_in,
    too_little_seen,
    unknown,
    without_visitors,
)

SECRET = ("password", "session", "community", "private-key")
SHOWN = 6


@check(
    id="cleartext-share",
    aliases=("SVC-019",),
    title="Little of what the device says is in clear, and nothing secret or personal",
    element="communication",
    variants={
        "secret": ("critical", "What logs in somewhere crosses the network in clear"),
        "personal": ("high", "Personal data cross the network in clear"),
        "digest": ("medium", "What a password can be guessed from crosses the network in clear"),
        "share": ("medium", "More of the traffic is in clear than the policy allows"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EN 18031-1", "2024", "SCM-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "traffic"),
    since="0.1",
    confidence="firm",
    effort="medium",
    parameters=ENOUGH
    | {"percent": parameter("integer", "How much of the payload may be in clear", default=10, unit="%")},
)
def cleartext_share(profile: TrafficProfile, exposed: Exposures, policy: Policy) -> Returned:
    """Findings for what was exposed, and for the share; the share is told in every case."""
    most = policy.integer("percent")
    found = list(_exposed(exposed.exposures))
    clear, unread = _percent(_clear(profile), profile), _percent(profile.unknown_bytes, profile)
    told = f"of {_size(_total(profile))} payload {clear} % in clear, {unread} % not recognised"
    little = too_little_seen(profile, profile.talks, policy)
    if clear > most and not little:
        found.append(_share(profile, clear, most, told))
    if found:
        return found
    if little:
        return unknown(f"{told}: {little}")
    if any(e.kind == "session" for e in exposed.exposures):
        return unknown(f"{told}: a session crosses in clear, and whether anybody logged in to it was not seen")
    if half := half_heard(profile.talks):
        return unknown(f"{told}: {list_some(map(peer_name, half), SHOWN)} was heard in part only")
    if exposed.is_cut_off or clear + unread > most:
        return unknown(f"{told}: what was not recognised may be in clear")
    return good(f"{told}, in {seen_in(profile, profile.talks)}", observed=told)


def _exposed(exposures: Sequence[Exposure]) -> list[Verdict]:
    mine = [
        e
        for e in without_visitors(exposures)
        if e.kind != "token" and (e.role == "client" or e.kind in ("personal", "private-key"))
    ]
    groups: dict[tuple[str, str], list[Exposure]] = {}
    for part, several in by_peer(mine).items():
        for each in several:
            groups.setdefault((part, _variant(each)), []).append(each)
    return [
        bad(
            variant,
            f"{'what is personal' if variant == 'personal' else 'what logs in'} crosses in clear: "
            f"{'with' if several[0].role == 'server' else 'to'} {peer_name(several[0])}",
            observed=f"{several[0].protocol} {several[0].transport}/{several[0].port}: "
            f"{list_some((e.what for e in several), SHOWN)}",
            expected="the same over TLS, DTLS or SSH",
            reproduce=filter_traffic(several[0]),
            part=f"{part} {variant}",
        )
        for (part, variant), several in groups.items()
    ]


def _variant(each: Exposure) -> str:
    return "secret" if each.kind in SECRET else "digest" if each.kind == "digest" else "personal"


def _share(profile: TrafficProfile, clear: int, most: int, told: str) -> Verdict:
    heavy = [t for t in profile.talks if t.protection == "cleartext" and t.protocol not in SERVICES_OF_NETWORKS]
    who = list_some((f"{talk.protocol} with {peer_name(talk)}" for talk in heavy), SHOWN)
    return bad(
        "share",
        f"{clear} % of its traffic is in clear",
        observed=f"{told}; most of it: {who or 'not listed'}",
        expected=f"at most {most} % in clear",
        reproduce=filter_traffic(heavy[0]) if heavy else "",
        part="share",
    )


def _clear(profile: TrafficProfile) -> int:
    """Without that by which the network itself runs: a quiet device says little else."""
    running = (t for t in profile.talks if t.protection == "cleartext" and t.protocol in SERVICES_OF_NETWORKS)
    return max(0, profile.cleartext_bytes - sum(t.bytes_sent + t.bytes_received for t in running))


def _total(profile: TrafficProfile) -> int:
    return profile.encrypted_bytes + _clear(profile) + profile.unknown_bytes


def _percent(part: int, profile: TrafficProfile) -> int:
    """Rounded up, so that a little is not nothing."""
    total = _total(profile)
    return -(-100 * part // total) if total else 0


def _size(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return counted(number, "byte")

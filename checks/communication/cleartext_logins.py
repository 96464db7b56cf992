"""Nobody logs in to the device in clear, as captured traffic shows.

## What it looks at
Captured traffic in which the device is the server: passwords (HTTP Basic and forms, telnet, FTP, MQTT, POP3 …), cookies
of sessions, SNMP communities and challenges that were answered, all of them in clear. It passes only where others
talked to it, enough of that was seen, and all of it was encrypted: that nobody logged in while somebody captured
proves nothing.

## Why it matters
Whoever shares the network reads the login and has it from then on. Here that is no possibility: it was read.

## How to fix
Take logins over TLS or SSH only (redirect `http://` to `https://`), close telnet and FTP, speak MQTT on 8883, and
SNMPv3 with authentication and privacy. Change each password that was seen.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.5-1 and 5.5-7; RFC 7617 section 4; RFC 7616 section 5
"""

from iotscan.sdk import (
    ENOUGH,
    Exposure,
    Exposures,
    Policy,
    Returned,
    TrafficProfile,
    Verdict,
    bad,
    check,
    clause,
    good,
    list_some,
    peer_name,
    seen_in,
    too_little_seen,
    unknown,
    without_visitors,
)

ANSWERS_ALL = ("http", "rtsp")
VARIANTS = {"password": "password", "session": "password", "community": "community", "digest": "digest"}


@check(
    id="cleartext-logins",
    title="Nobody logs in to the device in clear, as captured traffic shows",
    element="communication",
    variants={
        "password": ("critical", "A login to the device crosses the network in clear"),
        "community": ("high", "An SNMP community of the device crosses the network in clear"),
        "digest": ("medium", "What a password of the device can be guessed from crosses the network in clear"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "credentials", "traffic"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def cleartext_logins(exposed: Exposures, profile: TrafficProfile, policy: Policy) -> Returned:
    """One finding a service, whoever logged in."""
    groups: dict[tuple[str, str], list[Exposure]] = {}
    for each in without_visitors(exposed.exposures):
        if each.role == "server" and each.kind in VARIANTS:
            service = f"{each.protocol} {each.transport}/{each.port}"
            groups.setdefault((service, VARIANTS[each.kind]), []).append(each)
    if groups:
        return [_finding(service, variant, uses) for (service, variant), uses in groups.items()]
    served = [t for t in profile.talks if t.role == "server" and t.bytes_sent]
    if not served:
        return unknown("nobody was seen to talk to it as a server")
    if exposed.is_cut_off or any(talk.protection != "encrypted" for talk in served):
        return unknown("nobody was seen to log in; some of what it serves is in clear, or was not recognised")
    little = too_little_seen(profile, served, policy)
    if little:
        return unknown(f"all that it was seen to serve is encrypted, and that is little: {little}")
    return good(f"all that it serves is encrypted, in {seen_in(profile, served)}")


def _finding(service: str, variant: str, uses: list[Exposure]) -> Verdict:
    taken = [use for use in uses if use.accepted]
    refused = all(use.accepted is False for use in uses)
    # A page that wants no login is given to who shows one, too; a digest answers what the device asked.
    is_sure = any(use.protocol not in ANSWERS_ALL or use.kind == "digest" for use in taken)
    was_taken = "it was accepted" if is_sure else "it was not refused"
    outcome = was_taken if taken else "it was refused" if refused else "whether it was accepted was not seen"
    return bad(
        variant,
        f"a login over {service} crosses in clear; {outcome}",
        observed=f"{list_some((use.what for use in uses), 5)}; from {list_some(map(peer_name, uses), 5)}",
        expected="logins over TLS or SSH only",
        part=f"{service} {variant}",
    )

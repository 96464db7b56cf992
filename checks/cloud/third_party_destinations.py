"""The device sends nothing to those who count, advertise or watch for others.

## What it looks at
The names of the servers beyond its network that the device was seen to talk to (SNI, HTTP hosts, names it asked for),
against a short list of well-known services for analytics, advertising, reports of crashes and recognition of what is
watched. What is sent there is not seen: mostly it is encrypted. A name that is not on the list may be a third party,
too, and a server without a name cannot be told.

## Why it matters
What a device tells others of its owner is a promise in its privacy notice. Studies of consumer devices found most of
them talking to third parties, at home as in the laboratory, and sending there who they are and when they are used.

## How to fix
Name in the privacy notice who gets what, ask first, and leave out the kits (Firebase Analytics, Crashlytics,
advertising identifiers) that a product without a screen does not need. Collect what is needed at a server of your own.

## References
- Ren et al., "Information Exposure From Consumer IoT Devices", IMC 2019; Mohajeri Moghaddam et al., "Watching You
  Watch", CCS 2019; Anselmi et al., "Watching TV with the Second-Party", IMC 2024 (recognition of content)
- The services' own documents (Google Analytics, Firebase, Sentry, Segment, New Relic, Datadog), DuckDuckGo Tracker
  Radar
- ETSI EN 303 645 V3.1.3 provisions 5.8-2 and 6-1; Regulation (EU) 2016/679 articles 5 and 13
"""

from iotscan.sdk import (
    ENOUGH,
    Policy,
    ProtocolUse,
    Returned,
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
    seen_in,
    too_little_seen,
    unknown,
)

WATCHERS = {
    "recognition of what is watched": (
        *("samsungacr.com", "cognitivenetworks.com", "tvinteractive.tv", "alphonso.tv", "acrcloud.com"),
    ),
    "advertising": (
        *("doubleclick.net", "googlesyndication.com", "googleadservices.com", "amazon-adsystem.com"),
        *("samsungads.com", "lgsmartad.com", "ads.roku.com", "ad.xiaomi.com", "2mdn.net", "demdex.net"),
        *("everesttech.net", "unityads.unity3d.com", "applovin.com"),
    ),
    "analytics": (
        *("google-analytics.com", "analytics.google.com", "app-measurement.com", "mixpanel.com", "amplitude.com"),
        *("segment.io", "segment.com", "appsflyer.com", "appsflyersdk.com", "adjust.com", "adjust.io", "kochava.com"),
        *("flurry.com", "umeng.com", "hotjar.com", "scorecardresearch.com", "imrworldwide.com", "omtrdc.net"),
        *("2o7.net", "data.mistat.xiaomi.com", "tracking.miui.com", "device-metrics-us.amazon.com"),
        *("logs.roku.com", "events.data.microsoft.com", "vortex.data.microsoft.com", "graph.facebook.com"),
    ),
    "reports of crashes and performance": (
        *("crashlytics.com", "crashlyticsreports-pa.googleapis.com", "sentry.io", "bugsnag.com", "nr-data.net"),
        *("browser-intake-datadoghq.com", "browser-intake-datadoghq.eu", "instabug.com"),
    ),
}
"""What it is for, and the domains of those who offer it; subdomains count."""


@check(
    id="third-party-destinations",
    aliases=("CLD-017",),
    title="The device sends nothing to those who count, advertise or watch for others",
    element="cloud",
    variants={"watcher": ("info", "The device talks to a service for analytics, advertising or the like")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.8-2"),
        clause("OWASP IoT Top 10", "2018", "I6"),
    ),
    tags=("disclosure", "traffic"),
    since="0.1",
    confidence="firm",
    effort="medium",
    parameters=ENOUGH,
)
def third_party_destinations(profile: TrafficProfile, spoken: ProtocolUse, policy: Policy) -> Returned:
    """One finding a domain; good only where every server had a name."""
    talks = outbound(profile)
    found: dict[str, Verdict] = {}
    for talk in talks:
        purpose, domain = _watcher(talk.peer.name)
        if purpose:
            found.setdefault(domain, _finding(purpose, domain, talk))
    if found:
        return list(found.values())
    if not talks:
        return unknown("it was not seen to talk to any server beyond its network")
    unnamed = nameless(talks)
    if unnamed:
        return unknown(f"whose {list_some(map(peer_name, unnamed), 5)} is was not seen")
    little = too_little_seen(profile, talks, policy)
    if little or spoken.is_cut_off:
        return unknown(f"nobody of the list was seen, but {little or 'it said more than is listed'}")
    names = list_some(sorted({talk.peer.label for talk in talks}))
    return good(f"nobody of the list is among its servers, in {seen_in(profile, talks)}", observed=names)


def _watcher(name: str) -> tuple[str, str]:
    """What a name's owner does for others, and the domain of the list; empty for all the others."""
    dotted = f".{name.lower().rstrip('.')}"
    for purpose, domains in WATCHERS.items():
        for domain in domains:
            if dotted.endswith(f".{domain}"):
                return purpose, domain
    return "", ""


def _finding(purpose: str, domain: str, talk: Talk) -> Verdict:
    return bad(
        "watcher",
        f"it talks to {peer_name(talk)}: {purpose}",
        observed=f"{talk.protocol} {talk.transport}/{talk.port}, {counted(talk.bytes_sent, 'byte')} sent",
        expected="nothing to third parties, or only what the privacy notice names",
        reproduce=filter_traffic(talk),
        part=domain,
    )

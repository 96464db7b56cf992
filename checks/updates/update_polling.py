"""The device looks for updates by itself, as captured traffic shows.

## What it looks at
Captured traffic: requests by which the device asks whether there is an update and that the server answered, and how
much time lies between two of them, from three on. It passes only on looks that were seen, that come evenly, and that
did not stop. Requests that failed are none, and tried again they show no period. What is encrypted is none either: a
server of updates may be asked anything. That none was seen proves nothing: the next may come when nobody captures. So
looks are rare only where the device was seen on most days between them. Whether a look was somebody's click cannot be
told from one alone.

How an image is set up to look for updates is `automatic-updates`'s question.

## Why it matters
An update that waits for its owner waits for ever. The flaws that made the botnets had been mended for months on devices
that nobody updated.

## How to fix
Let the updater ask by itself, once a day, with a random delay (`[polling]` of RAUC, suricatta of SWUpdate,
`UpdatePollIntervalSeconds` of Mender, a timer). To see it here, capture for longer than the period.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-4A and 5.3-5; EN 18031-1:2024 SUM-3
"""

from iotscan.sdk import (
    Policy,
    Returned,
    TrafficProfile,
    UpdateContact,
    UpdateUse,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    life,
    list_some,
    parameter,
    peer_name,
    peer_part,
    unknown,
)

DAY = 86_400
BURST = 10
"""Seconds: what comes faster is one look in several requests, or a client that tries again."""
MISSED = 3
"""After so many periods without a look it has stopped."""


@check(
    id="update-polling",
    title="The device looks for updates by itself, as captured traffic shows",
    element="updates",
    variants={"rare": ("low", "Updates are looked for more rarely than the policy asks")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-4A"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-5"),
        clause("EN 18031-1", "2024", "SUM-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(c)"),
    ),
    tags=("traffic", "updates"),
    since="0.1",
    confidence="firm",
    effort="low",
    parameters={
        "days": parameter("integer", "The longest time between two looks for updates", default=7, unit="days"),
        "minutes": parameter("integer", "Over how long looks must have been seen to pass", default=10, unit="minutes"),
    },
)
def update_polling(used: UpdateUse, profile: TrafficProfile, policy: Policy) -> Returned:
    """The look that comes most often counts."""
    asked = [c for c in used.contacts if c.role == "client" and c.is_for_device and c.kind in ("poll", "manifest")]
    looks = [c for c in asked if c.how != "server name"]
    regular = sorted((c for c in looks if c.is_answered and _period(c) >= BURST), key=_period)
    if asked and not looks:
        return unknown(f"what it asks {_whom(asked)} is encrypted, and need not be about updates")
    if not looks:
        return unknown("it was not seen to look for updates")
    if not any(c.is_answered for c in looks):
        return unknown(f"no answer was seen to its {counted(_count(looks), 'look')} for updates at {_whom(looks)}")
    if not regular:
        why = "a period shows from three on that were answered, evenly and some time apart"
        return unknown(f"{counted(_count(looks), 'look')} for updates at {_whom(looks)}: {why}")
    habits = [c for c in regular if not _why_no_habit(c, profile, policy)]
    if not habits:
        first = regular[0]
        return unknown(f"it looked for updates every {life(_period(first))}, {_why_no_habit(first, profile, policy)}")
    often, days = habits[0], policy.integer("days")
    told = f"{often.system or often.kind} at {peer_name(often)}: {often.count} looks, one in {life(_period(often))}"
    if _period(often) <= days * DAY:
        return good(f"it looks for updates every {life(_period(often))}", observed=told)
    if not _was_followed(often, profile):
        return unknown(f"nobody captured on most days between its {often.count} looks for updates")
    return bad(
        "rare",
        f"it looks for updates every {life(_period(often))}",
        observed=told,
        expected=f"a look for updates at least every {counted(days, 'day')}",
        reproduce=filter_traffic(often),
        part=peer_part(often),
    )


def _count(looks: list[UpdateContact]) -> int:
    return sum(c.count for c in looks)


def _whom(looks: list[UpdateContact]) -> str:
    return list_some(map(peer_name, looks), 5)


def _why_no_habit(often: UpdateContact, profile: TrafficProfile, policy: Policy) -> str:
    """Why looks that came evenly for a while show no habit; empty where they do."""
    if often.first is None or often.last is None:
        return "and nobody noted when"
    lasted, since = (often.last - often.first).total_seconds(), (profile.last - often.last).total_seconds()
    if lasted < policy.integer("minutes") * 60:
        return f"for {life(round(lasted))}"
    return f"and then no more for {life(round(since))}" if since > MISSED * _period(often) else ""


def _was_followed(often: UpdateContact, profile: TrafficProfile) -> bool:
    """Whether the device was seen on most days between its looks: then none was missed."""
    return (
        often.first is not None
        and often.last is not None
        and profile.first <= often.first
        and profile.days * 4 >= (often.last - often.first).days * 3
    )


def _period(contact: UpdateContact) -> int:
    return contact.period.known or 0

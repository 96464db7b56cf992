"""The device looks for updates by itself, as captured traffic shows.

## What it looks at
Captured traffic: requests by which the device asks whether there is an update, and how much time lies between two of
them, from three on. It passes only on looks that were seen. That none was seen proves nothing: the next may come when
nobody captures. Whether a look was somebody's click cannot be told from one alone.

How an image is set up to look for updates is `automatic-updates`'s question.

## Why it matters
An update that waits for its owner waits for ever. The flaws that made the botnets had been mended for months on devices
that nobody updated.

## How to fix
Let the updater ask by itself, once a day, with a random delay: `[polling]` of RAUC, suricatta of SWUpdate,
`UpdatePollIntervalSeconds` of Mender, a timer. To see it here, capture for longer than the period.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-4A and 5.3-5; EN 18031-1:2024 SUM-3
"""

from iotscan.sdk import (
    Policy,
    Returned,
    UpdateContact,
    UpdateUse,
    bad,
    check,
    clause,
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
    parameters={"days": parameter("integer", "The longest time between two looks for updates", default=7, unit="days")},
)
def update_polling(used: UpdateUse, policy: Policy) -> Returned:
    """The look that comes most often counts."""
    looks = [c for c in used.contacts if c.role == "client" and c.kind in ("poll", "manifest")]
    regular = sorted((c for c in looks if _period(c) >= BURST), key=_period)
    if not looks:
        return unknown("it was not seen to look for updates")
    if not regular:
        count, asked = sum(c.count for c in looks), list_some(map(peer_name, looks), 5)
        return unknown(f"{count} looks for updates at {asked}: a period shows from three on, some time apart")
    often, days = regular[0], policy.integer("days")
    told = f"{often.system or often.kind} at {peer_name(often)}: {often.count} looks, one in {life(_period(often))}"
    if _period(often) <= days * DAY:
        return good(f"it looks for updates every {life(_period(often))}", observed=told)
    return bad(
        "rare",
        f"it looks for updates every {life(_period(often))}",
        observed=told,
        expected=f"a look for updates at least every {days} days",
        reproduce=filter_traffic(often),
        part=peer_part(often),
    )


def _period(contact: UpdateContact) -> int:
    return contact.period.known or 0

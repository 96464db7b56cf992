"""The device looks for updates by itself, often enough.

## What it looks at
Whether something in the image looks for updates without a person: RAUC's polling, SWUpdate's suricatta, Mender's poll
interval, unattended-upgrades, dnf-automatic, a timer or cron job that upgrades, aktualizr; and how often. A program of
the maker's own that asks its server is not seen.

## Why it matters
An update that waits for its owner waits for ever. The flaws that made the botnets had been mended for months on devices
that nobody updated.

## How to fix
Let the updater ask by itself: `[polling]` of RAUC, `suricatta` of SWUpdate, `UpdatePollIntervalSeconds` of Mender, or a
timer. Once a day is usual, with a random delay so that not all devices ask at once. Let the owner postpone, not forget.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-4A and 5.3-5; EN 18031-1:2024 SUM-3
- OWASP ISVS 3.4.2; Regulation (EU) 2024/2847 (CRA) Annex I part I (2)(c)
"""

from iotscan.sdk import (
    Policy,
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSystems,
    UpdateTrait,
    bad,
    check,
    clause,
    good,
    parameter,
    skip,
    unknown,
)

DAY = 86_400


@check(
    id="automatic-updates",
    aliases=("OTA-027",),
    title="The device looks for updates by itself, often enough",
    element="updates",
    variants={
        "manual": ("medium", "Nothing in the image looks for updates by itself"),
        "rare": ("low", "Updates are looked for more rarely than the policy asks"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-4A"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-5"),
        clause("EN 18031-1", "2024", "SUM-3"),
        clause("OWASP ISVS", "edfda29b", "3.4.2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(c)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="low",
    parameters={"days": parameter("integer", "The longest time between two looks for updates", default=7, unit="days")},
)
def automatic_updates(found: UpdateSystems, policy: Policy, target: Target) -> Returned:
    """One system that asks is enough to look; the one that asks most often counts."""
    pairs = [(s, t) for s in found.systems if (t := s.trait("automatic"))]
    asking = [(s, t) for s, t in pairs if t.holds.known]
    days = policy.integer("days")
    rare = [(s, t) for s, t in asking if t.period > days * DAY]
    if len(asking) > len(rare):
        system, trait = next(pair for pair in asking if pair not in rare)
        often = f"every {shown(trait)}" if trait.period else "how often is told elsewhere"
        return good(f"{system.system} looks for updates by itself, {often}", observed=trait.detail)
    if found.unread:
        return [unknown(text, reason=Reason.UNREADABLE, part=text) for text in found.unread]
    if not pairs:
        return skip("no update system that could look by itself is configured")
    opened = [(s, t) for s, t in pairs if not t.holds.is_answered]
    system, trait = (rare or opened or pairs)[0]
    place = Subject(image=target.subject.image, path=trait.path or system.path, line=trait.line)
    expected = f"a look for updates at least every {days} days"
    if rare:
        summary = f"{system.system} looks for updates every {shown(trait)}"
        return bad("rare", summary, observed=trait.detail, expected=expected, about=place, part=system.system)
    if opened:
        return unknown(f"whether {system.system} looks for updates by itself could not be told", about=place)
    observed = "; ".join(f"{s.system}: {t.detail}" for s, t in pairs)
    return bad("manual", "nothing in the image looks for updates by itself", observed=observed, expected=expected)


def shown(trait: UpdateTrait) -> str:
    """The period in words."""
    hours = trait.period // 3600
    if trait.period >= 2 * DAY:
        return f"{trait.period // DAY} days"
    return f"{hours} hours" if hours else f"{trait.period} seconds"

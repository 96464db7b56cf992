"""No device stands open for somebody new to take it over.

## What it looks at
What a device announces by mDNS of its commissioning: `CM` of Matter (`_matterc._udp`: 1 opened with the code of its
label, 2 with a code for once), and the first status flag of HomeKit (`sf=1` in `_hap._tcp`: nobody has paired with it).
Nothing is sent to the device itself. A device that answers mDNS and announces none of it has nothing open there;
what is announced by Bluetooth alone is not heard.

A window that somebody has just opened is no fault, and no single scan can tell how long it has been open: Matter lets
one stay open for 3 to 15 minutes, after a reset for 15 minutes (or up to 48 hours where the vendor extends the
announcement). So the finding is of medium severity on first sight. Scan again after a quarter of an hour:
`iotscan diff` tells whether the window is still open, and then it stays open.

## Why it matters
Whoever is in reach while a window is open, and has or guesses the setup code (eight digits, printed on the box, the
same for a whole batch with careless vendors), becomes an administrator of the device beside its owner, or before him.
A camera, lock or plug that was never claimed waits for the first comer.

## How to fix
Commission the device, or take it off the network. Matter: let the window close by itself
(`AdministratorCommissioning` cluster, RevokeCommissioning), open it only on a person's action at the device, with a
code for once (CM=2), and ship a code of its own with each device. HomeKit: pair it with your home.

## References
- Matter Core Specification 1.3 section 4.3.1 (commissionable node discovery), 5.4.2.3 and 11.19 (how long it may last)
- HomeKit Accessory Protocol R2 section 6.4 (status flags)
- ETSI EN 303 645 V3.1.3 provision 5.5-4 and 5.1-1
"""

from iotscan.sdk import Commissioning, CommissioningWindow, Returned, Target, ask_mdns, bad, check, clause, good, skip

_ASKED = {"matter": ("_matterc._udp", "CM=[0-9]"), "homekit": ("_hap._tcp", "sf=[0-9]+")}
"""The type of service, and the field of it."""


@check(
    id="commissioning-window",
    aliases=("KEY-017",),
    title="No device stands open for somebody new to take it over",
    element="keys",
    variants={
        "open": ("medium", "A Matter device lets itself be commissioned"),
        "unpaired": ("medium", "A HomeKit accessory waits for the first to pair with it"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-4"),
        clause("OWASP IoT Top 10", "2018", "I9"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "exposure", "network"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def commissioning_window(found: Commissioning, target: Target) -> Returned:
    """Fail on any window that is announced as open: Matter first, which lets others in beside an owner."""
    said = "; ".join(f"{w.system}: {w.said}" for w in found.windows)
    if not found.windows:
        return skip("it announces nothing that is commissioned")
    opened = [w for w in found.windows if w.is_open]
    if not opened:
        return good("it announces that it is closed", observed=said)
    first = next((w for w in opened if w.system == "matter"), opened[0])
    return bad(
        "open" if first.system == "matter" else "unpaired",
        summary(first),
        observed=said,
        expected="CM=0 or no announcement of Matter; sf=0 of HomeKit",
        reproduce=ask_mdns(target, *_ASKED[first.system]),
        shows=first.said,
    )


def summary(window: CommissioningWindow) -> str:
    """The sentence of a finding."""
    if window.system == "matter":
        return f"it lets itself be commissioned by Matter ({window.said})"
    return f"nobody has paired with it by HomeKit ({window.said}): it waits for the first"

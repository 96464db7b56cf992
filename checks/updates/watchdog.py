"""A watchdog starts the device again when it hangs.

## What it looks at
What feeds a hardware watchdog in the root file system: `RuntimeWatchdogSec=` of systemd, the watchdog daemon with a
device and something that starts it, BusyBox's `watchdog` in a start script, procd of OpenWrt, Android's watchdogd. A
bootloader that starts one, and whether the board has one, is not seen.

## Why it matters
An update that hangs at start is no update to go back from: nothing counts the failed start, nobody is there to
press a button, and the device is gone until somebody drives to it.

## How to fix
`RuntimeWatchdogSec=30s` and `RebootWatchdogSec=5min` in `/etc/systemd/system.conf.d/watchdog.conf`, or
`::respawn:/sbin/watchdog -F -t 5 /dev/watchdog` in BusyBox's inittab. Start it in the bootloader already, so that a
kernel that does not come up counts too, and build the kernel with `CONFIG_WATCHDOG_NOWAYOUT=y`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.9-1 (resilience)
- systemd-system.conf(5), watchdog.conf(5)
"""

from iotscan.sdk import Returned, Watchdogs, bad, check, clause, good


@check(
    id="watchdog",
    aliases=("OTA-021",),
    title="A watchdog starts the device again when it hangs",
    element="updates",
    variants={"none": ("low", "Nothing feeds a watchdog")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.9-1"),
        clause("EN 18031-1", "2024", "RLM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(h)"),
    ),
    tags=("image", "updates"),
    since="0.1",
    effort="low",
)
def watchdog(found: Watchdogs) -> Returned:
    """Pass on whatever feeds one."""
    if found.watchdogs:
        first = found.watchdogs[0]
        place = f"{first.path}:{first.line}" if first.line else first.path
        return good(f"{first.fed_by} feeds a watchdog", observed=place)
    expected = "RuntimeWatchdogSec=, or a watchdog daemon that something starts"
    return bad("none", "nothing in the root file system feeds a watchdog", observed="none", expected=expected)

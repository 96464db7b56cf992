"""The image can be updated.

## What it looks at
Whether any update system that iotscan knows is configured in the image: RAUC, SWUpdate, Mender, OSTree, or a package
manager (opkg, apk, apt, dnf) with a feed. Where only an updater is there whose configuration iotscan does not read
(aktualizr, balena, casync, fwupd, snapd, sysupgrade …), it is not assessed. That it works in the field cannot be seen
from an image. A container image is replaced by what runs it, and is not asked.

## Why it matters
You cannot secure what you cannot update. A flaw that is found after the sale stays for the life of the device,
and the only remedy left is to take it off the network.

## How to fix
Choose an updater with two system slots and a fallback (RAUC, SWUpdate, Mender or OSTree; each has a Yocto layer),
configure it in the image with your verification key, and rehearse an update that fails. Where the image is
replaced from outside, record that as a waiver with its reason.

## References
- ETSI EN 303 645 V3.1.3 provision 5.3-2
- EN 18031-1:2024 SUM-1; Regulation (EU) 2024/2847 (CRA) Annex I part I (2)(c)
- J. Vermillard, The 5 elements of IoT security: "You can't secure what you can't update"
"""

from iotscan.sdk import Presence, Returned, Updaters, bad, check, clause, good, skip, unknown


@check(
    id="update-mechanism",
    aliases=("OTA-001",),
    title="The image can be updated",
    element="updates",
    variants={"none": ("critical", "No update mechanism is configured in the image")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-2"),
        clause("EN 18031-1", "2024", "SUM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(c)"),
        clause("OWASP IoT Top 10", "2018", "I4"),
    ),
    tags=("image", "root-filesystem", "updates"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def update_mechanism(configured: Presence[Updaters]) -> Returned:
    """Fail where the image was searched and holds no update configuration at all."""
    updaters = configured.fact.updaters if configured.fact else ()
    systems = sorted({u.system for u in updaters if u.system != "other"})
    places = sorted({u.path for u in updaters})
    if not updaters and configured.fact is not None and configured.fact.in_container:
        return skip("a container image is replaced from outside, by what runs it")
    if not updaters:
        return bad(
            "none",
            "no update system is configured in the image",
            observed="no configuration of rauc, swupdate, mender, ostree, opkg, apk, apt or dnf, and no other updater",
            expected="one update mechanism",
        )
    if not systems:
        return unknown(f"an updater is there, and whether it is set up was not seen: {', '.join(places[:3])}")
    return good(f"updates are configured: {', '.join(systems)}", observed=", ".join(places))

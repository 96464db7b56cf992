"""The updater refuses images that are not signed.

## What it looks at
The configuration of image updaters in the image (RAUC, SWUpdate, Mender and the like): whether it tells them to
verify what they install. Of others that are there (aktualizr, balena, snapd, sysupgrade …) it is not known. A
SWUpdate that was built without `CONFIG_SIGNED_IMAGES` ignores the key it is given: the configuration does not show
that.

## Why it matters
The updater is the one program that may replace the whole system. If it takes anything, every way to hand it a
file (the network, a USB stick, the update server) is a way to own the device for good.

## How to fix
RAUC: a `[keyring]` with `path=` to your CA in `/etc/rauc/system.conf`, `bundle-formats=-plain`, and no `--no-verify`
in any script. SWUpdate: build with `CONFIG_SIGNED_IMAGES=y` and set `public-key-file` in `globals` (a key that is
shipped and not enabled in the build is ignored). Mender: `ArtifactVerifyKeys` in `mender.conf`, no `SkipVerify`.

## References
- RAUC documentation, reference, system configuration file
- SWUpdate documentation, update images from verified source
- Mender documentation, client configuration, ArtifactVerifyKeys
- ETSI EN 303 645 V3.1.3 provisions 5.3-9 and 5.3-10
"""

from iotscan.sdk import Reason, Returned, Subject, Target, Updaters, bad, check, clause, good, skip, unknown

IMAGE_UPDATERS = ("rauc", "swupdate", "mender", "other")


@check(
    id="updater-verification",
    aliases=("OTA-005", "OTA-006", "OTA-007"),
    title="The updater refuses images that are not signed",
    element="updates",
    variants={"unverified": ("critical", "The updater installs images without checking a signature")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-9"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.3"),
        clause("EN 18031-1", "2024", "SUM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("image", "root-filesystem", "updates"),
    since="0.1",
    effort="medium",
)
def updater_verification(configured: Updaters, target: Target) -> Returned:
    """Judge each image updater by itself; one whose configuration does not tell stays open."""
    updaters = [u for u in configured.updaters if u.system in IMAGE_UPDATERS]
    if not updaters:
        return skip("no image updater is configured")
    verdicts = []
    for updater in updaters:
        place = Subject(image=target.subject.image, path=updater.path, line=updater.line)
        if updater.verifies.known is False:
            finding = bad(
                "unverified",
                f"{updater.system} installs images without checking a signature",
                observed=f"{place}: {updater.detail or 'verification is off'}",
                expected="a key in the image, and verification that cannot be left out",
                about=place,
                part=updater.system,
            )
            verdicts.append(finding)
        elif not updater.verifies.is_answered:
            name = updater.path.rpartition("/")[2] if updater.system == "other" else updater.system
            summary = f"whether {name} checks signatures could not be told"
            reason = updater.verifies.reason or Reason.NOT_OBSERVABLE
            verdicts.append(unknown(summary, reason=reason, about=place, part=updater.system))
    return verdicts or good(f"configured to verify: {', '.join(sorted({u.system for u in updaters}))}")

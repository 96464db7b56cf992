"""The updater refuses images that are not signed.

## What it looks at
Whether each updater of whole images (RAUC, SWUpdate, Mender, sysupgrade, aktualizr and the like) refuses what is not
signed: a keyring or key that is configured, a SWUpdate that was built to demand one (its program says so), no
`--no-verify` in a start script; whether the key that is named is in the image; and whether RAUC takes plain bundles,
which are checked once and read again. Of updaters whose configuration iotscan does not read it is not known.

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

from iotscan.sdk import (
    Reason,
    Returned,
    Subject,
    Target,
    UpdateSystem,
    UpdateSystems,
    UpdateTrait,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

FEEDS = ("opkg", "apk", "apt", "dnf", "ostree")
"""Another check asks of them."""
QUESTIONS = (
    ("verifies", "unverified", "installs images without checking a signature", "verification that cannot be left out"),
    ("key-present", "key-missing", "verifies with a key that is not in the image", "the key in the image"),
    ("reads-verified", "plain-bundles", "takes bundles that are checked once and read again", "bundle-formats=-plain"),
)


def judge(system: UpdateSystem, trait: UpdateTrait, bad_as: tuple[str, str, str], image: str) -> Verdict | None:
    """The verdict on one question about one updater; None where it is answered well."""
    variant, summary, expected = bad_as
    place = Subject(image=image, path=trait.path or system.path, line=trait.line)
    if trait.holds.known is False:
        return bad(
            variant,
            f"{system.name} {summary}",
            observed=f"{place}: {trait.detail or 'off'}",
            expected=expected,
            about=place,
            part=system.name,
        )
    if trait.holds.is_answered or trait.name != "verifies":
        return None
    text = f"whether {system.name} checks signatures could not be told"
    return unknown(text, reason=trait.holds.reason or Reason.NOT_OBSERVABLE, about=place, part=system.name)


@check(
    id="updater-verification",
    aliases=("OTA-005", "OTA-006", "OTA-007"),
    title="The updater refuses images that are not signed",
    element="updates",
    variants={
        "unverified": ("critical", "The updater installs images without checking a signature"),
        "key-missing": ("high", "The key by which the updater verifies is not in the image"),
        "plain-bundles": ("medium", "The updater takes bundles that are checked once and read again"),
    },
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
def updater_verification(found: UpdateSystems, target: Target) -> Returned:
    """Judge each image updater by itself; one whose configuration does not tell stays open."""
    systems = [s for s in found.systems if s.system not in FEEDS]
    open_ = [unknown(t, reason=Reason.UNREADABLE, part=t) for t in found.unread if not is_feed(t)]
    if not systems:
        return open_ or skip("no image updater is configured")
    image = target.subject.image
    judged = [
        judge(system, trait, (variant, summary, expected), image)
        for system in systems
        for name, variant, summary, expected in QUESTIONS
        for trait in system.traits
        if trait.name == name
    ]
    names = ", ".join(sorted({s.name for s in systems}))
    return [*(v for v in judged if v), *open_] or good(f"configured to verify: {names}")


def is_feed(unread: str) -> bool:
    """True for a package manager's configuration that could not be read, and for scripts."""
    return any(f"{name}: " in unread for name in (*FEEDS, "scripts"))

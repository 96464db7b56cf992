"""OpenWrt's sysupgrade: what it demands of an image before it writes it over the running one.

Sources: OpenWrt ``package/base-files/files/lib/upgrade/fwtool.sh`` and ``common.sh``: without ``ucert`` a signature is
not looked at, without ``REQUIRE_IMAGE_SIGNATURE=1`` a missing one is taken, and the same for the metadata.
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.traits import slot
from iotscan.observe.image.texts import texts_below

_PROGRAM = "/sbin/sysupgrade"
_SCRIPTS = "/lib/upgrade"
_SETTING = re.compile(r"^[ \t]*(?:export[ \t]+)?(REQUIRE_IMAGE_SIGNATURE|REQUIRE_IMAGE_METADATA)=[\"']?1\b")
_TWO = re.compile(r"\b(?:boot_part|rootfs2|dual[_-]?boot|bootnum|alt_?firmware|kernel2|firmware2)\b")


def read(root: Root) -> Iterator[UpdateSystem]:
    """sysupgrade, where it is. Raises Unreadable."""
    if not root.has(_PROGRAM):
        return
    texts = list(texts_below(root.tree, _SCRIPTS)) if root.has(_SCRIPTS) else []
    if not texts:
        why = "the scripts in /lib/upgrade are not in the image"
        traits: tuple[UpdateTrait, ...] = tuple(
            root.trait(name, None, why) for name in ("verifies", "slots", "refuses-older", "compatibility")
        )
    else:
        traits = tuple(_traits(root, texts))
    yield UpdateSystem(
        system="sysupgrade",
        path=root.tree.show(_PROGRAM),
        runs=root.runs("sysupgrade"),
        components=("kernel", "rootfs"),
        traits=traits,
        is_read=bool(texts),
    )


def _traits(root: Root, texts: list[tuple[str, list[str]]]) -> Iterator[UpdateTrait]:
    demands = {
        m[1]: (path, n) for path, lines in texts for n, line in enumerate(lines, 1) if (m := _SETTING.match(line))
    }
    signed, described = demands.get("REQUIRE_IMAGE_SIGNATURE"), demands.get("REQUIRE_IMAGE_METADATA")
    ucert = root.program("ucert")
    missing = [name for name, there in (("ucert", ucert), ("REQUIRE_IMAGE_SIGNATURE=1", signed)) if not there]
    said = f"no {' and no '.join(missing)}: an unsigned image is written" if missing else "ucert and a demand for it"
    place = signed or (_PROGRAM, 0)
    yield root.trait("verifies", not missing, said, path=place[0], line=place[1])
    two = any(_TWO.search(line) for _, lines in texts for line in lines)
    if two:
        yield root.trait(
            "slots", None, "the board's script knows two places; whether both are used is its own", component="rootfs"
        )
    else:
        yield from slot(root, False, "the image is written over the one that runs", "rootfs", _PROGRAM, 0)
    yield root.trait("refuses-older", False, "no version is compared", path=_PROGRAM)
    said = (
        "an image without metadata is refused"
        if described
        else "no REQUIRE_IMAGE_METADATA=1: one without metadata is taken"
    )
    place = described or (_PROGRAM, 0)
    yield root.trait("compatibility", described is not None, said, path=place[0], line=place[1])

"""Which system a root file system says it is: os-release(5), OpenWrt's release file, Android's build.prop."""

import shlex

from iotscan.model.facts import OperatingSystem
from iotscan.model.text import safe_text
from iotscan.observe.image.tree import Tree

RELEASE_FILES = ("/etc/os-release", "/usr/lib/os-release", "/etc/openwrt_release")
BUILD_PROPS = ("/system/build.prop", "/build.prop", "/default.prop")
_LIMIT = 64 * 1024


def operating_system_of(tree: Tree) -> OperatingSystem | None:
    """What the root says it is; None where it says nothing. Raises :class:`Unreadable`."""
    for path in RELEASE_FILES:
        if tree.find(path) is not None:
            found = _released(tree, path)
            if found is not None:
                return found
    return _android(tree)


def _released(tree: Tree, path: str) -> OperatingSystem | None:
    said = _assignments(tree.read(path, _LIMIT).decode("utf-8", "replace"))
    if path.endswith("openwrt_release"):
        said = {key.removeprefix("DISTRIB_"): value for key, value in said.items()}
        said["VERSION_ID"] = said.get("RELEASE", "")
        said["PRETTY_NAME"] = said.get("DESCRIPTION", "")
    if not said.get("ID"):
        return None
    return OperatingSystem(
        path=tree.show(path),
        id=safe_text(said["ID"].lower(), 40),
        version=safe_text(said.get("VERSION_ID", ""), 60),
        name=safe_text(said.get("PRETTY_NAME", "") or said.get("NAME", ""), 100),
        codename=safe_text(said.get("VERSION_CODENAME", "") or _bracketed(said.get("VERSION", "")), 40).lower(),
        like=tuple(safe_text(word, 40) for word in said.get("ID_LIKE", "").split()[:8]),
        variant=safe_text(said.get("VARIANT_ID", "") or said.get("VARIANT", ""), 60),
        build=safe_text(said.get("BUILD_ID", ""), 60),
        support_end=safe_text(said.get("SUPPORT_END", ""), 20),
    )


def _android(tree: Tree) -> OperatingSystem | None:
    for path in BUILD_PROPS:
        if tree.find(path) is None:
            continue
        lines = tree.read(path, _LIMIT).decode("utf-8", "replace").split("\n")
        said = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        version = said.get("ro.build.version.release") or said.get("ro.system.build.version.release", "")
        if version:
            name = f"Android {version}"
            build = said.get("ro.build.version.security_patch", "")
            return OperatingSystem(
                path=tree.show(path), id="android", version=safe_text(version, 60), name=safe_text(name, 100),
                build=safe_text(build, 60),
            )  # fmt: skip
    return None


def _assignments(text: str) -> dict[str, str]:
    """Lines of ``NAME=value``, the value quoted as a shell wants it. Nothing is expanded."""
    said = {}
    for line in text.split("\n"):
        name, equals, value = line.strip().partition("=")
        if not equals or name.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            words = [value.strip("\"'")]
        said[name] = words[0] if words else ""
    return said


def _bracketed(version: str) -> str:
    """``kirkstone`` of ``4.0.9 (kirkstone)``: Yocto's way to say its codename."""
    inside = version.partition("(")[2].partition(")")[0]
    return inside if inside.replace("-", "").isalnum() else ""

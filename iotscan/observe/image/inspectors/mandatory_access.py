"""Mandatory access control: SELinux, AppArmor, Smack, by their configuration and policies.

Sources: selinux_config(5), apparmor.d(5) and the scripts that load it, Smack in the kernel's documentation, Android's
policy files (source.android.com, SELinux).
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import AccessControl, MandatoryAccess
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_CONFIG = "/etc/selinux/config"
_ANDROID = ("/sepolicy", "/system/etc/selinux/plat_sepolicy.cil", "/vendor/etc/selinux/precompiled_sepolicy")
_PROFILES, _SMACK = "/etc/apparmor.d", ("/etc/smack/accesses.d", "/etc/smack/accesses")
_NO_PROFILES = ("abi", "abstractions", "cache", "disable", "force-complain", "local", "tunables")
_WANTS = ("sysinit.target.wants", "basic.target.wants", "multi-user.target.wants")
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_RUNLEVELS = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rc.d")
_OPENRC = ("/etc/runlevels/boot", "/etc/runlevels/default")
_START = re.compile(r"S[0-9]+apparmor")
_SETTING = re.compile(r"\s*(SELINUX|SELINUXTYPE)\s*=\s*(\w+)")


def _inspect(tree: Tree) -> Heard:
    try:
        systems = (*_selinux(tree), *_apparmor(tree), *_smack(tree))
    except Unreadable as error:
        return all_missed((MandatoryAccess,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, str(error))
    return Heard(facts=(MandatoryAccess(systems=systems),))


def _selinux(tree: Tree) -> Iterator[AccessControl]:
    lines = lines_of(tree, _CONFIG)
    if lines is None:
        policies = [path for path in _ANDROID if tree.find(path) is not None]
        if policies:
            # Android's init enforces unless the kernel command line says otherwise, and user builds ignore that.
            yield AccessControl(system="selinux", path=tree.show(policies[0]), mode="enforcing", policies=len(policies),
                                enabled_by="init")  # fmt: skip
        return
    said, number = {"SELINUX": "", "SELINUXTYPE": "targeted"}, 0
    for line_number, line in enumerate(lines, start=1):
        match = _SETTING.match(line)
        if match:
            said[match[1]] = match[2].lower()
            number = line_number if match[1] == "SELINUX" else number
    mode = said["SELINUX"] if said["SELINUX"] in ("enforcing", "permissive", "disabled") else ""
    policies = [
        e.name for e in tree.children(f"/etc/selinux/{said['SELINUXTYPE']}/policy") if e.name.startswith("policy.")
    ]
    plain = {"system": "selinux", "path": tree.show(_CONFIG), "line": number, "mode": mode, "policies": len(policies)}
    yield msgspec.convert(plain | {"enabled_by": "init" if policies else ""}, AccessControl)


def _apparmor(tree: Tree) -> Iterator[AccessControl]:
    entries = [e for e in tree.children(_PROFILES) if e.kind in ("file", "link") and e.name not in _NO_PROFILES]
    if not entries:
        return
    off = {e.name for folder in ("disable",) for e in tree.children(f"{_PROFILES}/{folder}")}
    complaining = {e.name for e in tree.children(f"{_PROFILES}/force-complain")}
    active = [e.name for e in entries if e.name not in off and not e.name.startswith(".")]
    enforced = [name for name in active if name not in complaining]
    yield AccessControl(
        system="apparmor",
        path=tree.show(_PROFILES),
        mode="enforcing" if enforced else "permissive" if active else "disabled",
        policies=len(active),
        enabled_by=_started(tree),
    )


def _started(tree: Tree) -> str:
    for folder in (f"{unit}/{wants}" for unit in _UNITS for wants in _WANTS):
        if any(e.name == "apparmor.service" for e in tree.children(folder)):
            return tree.show(f"{folder}/apparmor.service")
    for folder in _RUNLEVELS:
        link = next((e.name for e in tree.children(folder) if _START.fullmatch(e.name)), "")
        if link:
            return tree.show(f"{folder}/{link}")
    for folder in _OPENRC:
        if any(e.name == "apparmor" for e in tree.children(folder)):
            return tree.show(f"{folder}/apparmor")
    return ""


def _smack(tree: Tree) -> Iterator[AccessControl]:
    for path in _SMACK:
        found = tree.find(path)
        if found is not None:
            rules = len(tree.children(path)) if found.kind == "folder" else int(found.size > 0)
            if rules:
                yield AccessControl(system="smack", path=tree.show(path), mode="enforcing", policies=rules)
                return


INSPECTOR = Inspector(name="mandatory-access", version=1, boots=True, gives=(MandatoryAccess,), inspect=_inspect)

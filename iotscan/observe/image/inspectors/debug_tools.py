"""Tools of developers among the commands, and lines that call a build one for debugging.

Sources: Yocto's image features (``debug-tweaks``, ``tools-debug``, ``empty-root-password``; image-buildinfo.bbclass
writes them to /etc/buildinfo where told to), os-release(5) ``VARIANT``, Android's ``ro.debuggable``.
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import BuildTrace, DebugTool, DebugTools
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.sshd_settings import sshd_settings
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FOLDERS = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/system/bin",
    "/system/xbin",
)
_PURPOSES = {
    "debugger": ("gdb", "gdbserver", "lldb", "lldb-server"),
    "tracer": ("strace", "ltrace", "perf", "trace-cmd", "bpftrace", "valgrind", "ftrace"),
    "sniffer": ("tcpdump", "tshark", "dumpcap", "ngrep", "tcpflow"),
    "remote-shell": ("adbd", "sshd-debug", "utelnetd"),
    "network-tool": ("nc", "ncat", "netcat", "nc.openbsd", "nc.traditional", "socat", "nmap", "iperf", "iperf3"),
    "compiler": ("gcc", "cc", "tcc", "clang", "g++"),
}
_PURPOSE_OF = {name: purpose for purpose, names in _PURPOSES.items() for name in names}
_FEATURE = re.compile(
    r"\b(debug-tweaks|tools-debug|tools-profile|tools-sdk|empty-root-password|allow-empty-password|allow-root-login)\b"
)
_VARIANT = re.compile(r"(VARIANT|VARIANT_ID|BUILD_TYPE|IMAGE_TYPE)=[\"']?([^\"'\n]{1,80})", re.IGNORECASE)
_DEVELOPMENT = re.compile(r"\b(?:debug|dev|devel|development|eng|engineering|userdebug|factory-test)\b", re.IGNORECASE)
_PROPERTY = re.compile(r"ro\.debuggable\s*=\s*1|ro\.secure\s*=\s*0|ro\.build\.type\s*=\s*(?:eng|userdebug)")
_PROPERTIES = ("/system/build.prop", "/build.prop", "/default.prop", "/system/etc/prop.default", "/vendor/build.prop")


def _inspect(tree: Tree) -> Heard:
    try:
        commands = [entry for folder in _FOLDERS for entry in tree.children(folder) if entry.kind != "folder"]
        started = {s.called for s in startup_of(tree).services}
        tools: dict[str, DebugTool] = {}
        for entry in commands:
            purpose = _PURPOSE_OF.get(entry.name)
            found = tree.find(entry.path) if purpose else None
            # An applet of BusyBox is no program of its own.
            if found is None or found.kind != "file" or "busybox" in found.name:
                continue
            tools.setdefault(
                found.path,
                DebugTool(
                    path=tree.show(entry.path),
                    name=entry.name,
                    purpose=purpose,  # type: ignore[arg-type]  # the keys of _PURPOSES are the literals
                    starts=entry.name in started,
                ),
            )
        traces = tuple(_traces(tree))
    except Unreadable as error:
        return all_missed((DebugTools,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"debug tools: {error}")
    paths = len({entry.path for entry in commands})
    return Heard(facts=(DebugTools(tools=tuple(tools.values()), traces=traces, commands_searched=paths),))


def _traces(tree: Tree) -> Iterator[BuildTrace]:
    for path in ("/etc/buildinfo", "/etc/build", "/etc/build-info", "/usr/share/buildinfo"):
        for number, line in enumerate(lines_of(tree, path) or [], start=1):
            said = _FEATURE.search(line[:4000])
            if said and not line.lstrip().startswith("#"):
                yield _trace(tree, path, number, f"image feature {said[1]}")
    if tree.find("/etc/os-release") is not None:
        for number, line in enumerate(lines_of(tree, "/etc/os-release") or [], start=1):
            variant = _VARIANT.match(line)
            if variant and _DEVELOPMENT.search(variant[2]):
                yield _trace(tree, "/etc/os-release", number, f"{variant[1]} is {variant[2]}")
    for path in _PROPERTIES:
        for number, line in enumerate(lines_of(tree, path) or [], start=1):
            if _PROPERTY.match(line.strip()):
                yield _trace(tree, path, number, line.strip())
    empty = sshd_settings(tree).get("permitemptypasswords")
    if empty is not None and empty.words[0].lower() == "yes":
        yield _trace(tree, empty.path, empty.line, "sshd lets in accounts without a password")


def _trace(tree: Tree, path: str, line: int, says: str) -> BuildTrace:
    return BuildTrace(path=tree.show(path), line=line, says=safe_text(says, 120))


INSPECTOR = Inspector(name="debug-tools", version=1, gives=(DebugTools,), inspect=_inspect)

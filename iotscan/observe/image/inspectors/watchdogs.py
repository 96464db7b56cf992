"""What feeds a hardware watchdog: systemd, the watchdog daemon, BusyBox's applet, procd, Android's watchdogd.

Sources: systemd-system.conf(5), RuntimeWatchdogSec; watchdog.conf(5); BusyBox's watchdog applet; procd, which opens
/dev/watchdog by itself; Android's init and watchdogd.
"""

import posixpath
import re
from collections.abc import Iterator
from itertools import chain
from typing import Literal

from iotscan.model.facts import Watchdog, Watchdogs
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.boot_commands import boot_commands
from iotscan.observe.image.startup.command import understand
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.texts import lines_of, texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_DROP_INS = ("/usr/lib/systemd/system.conf.d", "/lib/systemd/system.conf.d", "/etc/systemd/system.conf.d")
_FILES = ("/usr/lib/systemd/system.conf", "/lib/systemd/system.conf", "/etc/systemd/system.conf")
_SETTING = re.compile(r"\s*RuntimeWatchdogSec\s*=\s*(\S*)")
_OFF = ("", "0", "0s", "off", "infinity")
_DAEMON = re.compile(r"\s*watchdog-device\s*=\s*\S")
_APPLET = re.compile(r"(?:^|[\s:/])watchdog\s[^#\n]*/dev/(?:misc/)?watchdog[0-9]*")
_DEVICE = re.compile(r"/dev/(?:misc/)?watchdog\d*")
_WANTS = re.compile(r"(?:S[0-9]+)?(?:wd_keepalive|watchdog)(?:\.service)?")
_STARTS = ("/etc/systemd/system/multi-user.target.wants", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rcS.d",
           "/etc/runlevels/default", "/etc/runlevels/boot")  # fmt: skip


def _inspect(tree: Tree) -> Heard:
    try:
        found = (*_systemd(tree), *_daemon(tree), *_applet(tree), *_built_in(tree))
    except Unreadable as error:
        return all_missed((Watchdogs,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, str(error))
    return Heard(facts=(Watchdogs(watchdogs=found),))


def _systemd(tree: Tree) -> Iterator[Watchdog]:
    """The last file that sets it decides, main files before drop-ins (systemd-system.conf(5))."""
    last: tuple[str, int, str] | None = None
    files = [(path, lines_of(tree, path) or []) for path in _FILES]
    for folder in _DROP_INS:
        if tree.find(folder) is not None:
            files += sorted(texts_below(tree, folder, endings=(".conf",)))
    for path, lines in files:
        for number, line in enumerate(lines, start=1):
            match = _SETTING.match(line)
            if match:
                last = (path, number, match[1].lower())
    if last and last[2] not in _OFF:
        yield Watchdog(path=tree.show(last[0]), line=last[1], fed_by="systemd")


def _daemon(tree: Tree) -> Iterator[Watchdog]:
    """The daemon opens a device only where its configuration names one, and only where something starts it."""
    path = "/etc/watchdog.conf"
    number = next((n for n, line in enumerate(lines_of(tree, path) or (), 1) if _DAEMON.match(line)), 0)
    is_linked = any(_WANTS.fullmatch(entry.name) for folder in _STARTS for entry in tree.children(folder))
    names = {posixpath.basename(service.program) for service in startup_of(tree).services}
    if number and (is_linked or names & {"watchdog", "wd_keepalive"}):
        yield Watchdog(path=tree.show(path), line=number, fed_by="watchdog")


def _applet(tree: Tree) -> Iterator[Watchdog]:
    """BusyBox's applet, which opens what it is given, and watchdogd, where something of the start runs them."""
    places = chain(_in_text(tree), () if startup_of(tree).problem else _started(tree))
    found = next(places, None)
    if found is not None:
        yield found


def _in_text(tree: Tree) -> Iterator[Watchdog]:
    """Of inittab; of init scripts only where it is not known which of them are started."""
    texts = [("/etc/inittab", lines_of(tree, "/etc/inittab") or [])]
    if startup_of(tree).problem:
        texts += texts_below(tree, "/etc/init.d")
    for path, lines in texts:
        for number, line in enumerate(lines, start=1):
            if not line.lstrip().startswith("#") and _APPLET.search(line[:2000]):
                yield Watchdog(path=tree.show(path), line=number, fed_by="busybox")


def _started(tree: Tree) -> Iterator[Watchdog]:
    services = [(s.path, s.line, s.program, s.arguments) for s in startup_of(tree).services]
    commands = [(boot.path, boot.line, understand(boot.words)) for boot in boot_commands(tree)]
    for path, line, program, arguments in (*services, *((p, n, c.program, c.arguments) for p, n, c in commands)):
        name = posixpath.basename(program)
        if name == "watchdogd" or (name == "watchdog" and any(_DEVICE.fullmatch(word) for word in arguments)):
            fed_by: Literal["busybox", "watchdog"] = "busybox" if name == "watchdog" else "watchdog"
            yield Watchdog(path=tree.show(path), line=line, fed_by=fed_by)


def _built_in(tree: Tree) -> Iterator[Watchdog]:
    if tree.find("/sbin/procd") is not None:
        yield Watchdog(path=tree.show("/sbin/procd"), fed_by="procd")
    if any(tree.find(path) is not None for path in ("/system/bin/watchdogd", "/sbin/watchdogd")):
        yield Watchdog(path=tree.show("/system/bin/watchdogd"), fed_by="android")


INSPECTOR = Inspector(name="watchdogs", version=2, boots=True, gives=(Watchdogs,), inspect=_inspect)

"""What systemd starts: the closure of default.target (systemd.unit(5), systemd.special(7), systemd.preset(5)).

Followed are the dependencies that units name, the links in ``*.wants``, ``*.requires`` and ``*.upholds``, socket,
timer and path activation, the units that presets will enable with the first start, and init scripts that
systemd-sysv-generator would turn into units. Conditions on files are looked at; those on hardware are not.
"""

import posixpath
import re
from collections import deque
from collections.abc import Iterator
from fnmatch import fnmatchcase

from iotscan.model.facts.startup import Listener
from iotscan.observe.image.startup.command import Command, fill_in, split, understand
from iotscan.observe.image.startup.scripts import read_assignments, read_text
from iotscan.observe.image.startup.service import Job, Service, Startup
from iotscan.observe.image.startup.sysv import executable, links_of, script_service
from iotscan.observe.image.startup.units import Unit, Units
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_MOST_UNITS = 4000
_PULLS = ("Wants", "Requires", "BindsTo", "Upholds")
_LINKS = ("wants", "requires", "upholds")
_PRESETS = (
    "/etc/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
    "/lib/systemd/system-preset",
)
_GENERATORS = (
    "/etc/systemd/system-generators",
    "/usr/local/lib/systemd/system-generators",
    "/usr/lib/systemd/system-generators",
    "/lib/systemd/system-generators",
)
_HARMLESS_GENERATORS = (
    *("systemd-sysv-generator", "systemd-fstab-generator", "systemd-getty-generator", "systemd-debug-generator"),
    *("systemd-cryptsetup-generator", "systemd-gpt-auto-generator", "systemd-hibernate-resume-generator"),
    *("systemd-integritysetup-generator", "systemd-run-generator", "systemd-system-update-generator"),
    *("systemd-veritysetup-generator", "systemd-bless-boot-generator", "systemd-tpm2-generator"),
    *(
        "systemd-rc-local-generator",
        "systemd-import-generator",
        "systemd-ssh-generator",
        "systemd-factory-reset-generator",
    ),
)
"""Those of systemd itself: they make mounts, swaps and gettys, no network service (or are read here)."""
_CONFINES = {
    "DynamicUser": ("yes", "true", "1", "on"),
    "NoNewPrivileges": ("yes", "true", "1", "on"),
    "PrivateDevices": ("yes", "true", "1", "on"),
    "PrivateNetwork": ("yes", "true", "1", "on"),
    "PrivateUsers": (),
    "ProtectSystem": (),
    "ProtectHome": (),
    "ProtectKernelModules": ("yes", "true", "1", "on"),
    "ProtectKernelTunables": ("yes", "true", "1", "on"),
    "ProtectControlGroups": (),
    "RestrictNamespaces": (),
    "MemoryDenyWriteExecute": ("yes", "true", "1", "on"),
    "RootDirectory": (),
    "RootImage": (),
}
"""systemd.exec(5), "Sandboxing" and its like: the values that confine; () are all but ``no``."""
_CONFINING_LISTS = (
    *("CapabilityBoundingSet", "SystemCallFilter", "RestrictAddressFamilies", "ReadOnlyPaths", "InaccessiblePaths"),
    "AppArmorProfile",
)
_NO = ("no", "false", "0", "off", "n", "f")
_FIXED = ("/etc/", "/usr/", "/lib/", "/bin/", "/sbin/")
"""Where what an image holds is what will be there when it runs."""


def read(tree: Tree) -> Startup:
    """What systemd would start of this tree. Raises Unreadable."""
    closure = _Closure(tree)
    closure.run()
    services = [s for unit, by in closure.started.values() for s in closure.services(unit, by)]
    services += closure.scripts()
    return Startup(
        system="systemd",
        services=tuple(services),
        jobs=tuple(closure.jobs()),
        not_seen=tuple(_generators(tree)),
    )


def _generators(tree: Tree) -> Iterator[str]:
    # /lib may be /usr/lib: each name once.
    names = dict.fromkeys(e.name for f in _GENERATORS for e in tree.children(f) if e.kind in ("file", "link"))
    yield from (f"generator {name}" for name in names if name not in _HARMLESS_GENERATORS)


class _Closure:
    """Everything that default.target pulls in."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.units = Units(tree)
        self.started: dict[str, tuple[Unit, str]] = {}
        self._sockets: dict[str, list[Unit]] = {}
        self._presets = tuple(self._enabled_by_preset())

    def run(self) -> None:
        """Follow everything from default.target."""
        waiting = deque([("default.target", "default.target")])
        while waiting:
            if len(self.started) >= _MOST_UNITS:
                raise Unreadable(f"systemd starts more than {_MOST_UNITS:,} units")
            name, by = waiting.popleft()
            unit = self.units.load(name)
            if unit.name in self.started or unit.is_masked or not unit.path or not self._is_met(unit):
                continue
            if unit.kind == "service" and self._is_template(unit.name):
                continue
            self.started[unit.name] = (unit, by)
            waiting.extend(self._pulled_in(unit))

    def _pulled_in(self, unit: Unit) -> Iterator[tuple[str, str]]:
        place = f"{self._tree.show(unit.path)}" if unit.path else unit.name
        for setting in unit.settings:
            # Dependencies cannot be taken back: an empty assignment does nothing (systemd.unit(5), "Description").
            if setting.section == "Unit" and setting.key in _PULLS:
                for word in setting.value.split():
                    yield _specified(word, unit), f"{setting.key}= in {self._tree.show(setting.path)}"
        for kind in _LINKS:
            yield from self.units.asked_for(unit, kind)
        for name, target, rule in self._presets:
            if target in (unit.name, *unit.aliases):
                yield name, rule
        # DefaultDependencies=: systemd.service(5), systemd.target(5).
        if unit.kind == "service" and unit.says("Unit", "DefaultDependencies", default=True):
            yield "sysinit.target", place
        for name in self._activated(unit):
            yield name, place

    def _activated(self, unit: Unit) -> Iterator[str]:
        """What a socket, timer or path unit starts; what a socket starts with ``Accept=yes`` is a template."""
        stem = unit.name.rpartition(".")[0]
        if unit.kind == "socket":
            service = unit.value("Socket", "Service") or f"{stem}.service"
            if unit.says("Socket", "Accept"):
                service = f"{stem.partition('@')[0]}@.service"
                template = self.units.load(service)
                if template.path and not template.is_masked:
                    self.started.setdefault(template.name, (template, self._tree.show(unit.path)))
            self._sockets.setdefault(self.units.load(service).name, []).append(unit)
            if not self._is_template(service):
                yield service
        elif unit.kind in ("timer", "path"):
            yield unit.value(unit.kind.capitalize(), "Unit") or f"{stem}.service"
        elif unit.kind == "service":
            yield from unit.words("Service", "Sockets")

    @staticmethod
    def _is_template(name: str) -> bool:
        return name.rpartition(".")[0].endswith("@")

    def _is_met(self, unit: Unit) -> bool:
        """False where the image itself shows that a condition does not hold."""
        for key, kinds in (
            ("ConditionPathExists", ("file", "folder", "link", "char", "block", "fifo", "socket")),
            ("ConditionFileIsExecutable", ("file",)),
            ("ConditionPathIsDirectory", ("folder",)),
        ):
            for setting in unit.listed("Unit", key):
                word = setting.value
                if word.startswith("|"):
                    continue
                wants, path = not word.startswith("!"), word.lstrip("!")
                if not path.startswith(_FIXED):
                    continue
                found = self._tree.find(path)
                holds = found is not None and found.kind in kinds
                if key == "ConditionFileIsExecutable" and found is not None and self._tree.keeps_permissions:
                    holds = holds and bool(found.mode & 0o111)
                if holds is not wants:
                    return False
        return True

    def _enabled_by_preset(self) -> Iterator[tuple[str, str, str]]:
        """(unit, target, rule): with the first start systemd enables what presets say (machine-id(5))."""
        if not self._is_first_boot():
            return
        rules = list(_preset_rules(self._tree))
        for name in self.units.named(""):
            unit = self.units.load(name)
            if not unit.path or unit.is_masked or unit.name != name:
                continue
            installs = [*unit.words("Install", "WantedBy"), *unit.words("Install", "RequiredBy")]
            if not installs:
                continue
            word, place = next(((w, p) for w, g, p in rules if fnmatchcase(name, g)), ("enable", "no preset rule"))
            if word != "enable":
                continue
            names = [name]
            if self._is_template(name):
                stem, _, ending = name.rpartition(".")
                names = [f"{stem}{i}.{ending}" for i in unit.words("Install", "DefaultInstance")]
            for one in names:
                yield from ((one, target, f"preset at the first start: {place}") for target in installs)

    def _is_first_boot(self) -> bool:
        found = self._tree.find("/etc/machine-id")
        if found is None:
            return self._tree.find("/etc") is not None and bool(list(_preset_rules(self._tree)))
        return found.kind == "file" and self._tree.read("/etc/machine-id", 64).strip() == b"uninitialized"

    def services(self, unit: Unit, by: str) -> Iterator[Service]:
        """A started unit as services: what it executes; nothing for other kinds of unit."""
        if unit.kind != "service":
            return
        command, path, line = self._command(unit)
        if command.program.startswith(_FIXED) and self._tree.find(command.program) is None:
            # Left over from a package that is gone: it fails to start.
            return
        yield Service(
            name=unit.name,
            path=path or unit.path,
            line=line,
            started_by="systemd",
            enabled_by=by if by.startswith(("preset", "Wants", "Requires")) else self._tree.show(by),
            program=command.program,
            arguments=command.arguments,
            user=self._user(unit, command),
            sockets=tuple(listener for socket in self._sockets.get(unit.name, ()) for listener in _listeners(socket)),
            sandbox=tuple(_sandbox(unit)),
            runs_once=unit.value("Service", "Type") == "oneshot",
        )

    def _user(self, unit: Unit, command: Command) -> str | None:
        """systemd.exec(5): root unless ``User=`` says otherwise; with ``DynamicUser=`` somebody made for it."""
        if command.user:
            return command.user
        named = _specified(unit.value("Service", "User"), unit)
        return named or ("dynamic" if unit.says("Service", "DynamicUser") else "root")

    def _command(self, unit: Unit) -> tuple[Command, str, int]:
        starts = unit.listed("Service", "ExecStart")
        if not starts:
            return Command(), "", 0
        last = starts[-1]
        words = _specified(last.value, unit)
        prefix = re.match(r"[@:+!|-]*", words)
        signs = prefix[0] if prefix else ""
        variables = self._variables(unit)
        text = words[len(signs) :]
        filled = text if ":" in signs else fill_in(text, variables)
        parts = split(filled)
        if "@" in signs and len(parts) > 1:
            # The second word is only what the program is told it is called.
            parts = [parts[0], *parts[2:]]
        return understand(parts), last.path, last.line

    def _variables(self, unit: Unit) -> dict[str, str]:
        variables: dict[str, str] = {}
        for setting in unit.listed("Service", "Environment"):
            for word in split(setting.value):
                name, has_value, value = word.partition("=")
                if has_value:
                    variables[name] = value
        for setting in unit.listed("Service", "EnvironmentFile"):
            path = _specified(setting.value.lstrip("-"), unit)
            variables |= read_assignments(read_text(self._tree, path))
        return variables

    def scripts(self) -> Iterator[Service]:
        """Init scripts with no unit of their name: systemd-sysv-generator(8) makes units of them."""
        known = {name.rpartition(".")[0] for folder in self.units.folders for name in self.units.entries(folder)}
        for link in executable(self._tree, links_of(self._tree, ("2", "3", "4", "5"))):
            name = posixpath.basename(link.script).removesuffix(".sh")
            if name not in known:
                yield from script_service(self._tree, link)

    def jobs(self) -> Iterator[Job]:
        """The timers among what is started."""
        for unit, _ in self.started.values():
            if unit.kind != "timer":
                continue
            when = [s for key in ("OnCalendar", "OnBootSec", "OnUnitActiveSec") for s in unit.listed("Timer", key)]
            service = self.units.load(unit.value("Timer", "Unit") or f"{unit.name.rpartition('.')[0]}.service")
            command, _, _ = self._command(service)
            yield Job(
                path=unit.path,
                line=when[0].line if when else 0,
                when=", ".join(f"{s.key}={s.value}" for s in when),
                user=self._user(service, command) or "",
                command=" ".join((command.program, *command.arguments)),
            )


def _specified(text: str, unit: Unit) -> str:
    """The specifiers that units usually use (systemd.unit(5), "Specifiers")."""
    if "%" not in text:
        return text
    stem = unit.name.rpartition(".")[0]
    known = {"i": unit.instance, "I": unit.instance, "n": unit.name, "N": stem, "p": stem.partition("@")[0], "%": "%"}
    known |= {"t": "/run", "S": "/var/lib", "E": "/etc", "L": "/var/log", "C": "/var/cache", "h": "/root"}
    return re.sub(r"%(.)", lambda m: known.get(m[1], m[0]), text)


def _preset_rules(tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(word, glob, where) in the order in which they count: the first that fits."""
    files: dict[str, str] = {}
    for folder in _PRESETS:
        for entry in tree.children(folder):
            if entry.name.endswith(".preset"):
                files.setdefault(entry.name, f"{folder}/{entry.name}")
    for name in sorted(files):
        for number, line in enumerate(read_text(tree, files[name]).splitlines(), start=1):
            words = line.split()
            if len(words) >= 2 and words[0] in ("enable", "disable"):
                yield words[0], words[1], f"{tree.show(files[name])}:{number}"


def _sandbox(unit: Unit) -> Iterator[str]:
    for key, good in _CONFINES.items():
        value = unit.value("Service", key)
        if value and value.lower() not in _NO and (not good or value.lower() in good):
            yield f"{key}={value}"
    for key in _CONFINING_LISTS:
        found = [s for s in unit.settings if (s.section, s.key) == ("Service", key)]
        # An empty CapabilityBoundingSet= takes all capabilities away; of the others it takes the list away.
        if found and (found[-1].value or key == "CapabilityBoundingSet"):
            yield f"{key}={found[-1].value}"[:120]


def _listeners(socket: Unit) -> Iterator[Listener]:
    """systemd.socket(5): ``22``, ``127.0.0.1:22``, ``[::1]:22``; paths and netlink are no ports."""
    for key, transport in (("ListenStream", "tcp"), ("ListenDatagram", "udp")):
        for setting in socket.listed("Socket", key):
            found = re.fullmatch(r"(?:\[?([0-9a-fA-F.:]*)\]?:)?(\d{1,5})(?:%\S+)?", setting.value)
            if found and int(found[2]) < 65536:
                address = "" if found[1] in (None, "", "0.0.0.0", "::") else found[1]
                yield Listener(
                    transport="tcp" if transport == "tcp" else "udp",
                    port=int(found[2]),
                    address=address,
                    source="socket",
                )

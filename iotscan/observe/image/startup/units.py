"""Unit files of systemd: where they are looked for, how drop-ins change them (systemd.unit(5), systemd.syntax(7))."""

import posixpath
from collections.abc import Iterable, Iterator

import msgspec

from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable

FOLDERS = (
    "/etc/systemd/system.control",
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""systemd.unit(5), "System Unit Search Path": what is in an image, the first wins."""
_FILE_LIMIT = 256 * 1024
_MOST_SETTINGS = 4096


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment, and where it stands."""

    section: str
    key: str
    value: str
    path: str
    line: int


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit as systemd would load it: its file with all drop-ins, in the order in which they count."""

    name: str
    """Its own name, not that of an alias; with the instance (``getty@tty1.service``)."""
    path: str = ""
    """Empty where there is no file: a target or service that somebody only asks for."""
    is_masked: bool = False
    settings: tuple[Setting, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``service``, ``socket``, ``target`` …"""
        return self.name.rpartition(".")[2]

    @property
    def instance(self) -> str:
        """What stands between ``@`` and the ending."""
        return self.name.rpartition(".")[0].partition("@")[2]

    def setting(self, section: str, key: str) -> Setting | None:
        """The assignment that counts where there is one value; None also where it was emptied."""
        found = [s for s in self.settings if (s.section, s.key) == (section, key)]
        return found[-1] if found and found[-1].value else None

    def value(self, section: str, key: str, default: str = "") -> str:
        """Its value."""
        found = self.setting(section, key)
        return found.value if found else default

    def listed(self, section: str, key: str) -> list[Setting]:
        """The assignments that count where they add up: an empty one takes away all before it."""
        found: list[Setting] = []
        for setting in self.settings:
            if (setting.section, setting.key) == (section, key):
                found = [*found, setting] if setting.value else []
        return found

    def words(self, section: str, key: str) -> list[str]:
        """Their words."""
        return [word for setting in self.listed(section, key) for word in setting.value.split()]

    def says(self, section: str, key: str, default: bool = False) -> bool:
        """A boolean (systemd.syntax(7))."""
        word = self.value(section, key).lower()
        return word in ("1", "yes", "y", "true", "t", "on") if word else default


class Units:
    """The units of a tree. What cannot be read raises :class:`~..unreadable.Unreadable`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._listed: dict[str, dict[str, Entry]] = {}
        self._loaded: dict[str, Unit] = {}
        folders = [f for f in FOLDERS if tree.find(f) is not None]
        # Where /lib is a link to /usr/lib both are one folder.
        real = [found.path for f in folders if (found := tree.find(f)) is not None]
        self.folders = tuple(dict.fromkeys(real))

    def entries(self, folder: str) -> dict[str, Entry]:
        """What a folder holds, by name; empty where there is none."""
        if folder not in self._listed:
            self._listed[folder] = {entry.name: entry for entry in self._tree.children(folder)}
        return self._listed[folder]

    def named(self, ending: str) -> tuple[str, ...]:
        """Every name in the unit folders that has this ending."""
        return tuple(dict.fromkeys(n for f in self.folders for n in self.entries(f) if n.endswith(ending)))

    def load(self, name: str) -> Unit:
        """The unit of this name, whatever its alias; without a path where there is none."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def asked_for(self, unit: Unit, kind: str) -> Iterator[tuple[str, str]]:
        """Names in ``UNIT.wants`` (``kind``) and its likes in every folder, with the path of the link."""
        names = dict.fromkeys((unit.name, *unit.aliases, _template(unit.name)))
        for folder in self.folders:
            for name in names:
                if name and f"{name}.{kind}" in self.entries(folder):
                    place = f"{folder}/{name}.{kind}"
                    yield from ((entry, f"{place}/{entry}") for entry in self.entries(place))

    def _load(self, asked: str) -> Unit:
        name = asked
        aliases: list[str] = []
        for _ in range(8):
            found = self._file(name)
            if found is None:
                return Unit(name=name, aliases=tuple(aliases), settings=self._dropped_in(name, aliases))
            folder, entry = found
            if entry.kind != "link":
                break
            target = posixpath.basename(entry.target)
            if self._is_nothing(f"{folder}/{entry.name}"):
                return Unit(name=name, path=f"{folder}/{entry.name}", is_masked=True, aliases=tuple(aliases))
            known = _with_instance(target, name)
            if known == name or not self._is_unit_file(folder, entry):
                # A link to a file of the same name elsewhere is the unit itself.
                break
            aliases.append(name)
            name = known
        path = f"{folder}/{entry.name}"
        if self._is_nothing(path):
            return Unit(name=name, path=path, is_masked=True, aliases=tuple(aliases))
        resolved = self._tree.find(path)
        own = tuple(read_settings(self._tree, resolved.path)) if resolved is not None else ()
        return Unit(
            name=name,
            path=resolved.path if resolved is not None else "",
            aliases=tuple(aliases),
            settings=(*own, *self._dropped_in(name, aliases)),
        )

    def _is_unit_file(self, folder: str, entry: Entry) -> bool:
        """True where a link leads to a file of the unit folders: then it is an alias."""
        place = posixpath.normpath(posixpath.join(folder, entry.target))
        real = self._tree.find(posixpath.dirname(place))
        return real is not None and real.path in self.folders

    def _file(self, name: str) -> tuple[str, Entry] | None:
        for wanted in (name, _template(name)):
            for folder in self.folders if wanted else ():
                entry = self.entries(folder).get(wanted)
                if entry is not None and entry.kind in ("file", "link"):
                    return folder, entry
        return None

    def _is_nothing(self, path: str) -> bool:
        """True for /dev/null, wherever the link to it stands, and for an empty file: that is a mask."""
        entry = self._tree.entry(path)
        for _ in range(8):
            if entry is None or entry.kind != "link":
                break
            target = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), entry.target))
            if target == "/dev/null":
                return True
            found = self._tree.find(posixpath.dirname(target))
            entry = self._tree.entry(f"{found.path}/{posixpath.basename(target)}") if found else None
        return entry is not None and entry.kind == "file" and entry.size == 0

    def _dropped_in(self, name: str, aliases: Iterable[str]) -> tuple[Setting, ...]:
        chosen: dict[str, str] = {}
        for unit in dict.fromkeys((name, *aliases)):
            for place in _drop_in_names(unit):
                for folder in self.folders:
                    if place not in self.entries(folder):
                        continue
                    for conf in self.entries(f"{folder}/{place}"):
                        if conf.endswith(".conf"):
                            chosen.setdefault(conf, f"{folder}/{place}/{conf}")
        paths = (chosen[conf] for conf in sorted(chosen))
        return tuple(s for path in paths if not self._is_nothing(path) for s in read_settings(self._tree, path))


def read_settings(tree: Tree, path: str) -> Iterator[Setting]:
    """The assignments of a unit file. Raises Unreadable."""
    if tree.find(path) is None:
        return
    section, pending, start = "", "", 0
    lines = tree.whole(path, _FILE_LIMIT).decode("utf-8", "replace").split("\n")
    count = 0
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if line.startswith(("#", ";")) or (not line and not pending):
            continue
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        line, pending, first, start = (pending + line).strip(), "", start, 0
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, is_assignment, value = line.partition("=")
        if is_assignment:
            count += 1
            if count > _MOST_SETTINGS:
                raise Unreadable(f"a unit of more than {_MOST_SETTINGS:,} settings")
            yield Setting(section=section, key=key.strip(), value=value.strip(), path=path, line=first)


def _template(name: str) -> str:
    """``getty@.service`` of ``getty@tty1.service``; empty for a unit that is no instance."""
    stem, _, ending = name.rpartition(".")
    before, is_instance, instance = stem.partition("@")
    return f"{before}@.{ending}" if is_instance and instance else ""


def _with_instance(target: str, name: str) -> str:
    """A link from ``a@x.service`` to the template ``b@.service`` means ``b@x.service``."""
    stem, _, ending = target.rpartition(".")
    before, is_template, instance = stem.partition("@")
    if not is_template or instance:
        return target
    return f"{before}@{name.rpartition('.')[0].partition('@')[2]}.{ending}"


def _drop_in_names(name: str) -> Iterator[str]:
    """``a-b@x.service.d``, ``a-b@.service.d``, ``a-.service.d``, ``service.d``: the most special first."""
    yield f"{name}.d"
    template = _template(name)
    if template:
        yield f"{template}.d"
    stem, _, ending = name.rpartition(".")
    parts = stem.partition("@")[0].split("-")
    for count in range(len(parts) - 1, 0, -1):
        yield f"{'-'.join(parts[:count])}-.{ending}.d"
    yield f"{ending}.d"

"""Key files: sections, ``key=value``, each with its line (GLib ``GKeyFile``, Python ``configparser``, dnf.conf(5))."""

from collections.abc import Iterator

import msgspec

from iotscan.observe.image.unreadable import Unreadable

_MOST = 10_000


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment."""

    section: str
    key: str
    value: str
    line: int


class KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    """A key file; where a key stands twice in a section, the last counts."""

    settings: dict[tuple[str, str], Setting]
    """(section, key) -> the assignment that counts."""
    sections: dict[str, int]
    """Section -> line."""

    def find(self, section: str, key: str) -> Setting | None:
        """The assignment that counts."""
        return self.settings.get((section, key))

    def value(self, section: str, key: str, default: str = "") -> str:
        """Its value."""
        found = self.find(section, key)
        return found.value if found else default

    def line(self, section: str, key: str = "") -> int:
        """The line of a key, else of its section; 0 for neither."""
        found = self.find(section, key)
        return found.line if found else self.sections.get(section, 0)

    def says(self, section: str, key: str, *, default: bool) -> bool:
        """A boolean."""
        word = self.value(section, key).lower()
        return word in ("1", "true", "yes", "on") if word else default

    def named(self, start: str) -> Iterator[str]:
        """The sections whose name begins so."""
        return (name for name in self.sections if name.startswith(start))


def read_ini(text: str, what: str) -> KeyFile:
    """Read a key file. Raises Unreadable where a line is none of one: its program would refuse it, too."""
    settings: list[Setting] = []
    sections: dict[str, int] = {}
    section = ""
    for number, raw in enumerate(text.splitlines()[:_MOST], start=1):
        line = raw.strip()
        if not line or line.startswith(("#", ";")):
            continue
        key, is_assignment, value = line.partition("=")
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip()
            sections.setdefault(section, number)
        elif raw[:1].isspace() and settings and not (is_assignment and key.strip().isidentifier()):
            # dnf and configparser continue a value on lines that are indented.
            last = settings[-1]
            settings[-1] = msgspec.structs.replace(last, value=f"{last.value} {line}".strip())
        elif is_assignment and section:
            settings.append(Setting(section=section, key=key.strip(), value=value.strip(), line=number))
        else:
            raise Unreadable(f"{what}: line {number} is none of a key file")
    return KeyFile(settings={(s.section, s.key): s for s in settings}, sections=sections)

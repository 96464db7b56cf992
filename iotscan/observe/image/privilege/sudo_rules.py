"""What sudoers(5) comes to: for each command the accounts that may run it, and whether they are asked for a password.

The last entry that matches holds, in a list as in the file. ``Defaults`` come first (all but those of commands in
their order, then those of commands), tags stand above them, and the members of ``exempt_group`` are never asked.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.privilege.permit import Permit, held, is_pattern
from iotscan.observe.image.privilege.sudo_files import SudoFiles
from iotscan.observe.image.privilege.sudo_grammar import Grant, Member, Members, Setting

_DEPTH = 20
_MOST_EXTRA = 100
_MOST_RESOLVED = 200_000
_FAR = "sudoers: aliases of aliases, further than is looked at"
_MOST_COMMANDS = 1000


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A command of a grant, its aliases resolved."""

    path: str
    grant: Grant
    command: Member
    people: int
    becomes_root: bool
    unsettled: str


class SudoRules:
    """The rules of sudo for the accounts of one root file system."""

    def __init__(self, files: SudoFiles, people: People) -> None:
        self._files = files
        self._people = people
        self.not_understood: list[str] = []
        self._resolved = 0
        self._aliases: dict[tuple[str, str], tuple[int, int]] = {}
        self._lists: dict[tuple[str, int], tuple[int, int]] = {}
        self._unknown: dict[str, list[str]] = {}
        self._cmnds: dict[str, list[Member]] = {}
        self._hosts: dict[str, bool | None] = {}
        self._runas = next((s.value for _, s in reversed(files.settings) if s.name == "runas_default"), "root")
        self._usual: Members = (Member("word", self._runas),)
        self._exempt = self._exempt_people()
        self._for_commands = [
            (setting.is_negated, command)
            for _, setting in self._authenticates("!")
            for command in self._commands(setting.members)
        ][: _MOST_COMMANDS + 1]

    def permits(self) -> Iterator[Permit]:
        """What each command of each rule comes to; ``!`` commands take away, and are none themselves."""
        entries = list(self._entries())
        asked = self._asked()
        if len(entries) > _MOST_COMMANDS or len(self._for_commands) > _MOST_COMMANDS:
            self.not_understood.append("sudoers: more commands than are looked at")
        for place, entry in enumerate(entries):
            if entry.command.is_negated or entry.command.text == "list":
                continue
            people = entry.people & ~self._taken(entry, entries[place + 1 :])
            yield from self._permits(entry, people, asked)

    def _permits(self, entry: _Entry, people: int, asked: int) -> Iterator[Permit]:
        tag = entry.grant.asks_password
        extra: list[Member] = []
        if tag is None:
            for is_off, command in self._for_commands:
                if command.is_negated:
                    continue
                if _covers(command, entry.command):
                    asked = 0 if is_off else self._people.everyone
                elif is_off and _covers(entry.command, command):
                    extra.append(command)
            ask = asked
        else:
            ask = self._people.everyone if tag else 0
        ask &= ~self._exempt
        is_for_all = any(m.kind == "all" and not m.is_negated for m in entry.grant.users)
        for some, asks in ((people & ~ask, False), (people & ask, True)):
            # Rules for nobody of the image are told once, as their tag has it.
            if some or (not people and asks == (ask != 0)):
                yield self._permit(entry, entry.command, some, asks, is_for_all and some == people)
        for command in extra[:_MOST_EXTRA]:
            yield self._permit(entry, command, people & ask, False, is_for_all)

    def _permit(self, entry: _Entry, command: Member, people: int, asks: bool, is_for_everyone: bool) -> Permit:
        grant = entry.grant
        becomes = self._runas if grant.becomes is None else _shown(grant.becomes) or "themselves"
        return Permit(
            path=entry.path,
            line=grant.line,
            system="sudo",
            who=safe_text(_shown(grant.users), 100),
            people=people,
            is_for_everyone=is_for_everyone,
            becomes=safe_text(becomes, 100),
            becomes_root=entry.becomes_root,
            program=safe_text(command.text, 120),
            arguments=held(command.arguments),
            asks_password=asks,
            runs_others=grant.runs_others,
            unsettled=entry.unsettled,
        )

    def _entries(self) -> Iterator[_Entry]:
        taken = 0
        for path, grant in self._files.grants:
            yes, _ = self._list("User", grant.users)
            root = self._becomes_root(grant)
            is_here = self._is_here(grant.hosts)
            if is_here is False:
                continue
            unsettled = [] if is_here else [f"only on {_shown(grant.hosts)}"]
            unsettled += self._unknown_people(grant.users, 0)
            for command in self._commands((grant.command,)):
                yield _Entry(
                    path=path,
                    grant=grant,
                    command=command,
                    people=yes,
                    becomes_root=root,
                    unsettled=safe_text("; ".join(unsettled), 100),
                )
                taken += 1
                if taken > _MOST_COMMANDS:
                    return

    def _taken(self, entry: _Entry, later: list[_Entry]) -> int:
        """Those for whom a later entry decides the same command as the same one."""
        taken = 0
        if entry.becomes_root:
            for other in later:
                if other.becomes_root and not other.unsettled and _covers(other.command, entry.command):
                    # Everything but a command is as good as everything: another name for it is easily had.
                    taken |= other.people
        return taken

    def _becomes_root(self, grant: Grant) -> bool:
        members = self._usual if grant.becomes is None else grant.becomes
        return bool(self._list("Runas", members)[0] & self._people.root)

    def _list(self, kind: str, members: Members) -> tuple[int, int]:
        """The same, worked out once for all commands of a rule."""
        place = (kind, id(members))
        if place not in self._lists:
            self._lists[place] = self._chosen(kind, members)
        return self._lists[place]

    def _chosen(self, kind: str, members: Members, depth: int = 0) -> tuple[int, int]:
        """Those whom the list takes in, and those whom it keeps out."""
        yes = no = 0
        for member in members:
            more, less = self._named(kind, member, depth)
            if member.is_negated:
                more, less = less, more
            yes, no = (yes & ~less) | more, (no & ~more) | less
        return yes, no

    def _named(self, kind: str, member: Member, depth: int) -> tuple[int, int]:
        if member.kind == "all":
            return self._people.everyone, 0
        if member.kind == "alias" and (kind, member.text) in self._files.aliases:
            known = (kind, member.text)
            if known not in self._aliases:
                self._aliases[known] = (0, 0)  # a circle names nobody
                if self._goes_on(depth):
                    self._aliases[known] = self._chosen(kind, self._files.aliases[known], depth + 1)
            return self._aliases[known]
        if member.kind == "group":
            return self._people.group(_plain(member.text[1:])), 0
        return (0, 0) if member.kind == "netgroup" else (self._people.named(_plain(member.text)), 0)

    def _unknown_people(self, members: Members, depth: int = 0) -> list[str]:
        """Those of a list that no file of an image knows: netgroups, groups of a directory service."""
        found: list[str] = []
        for member in members:
            if member.kind == "netgroup" or member.text.startswith("%:"):
                found.append(member.text)
            elif member.kind == "alias":
                if member.text not in self._unknown:
                    self._unknown[member.text] = []
                    inner = self._files.aliases.get(("User", member.text), ())
                    self._unknown[member.text] = self._unknown_people(inner, depth + 1) if self._goes_on(depth) else []
                found += self._unknown[member.text]
            if len(found) > 2:
                break
        return found[:3]

    def _is_here(self, hosts: Members, depth: int = 0) -> bool | None:
        """Whether the rule is for this host; None where the image does not say so."""
        own = self._files.host.lower()
        for member in reversed(hosts):
            name = member.text.lower()
            is_it: bool | None = False if member.is_negated else None
            if member.kind == "alias" and ("Host", member.text) in self._files.aliases:
                if member.text not in self._hosts:
                    self._hosts[member.text] = None
                    inner = self._files.aliases["Host", member.text]
                    self._hosts[member.text] = self._is_here(inner, depth + 1) if self._goes_on(depth) else None
                is_it = self._hosts[member.text]
            elif member.kind == "all" or (own and (fnmatchcase(own, name) or fnmatchcase(own.partition(".")[0], name))):
                is_it = True
            if is_it:
                return not member.is_negated
            if is_it is None and not member.is_negated:
                # A device may be called so by its network.
                return None
        return False

    def _goes_on(self, depth: int) -> bool:
        is_far = depth >= _DEPTH or self._resolved > _MOST_RESOLVED
        if is_far and _FAR not in self.not_understood:
            self.not_understood.append(_FAR)
        return not is_far

    def _commands(self, members: Members, depth: int = 0) -> list[Member]:
        """The commands of a list, those of its aliases in their place."""
        found: list[Member] = []
        for member in members:
            if member.kind != "alias":
                found.append(member)
            else:
                if member.text not in self._cmnds:
                    self._cmnds[member.text] = []
                    listed = self._files.aliases.get(("Cmnd", member.text), ())
                    self._cmnds[member.text] = self._commands(listed, depth + 1) if self._goes_on(depth) else []
                    self._resolved += len(self._cmnds[member.text])
                inner = self._cmnds[member.text]
                if member.is_negated:
                    inner = [msgspec.structs.replace(m, is_negated=not m.is_negated) for m in inner]
                found += inner
            if len(found) > _MOST_COMMANDS:
                break
        return found[: _MOST_COMMANDS + 1]

    def _authenticates(self, bounds: str) -> Iterator[tuple[str, Setting]]:
        return ((p, s) for p, s in self._files.settings if s.name == "authenticate" and (s.bound or " ") in bounds)

    def _asked(self) -> int:
        """Those who are asked where no tag says otherwise."""
        asked = self._people.everyone
        for path, setting in self._authenticates(" :@>"):
            some = self._people.everyone
            if setting.bound == ":":
                some = self._chosen("User", setting.members)[0]
            elif setting.bound == ">" and not self._chosen("Runas", setting.members)[0] & self._people.root:
                continue
            elif setting.bound == "@":
                is_here = self._is_here(setting.members)
                if is_here is None:
                    self.not_understood.append(f"{path}:{setting.line}: for another host")
                if not is_here:
                    continue
            asked = asked & ~some if setting.is_negated else asked | some
        return asked

    def _exempt_people(self) -> int:
        for _, setting in reversed(self._files.settings):
            if setting.name == "exempt_group" and not setting.bound:
                return 0 if setting.is_negated else self._people.group(setting.value.lstrip("%"))
        return 0


def _covers(pattern: Member, command: Member) -> bool:
    """True where ``pattern`` matches whatever ``command`` does, as far as both can be compared."""
    if pattern.kind == "all" or command.kind == "all":
        return pattern.kind == "all"
    if pattern.arguments not in (None, command.arguments):
        return False
    if pattern.text == command.text:
        return True
    if not is_pattern(pattern.text) or is_pattern(command.text) or pattern.text.startswith("^"):
        return False
    folder, _, name = pattern.text.rpartition("/")
    its_folder, _, its_name = command.text.rpartition("/")
    return (
        fnmatchcase(its_folder, folder)
        and folder.count("/") == its_folder.count("/")
        and fnmatchcase(its_name, name or "*")
    )


def _plain(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


def _shown(members: Members) -> str:
    return ", ".join(f"{'!' * m.is_negated}{m.text}" for m in members[:8])

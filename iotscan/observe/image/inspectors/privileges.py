"""Who may become whom: sudoers(5) with its includes, doas.conf(5), rules of polkit(8). See :mod:`..privilege`."""

from collections.abc import Iterable

import msgspec

from iotscan.model.facts import AllowedCommand, PrivilegeRule, PrivilegeRules
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.privilege.changeable import who_may_change
from iotscan.observe.image.privilege.doas import PLACES as DOAS
from iotscan.observe.image.privilege.doas import doas_permits
from iotscan.observe.image.privilege.people import People
from iotscan.observe.image.privilege.permit import Permit, is_pattern
from iotscan.observe.image.privilege.polkit import PLACES as POLKIT
from iotscan.observe.image.privilege.polkit import polkit_permits
from iotscan.observe.image.privilege.sudo_files import PLACES as SUDOERS
from iotscan.observe.image.privilege.sudo_files import read_sudo_files
from iotscan.observe.image.privilege.sudo_rules import SudoRules
from iotscan.observe.image.startup.listening import faces_network
from iotscan.observe.image.startup.programs import becomes
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FOLDERS = (
    "/usr/bin",
    "/bin",
    "/usr/sbin",
    "/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/bin",
    "/run/wrappers/bin",
)
_NAMES = ("sudo", "sudo-rs", "doas", "pkexec")
_POLKITD = (
    "/usr/lib/polkit-1/polkitd",
    "/usr/libexec/polkitd",
    "/usr/lib/policykit-1/polkitd",
    "/usr/libexec/polkit-1/polkitd",
)
_PLACES = (*SUDOERS, *DOAS, *POLKIT)
_MOST_COMMANDS, _MOST_RULES = 200, 1000


def _inspect(tree: Tree) -> Heard:
    try:
        missed: list[str] = []
        # Where nothing gives any rights, it does not matter whether the account files can be read.
        rules = _read(tree, missed) if any(tree.is_named(path) for path in _PLACES) else ()
        programs = [name for name in _NAMES if any(tree.find(f"{folder}/{name}") is not None for folder in _FOLDERS)]
        programs += ["polkitd"] if any(tree.find(path) is not None for path in _POLKITD) else []
    except Unreadable as error:
        return all_missed((PrivilegeRules,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"privileges: {error}")
    told = tuple(safe_text(gap, 200) for gap in missed[:50])
    return Heard(facts=(PrivilegeRules(rules=rules, programs=tuple(programs), not_understood=told),))


def _read(tree: Tree, missed: list[str]) -> tuple[PrivilegeRule, ...]:
    files = read_sudo_files(tree)
    people = tree.once(People)
    missed += files.not_understood
    sudo = SudoRules(files, people)
    permits = list(sudo.permits())
    missed += sudo.not_understood
    permits += doas_permits(tree, people, missed)
    permits += polkit_permits(tree, people, missed)
    if permits and people.is_cut:
        missed.append(f"{tree.show('/etc/passwd')}: more accounts than are looked at")
    return _rules(tree, permits, people, missed)


def _serving(tree: Tree, people: People) -> int:
    """Those that a service on the network runs as, as far as the start of the device is known."""
    some = 0
    for service in startup_of(tree).services:
        user = becomes(service.program, service.arguments) or service.user
        faces = faces_network(service, tree) if user else None
        if user and faces is not None and faces.is_answered and faces.value:
            some |= people.named(user) or people.named(f"#{user}")
    return some


def _rules(tree: Tree, permits: Iterable[Permit], people: People, missed: list[str]) -> tuple[PrivilegeRule, ...]:
    """One rule for the commands of a line that are alike in all else; root's own is left out."""
    permits = list(permits)
    logins = people.logins()
    serving = _serving(tree, people) if any(not permit.asks_password for permit in permits) else 0
    alike: dict[Permit, list[AllowedCommand]] = {}
    changers: dict[str, int] = {}
    for permit in permits:
        names = people.names(permit.people)
        if permit.people and not names and not permit.is_for_everyone:
            continue
        if permit.who in ("root", "#0") or (permit.system == "doas" and permit.who == "0"):
            continue
        program = permit.program
        if program.startswith("/") and not is_pattern(program) and program not in changers:
            changers[program] = who_may_change(tree, program, people)
        command = AllowedCommand(
            program=program,
            arguments=permit.arguments,
            changed_by=people.names(changers.get(program, 0) & permit.people)[:20],
        )
        alike.setdefault(msgspec.structs.replace(permit, program="", arguments="any"), []).append(command)
    if len(alike) > _MOST_RULES or any(len(commands) > _MOST_COMMANDS for commands in alike.values()):
        missed.append("more rules or commands than are kept")
    return tuple(
        PrivilegeRule(
            path=tree.show(permit.path),
            line=permit.line,
            system=permit.system,
            who=permit.who,
            accounts=tuple(safe_text(name, 64) for name in people.names(permit.people)[:200]),
            logins=tuple(safe_text(name, 64) for name in people.names(permit.people & logins)[:200]),
            services=tuple(safe_text(name, 64) for name in people.names(permit.people & serving)[:200]),
            is_for_everyone=permit.is_for_everyone,
            becomes=permit.becomes,
            becomes_root=permit.becomes_root,
            commands=tuple(command.program for command in commands[:40]),
            allowed=tuple(commands[:_MOST_COMMANDS]),
            asks_password=permit.asks_password,
            is_for_all=any(command.program == "ALL" for command in commands),
            runs_others=permit.runs_others,
            unsettled=permit.unsettled,
        )
        for permit, commands in list(alike.items())[:_MOST_RULES]
    )


INSPECTOR = Inspector(name="privileges", version=2, gives=(PrivilegeRules,), inspect=_inspect)

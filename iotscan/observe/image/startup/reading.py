"""What a root file system starts: what its init system declares, and the daemons that its scripts run."""

import posixpath
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.startup.boot_commands import boot_commands
from iotscan.observe.image.startup.command import understand
from iotscan.observe.image.startup.declared import declared_of
from iotscan.observe.image.startup.programs import ends_at_once, is_daemon
from iotscan.observe.image.startup.scripts import located
from iotscan.observe.image.startup.service import Service, Startup
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_ALSO_TOOLS = ("rsync", "master", "starter", "exim4", "openvpn", "ntpd", "named", "dhcpd", "gdbserver", "pppoe-server")
"""Daemons whose name is a client or a tool, too: that a script runs it says little."""
_RESCUE = "/lib/preinit/"
"""OpenWrt's scripts for a start that failed: what they run, a device in service does not."""


def startup_of(tree: Tree) -> Startup:
    """The services and jobs of a tree; ``problem`` says why they are not known. Never raises."""
    return tree.once(_read)


def _read(tree: Tree) -> Startup:
    declared = declared_of(tree)
    if declared.problem or declared.system == "container":
        return declared
    try:
        return msgspec.structs.replace(declared, services=(*declared.services, *_run_by_scripts(tree, declared)))
    except Unreadable as error:
        return Startup(problem=f"what the image starts: {error}", is_unreadable=True)


def _run_by_scripts(tree: Tree, declared: Startup) -> Iterator[Service]:
    """Daemons on a line of a script, of a crontab or beside a unit's main program, where no file declares them."""
    done = {(service.path, service.called) for service in declared.services}
    for boot in boot_commands(tree):
        if boot.path.startswith(_RESCUE):
            continue
        command = understand(boot.words)
        name = posixpath.basename(command.program)
        if not is_daemon(name) or name in _ALSO_TOOLS or (boot.path, name) in done:
            continue
        program = located(tree, command)
        if program and not ends_at_once(program, command.arguments):
            done.add((boot.path, name))
            yield Service(
                name=name,
                path=boot.path,
                line=boot.line,
                started_by="script",
                enabled_by=posixpath.basename(boot.path),
                program=program,
                arguments=command.arguments,
                user=command.user or "root",
            )

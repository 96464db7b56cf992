"""What a container image runs: the one process of its configuration (OCI image-spec 1.1 ``config.md``)."""

import re
from collections.abc import Iterator

from iotscan.model.facts.startup import Listener
from iotscan.observe.image.readers.layers import ContainerConfig, LayeredTree
from iotscan.observe.image.startup.command import understand
from iotscan.observe.image.startup.scripts import found_in
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp))?")


def is_container(tree: Tree) -> bool:
    """True for the files of a container image."""
    return isinstance(tree, LayeredTree)


def read(tree: Tree) -> Iterator[Service]:
    """The process of a container, none where its configuration names none. Raises Unreadable."""
    config = tree.config if isinstance(tree, LayeredTree) else None
    if config is None:
        raise Unreadable("the configuration of the container image cannot be read")
    command = understand((*config.entrypoint, *config.command))
    if command.program:
        yield Service(
            name=command.program.rpartition("/")[2],
            path=found_in(tree, command.program) or command.program,
            started_by="container",
            enabled_by="the image's configuration",
            program=found_in(tree, command.program) or command.program,
            arguments=command.arguments,
            user=command.user or _user(config),
            sockets=tuple(_ports(config)),
        )


def _user(config: ContainerConfig) -> str:
    """``User`` may be a name or number with a group behind it; empty is root."""
    user = config.user.partition(":")[0]
    return "root" if user in ("", "0") else user


def _ports(config: ContainerConfig) -> Iterator[Listener]:
    for word in config.ports:
        found = _PORT.fullmatch(word)
        if found and 0 < int(found[1]) < 65536:
            yield Listener(transport="udp" if found[2] == "udp" else "tcp", port=int(found[1]), source="exposed")

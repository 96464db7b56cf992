"""Which routers a scan asks for their neighbours: those of the user's file, which have to be in scope."""

from pathlib import Path

from iotscan.data.communities import Router, read_communities
from iotscan.model.errors import BadInput
from iotscan.model.scope import Fence, Scope
from iotscan.observe.network.discovery.router import PORT


def routers_in(path: Path, scope: Scope) -> tuple[Router, ...]:
    """The routers of a file. Raises BadInput for a file that is none, and for a router out of scope."""
    fence = Fence(scope)
    routers = read_communities(path)
    for router in routers:
        if refusal := fence.refusal(router.address, PORT):
            raise BadInput(
                f"--snmp-community-file: the router {router.address} {refusal}: name it as a target, too, "
                "or take it out of the file"
            )
    return routers

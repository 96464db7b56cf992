"""Open ports and what spoke on them."""

from typing import ClassVar

from iotscan.model.facts.fact import Fact, Ownership


class PortSweep(Fact, frozen=True, kw_only=True, tag="port-sweep"):
    """Which TCP ports were tried on a device, and how each answered.

    ``filtered`` ports did not answer at all: they are unknown, never closed. ``unasked`` ports are open
    beyond what a device would have: what speaks there was not asked. ``forbidden`` ports the scope does
    not allow, or did not any more: nothing was sent to them.
    """

    per: ClassVar[Ownership] = "device"

    open: tuple[int, ...] = ()
    closed: tuple[int, ...] = ()
    filtered: tuple[int, ...] = ()
    unasked: tuple[int, ...] = ()
    forbidden: tuple[int, ...] = ()


class OpenService(Fact, frozen=True, kw_only=True, tag="open-service"):
    """One open port and the protocol it was heard to speak (``unknown`` when none was recognised).

    ``how`` tells what made us say so; ``banner`` is what the service said unasked.
    """

    protocol: str
    how: str = ""
    banner: str = ""

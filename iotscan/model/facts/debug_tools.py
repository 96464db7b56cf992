"""What was built into an image to look for faults, and traces of a development build."""

from typing import ClassVar, Literal

import msgspec

from iotscan.model.facts.fact import Fact, Ownership


class DebugTool(msgspec.Struct, frozen=True, kw_only=True):
    """A program of developers in a folder where commands are looked for."""

    path: str
    name: str
    purpose: Literal["debugger", "tracer", "sniffer", "remote-shell", "network-tool", "compiler"]
    starts: bool = False
    """The image starts it by itself."""


class BuildTrace(msgspec.Struct, frozen=True, kw_only=True):
    """A line that says what kind of build this is (``IMAGE_FEATURES = debug-tweaks``)."""

    path: str
    line: int
    says: str


class DebugTools(Fact, frozen=True, kw_only=True, tag="debug-tools"):
    """The tools of developers in one root file system."""

    per: ClassVar[Ownership] = "image"

    tools: tuple[DebugTool, ...] = ()
    traces: tuple[BuildTrace, ...] = ()
    commands_searched: int = 0
    """How many programs stand in the folders of commands."""

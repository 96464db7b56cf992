"""Android's debug bridge: its properties say whether it listens on the network and whom it lets in.

Sources: AOSP ``adb/daemon/main.cpp`` (``service.adb.tcp.port``, ``persist.adb.tcp.port``, ``ro.adb.secure``).
"""

from collections.abc import Iterator

from iotscan.model.facts import AdbServer
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.places import Reading
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = (
    "/default.prop",
    "/prop.default",
    "/build.prop",
    "/system/build.prop",
    "/vendor/build.prop",
    "/etc/prop.default",
)
_PORTS = ("service.adb.tcp.port", "persist.adb.tcp.port")


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """The bridge where a property puts it on the network. Raises Unreadable."""
    told = dict(_properties(tree))
    found = next((told[name] for name in _PORTS if name in told), None)
    if found is None:
        raise NotThere("adbd is started, and nothing in the image says whether it listens on the network")
    value, path, line = found
    port = int(value) if value.isdecimal() else 0
    if 0 < port < 65536:
        secure = told.get("ro.adb.secure", ("0", "", 0))[0]
        yield Configured(fact=AdbServer(needs_key=secure == "1"), path=path, line=line, service=f"tcp/{port}")


def _properties(tree: Tree) -> Iterator[tuple[str, tuple[str, str, int]]]:
    reading = Reading(tree)
    for path in _FILES:
        for number, line in enumerate(reading.lines(path), start=1):
            name, has_value, value = line.strip().partition("=")
            if has_value and not name.startswith("#"):
                yield name.strip(), (value.strip(), path, number)


CONFIGURATION = Configuration(name="adbd", version=1, programs=("adbd",), gives=(AdbServer,), read=read)

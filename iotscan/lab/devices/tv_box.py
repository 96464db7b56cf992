"""A TV box with its debug bridge left on, and a root shell on telnet that asks nothing."""

import struct

from iotscan.lab.place import Hearing, Place, Speaking
from iotscan.lab.terminal import Terminal, run_shell

HEADER = struct.Struct("<6I")
"""command, arg0, arg1, data length, data sum, command inverted (AOSP, packages/modules/adb/protocol.txt)."""
CNXN, OPEN, CLSE = (int.from_bytes(word, "little") for word in (b"CNXN", b"OPEN", b"CLSE"))
VERSION, DATA_LIMIT = 0x01000000, 4096
BANNER = b"device::ro.product.name=acme_box;ro.product.model=Acme TV Box;ro.product.device=acme;\0"


def message(command: int, first: int, second: int, data: bytes = b"") -> bytes:
    """One message of the debug bridge."""
    return HEADER.pack(command, first, second, len(data), sum(data), command ^ 0xFFFFFFFF) + data


async def bridge(reader: Hearing, writer: Speaking) -> None:
    """Greet everybody as an authorised host; open no stream, so that nothing can be run."""
    while True:
        command, first, _, length, _, inverted = HEADER.unpack(await reader.readexactly(HEADER.size))
        if inverted != command ^ 0xFFFFFFFF or length > DATA_LIMIT:
            return
        await reader.readexactly(length)
        if command == CNXN:
            writer.write(message(CNXN, VERSION, DATA_LIMIT, BANNER))
        elif command == OPEN:
            writer.write(message(CLSE, 0, first))
        await writer.drain()


async def talk(reader: Hearing, writer: Speaking) -> None:
    """Telnet: a root shell at once."""
    terminal = Terminal(reader, writer)
    await terminal.greet("\nBusyBox v1.19.4 built-in shell (ash)\n\n")
    await run_shell(terminal)


async def settle(place: Place) -> None:
    """Listen on adb and telnet."""
    await place.listen(5555, bridge)
    await place.listen(23, talk)

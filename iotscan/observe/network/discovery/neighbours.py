"""The kernel's neighbour table: who answered ARP lately. Reading it sends nothing."""

from pathlib import Path

from iotscan.observe.network.discovery.found import Found

TABLE = Path("/proc/net/arp")
_COMPLETE = 0x2


def read_neighbours(text: str) -> tuple[Found, ...]:
    """Entries of ``/proc/net/arp`` whose address is resolved (proc(5), flag ATF_COM)."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 6 and int(fields[2], 16) & _COMPLETE and fields[3] != "00:00:00:00:00:00":
            found.append(Found(address=fields[0], how="neighbour table", mac=fields[3].lower()))
    return tuple(found)


def neighbours() -> tuple[Found, ...]:
    """What the kernel knows now; empty where there is no such table (not Linux)."""
    try:
        return read_neighbours(TABLE.read_text("ascii"))
    except OSError:
        return ()

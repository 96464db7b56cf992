"""Whether a server holds its port, read from the kernel's tables.

Nothing is sent, as some servers serve their first guest only; nothing is bound, as that would take the port from a
server that is about to.
"""

from pathlib import Path

HELD = ("0A", "07")
"""LISTEN, and an unconnected UDP socket (Linux, include/net/tcp_states.h)."""


def is_held(transport: str, port: int) -> bool:
    """Whether somebody waits for guests on a port of ``tcp`` or ``udp``, at any address of this machine."""
    for table in (transport, f"{transport}6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if int(words[1].rpartition(":")[2], 16) == port and words[3] in HELD:
                return True
    return False

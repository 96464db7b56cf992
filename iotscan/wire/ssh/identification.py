"""The first line of either side (RFC 4253 section 4.2)."""

from typing import Final

import msgspec

SOFTWARE: Final = b"SSH-2.0-iotscan"
"""Our own line without its end; servers wait for it before they go on."""
IDENTIFICATION: Final = SOFTWARE + b"\r\n"
_LONGEST_LINE: Final = 255


class Identification(msgspec.Struct, frozen=True, kw_only=True):
    """``SSH-protocol-software comments``, as raw bytes, and where in the stream its line ended."""

    protocol: bytes
    software: bytes
    """Software version and comments: ``OpenSSH_9.2p1 Debian-2``."""
    line: bytes
    """All of it without the end of line, as the exchange hash wants it (RFC 4253 section 8)."""
    before: tuple[bytes, ...] = ()
    """The lines that came first."""
    end: int

    @property
    def speaks_2(self) -> bool:
        """Whether it goes on in SSH 2; 1.99 takes both."""
        return self.protocol in (b"2.0", b"1.99")


def read_identification(data: bytes) -> Identification | None:
    """The first whole line that begins with ``SSH-``; lines before it are lawful. None without one. Never raises."""
    before: list[bytes] = []
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        line = data[start:end].removesuffix(b"\r")
        start = end + 1
        if line.startswith(b"SSH-"):
            protocol, dash, software = line[4:].partition(b"-")
            if not dash or not protocol or len(line) > _LONGEST_LINE:
                return None
            return Identification(protocol=protocol, software=software, line=line, before=tuple(before), end=start)
        before.append(line)
    return None

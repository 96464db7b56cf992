"""A capture that takes no time to make: one device, one page in the clear."""

from pathlib import Path

from tests.wire.capture.making import ACK, FIN, PSH, SERVER, SYN, ethernet, ipv4, pcap, tcp

DEVICE = "192.168.1.5"
ASKED = b"GET /status HTTP/1.1\r\nHost: cloud.example\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n"
_MAC, _ROUTER = bytes.fromhex("00408c000701"), bytes.fromhex("00408c0007fe")


def a_capture(path: Path) -> Path:
    """A GET of a page on a server beyond the network, answered."""
    asked, answered = 101 + len(ASKED), 501 + len(ANSWER)
    path.write_bytes(
        pcap(
            _frame(SYN, 100, 0, is_upward=True),
            _frame(SYN | ACK, 500, 101, is_upward=False),
            _frame(ACK, 101, 501, is_upward=True),
            _frame(PSH | ACK, 101, 501, ASKED, is_upward=True),
            _frame(PSH | ACK, 501, asked, ANSWER, is_upward=False),
            _frame(FIN | ACK, asked, answered, is_upward=True),
            _frame(FIN | ACK, answered, asked + 1, is_upward=False),
        )
    )
    return path


def _frame(flags: int, number: int, acknowledged: int, data: bytes = b"", *, is_upward: bool) -> bytes:
    ends, ports, macs = (DEVICE, SERVER), (40_000, 80), (_MAC, _ROUTER)
    if not is_upward:
        ends, ports, macs = ends[::-1], ports[::-1], macs[::-1]
    segment = tcp(data, number=number, acknowledged=acknowledged, flags=flags, ports=ports, ends=ends)
    return ethernet(ipv4(segment, ends=ends), macs=macs)

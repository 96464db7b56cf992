"""Devices that a scan can harm, each a program of its own: ``fragile.py KIND ADDRESS RECORD``.

``controller`` serves a web page, a login prompt, and Modbus, S7, DNP3, EtherNet/IP and OPC UA, each in one way alone.
It dies of a second guest while one is there, of more than five guests in a second, of a byte that its protocol does not
know, and of a reset; ``glass`` dies of its first DNP3 request, too. Who is dead never answers again: its packets are
dropped. ``printer`` prints whatever is said to it on 9100, 515 and 631.

RECORD is a JSON file: ``dead`` says of what, empty while it lives, ``guests`` how many each port has had, ``heard``
what each was told, in hex, ``printed`` how many bytes are on paper.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Final

PAGE = (
    b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: 22\r\nConnection: close\r\n\r\n<title>Unit 7</title>\n"
)
DROP = "add rule inet watch in tcp dport 0-65535 drop; add rule inet watch in meta l4proto { udp, icmp } drop"
GUESTS_A_SECOND: Final = 5
CONTROLLER: Final = (23, 80, 102, 502, 4840, 9100, 20000, 44818)
PRINTER: Final = (80, 515, 631, 9100)
PAPER: Final = frozenset({515, 631, 9100})
PROMPT = b"\xff\xfd\x18Unit 7\r\nlogin: "
CONFIRM = bytes.fromhex("0300001611d00014000100c0010ac1020100c2020102")
STATUS = bytes.fromhex("0564050b03000100")


class Death(Exception):
    """What it dies of."""


class Device:
    """One device, served by one thread as a small controller does."""

    def __init__(self, kind: str, address: str, record: Path) -> None:
        self._kind = kind
        self._record = record
        self._places = selectors.DefaultSelector()
        self._guests: dict[socket.socket, tuple[int, bytes]] = {}
        self._times: deque[float] = deque(maxlen=GUESTS_A_SECOND + 1)
        self._told = {"dead": "", "guests": {}, "heard": {}, "printed": 0}
        for port in PRINTER if kind == "printer" else CONTROLLER:
            listener = socket.create_server((address, port), backlog=16)
            listener.setblocking(False)
            self._places.register(listener, selectors.EVENT_READ, port)
        self._write()

    def live(self) -> None:
        """Serve until something kills it."""
        try:
            while True:
                # Who is inside is heard before the door is opened: a guest that has left before the next one knocked is
                # no second guest, however late this process got its turn.
                ready = [(key.fileobj, key.data) for key, _ in self._places.select()]
                for place, port in sorted(ready, key=lambda at: at[0] not in self._guests):
                    if isinstance(place, socket.socket):
                        self._attend(place, port)
        except Death as cause:
            self._told["dead"] = str(cause)
            self._write()
            subprocess.run(["nft", "-f", "-"], input=DROP, text=True, check=True)
            while True:
                time.sleep(60)

    def _attend(self, place: socket.socket, port: int) -> None:
        if place in self._guests:
            self._hear(place)
            return
        guest, _ = place.accept()
        self._welcome(guest, port)

    def _welcome(self, guest: socket.socket, port: int) -> None:
        guests = self._told["guests"]
        guests[str(port)] = guests.get(str(port), 0) + 1  # type: ignore[attr-defined, index]  # a record of plain JSON
        self._write()
        self._times.append(time.monotonic())
        rush = len(self._times) > GUESTS_A_SECOND and self._times[-1] - self._times[0] < 1.0
        if self._kind != "printer" and rush:
            raise Death(f"more than {GUESTS_A_SECOND} guests in a second, the last on {port}")
        if self._kind != "printer" and self._guests:
            raise Death(f"a second guest on {port} while {self._guests} is there")
        self._guests[guest] = (port, b"")
        self._places.register(guest, selectors.EVENT_READ, port)
        if port == 23:
            _say(guest, port, PROMPT)

    def _hear(self, guest: socket.socket) -> None:
        port, before = self._guests[guest]
        try:
            said = guest.recv(65536)
        except OSError as error:
            raise Death(f"a reset on {port}") from error
        if not said:
            self._leave(guest)
            return
        heard = self._told["heard"]
        heard[str(port)] = heard.get(str(port), "") + said.hex()  # type: ignore[attr-defined, index]  # plain JSON
        if port in PAPER and self._kind == "printer":
            self._told["printed"] += len(said)  # type: ignore[operator]  # a number
        self._write()
        whole = before + said
        answer = _answer(port, whole) if port not in PAPER or self._kind != "printer" else None
        if self._kind == "glass" and port == 20000:
            raise Death("a DNP3 request")
        self._guests[guest] = (port, b"" if answer else whole)
        if answer:
            _say(guest, port, answer)
        if port == 80 and answer:
            self._leave(guest)

    def _leave(self, guest: socket.socket) -> None:
        self._places.unregister(guest)
        del self._guests[guest]
        guest.close()

    def _write(self) -> None:
        part = self._record.with_suffix(".part")
        part.write_text(json.dumps(self._told))
        os.replace(part, self._record)


def _say(guest: socket.socket, port: int, words: bytes) -> None:
    """Raises Death where the guest has reset: a reset may come before anything is said."""
    try:
        guest.sendall(words)
    except OSError as error:
        raise Death(f"a reset on {port}") from error


def _answer(port: int, said: bytes) -> bytes | None:
    """What a port answers to what it was told so far; None while that is not whole. Raises Death."""
    if port == 80:
        if not any(said.startswith(w) or w.startswith(said) for w in (b"GET ", b"HEAD ", b"OPTIONS ")):
            raise Death(f"no HTTP on 80: {said[:32]!r}")
        if b"\r\n\r\n" not in said:
            return None
        return PAGE % (b"200 OK" if said.startswith(b"GET / ") else b"404 Not Found")
    if port == 23:
        if not (said.startswith(b"\xff") or not said.strip()):
            raise Death(f"no telnet on 23: {said[:32]!r}")
        return None
    known = {
        502: (said[2:4] == b"\0\0" and said[6:] == b"\xff\x2b\x0e\x01\x00", said[:5] + b"\3" + b"\xff\xab\1"),
        102: (said[:2] == b"\3\0" and said[5:6] == b"\xe0" and len(said) == said[3], CONFIRM),
        20000: (said[:4] == b"\x05\x64\x05\xc9" and len(said) == 10, STATUS + _crc(STATUS)),
        44818: (said[:4] == b"\x63\0\0\0" and len(said) == 24, said + b""),
        4840: (said[:3] in (b"HEL", b"OPN"), _opc_ua(said)),
    }
    if port not in known:
        raise Death(f"{said[:32]!r} on {port}, where nobody is to speak")
    is_known, answer = known[port]
    if not is_known:
        raise Death(f"a byte that {port} does not know: {said[:32]!r}")
    return answer


def _opc_ua(said: bytes) -> bytes:
    return b"ACKF\x1c\0\0\0" + bytes(20) if said[:3] == b"HEL" else b"ERRF\x10\0\0\0\0\0\x55\x80\xff\xff\xff\xff"


def _crc(data: bytes) -> bytes:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA6BC if value & 1 else value >> 1
    return (value ^ 0xFFFF).to_bytes(2, "little")


if __name__ == "__main__":
    Device(sys.argv[1], sys.argv[2], Path(sys.argv[3])).live()

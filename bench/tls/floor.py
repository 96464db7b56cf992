"""The floor: the very hellos that our engine sends, by blocking sockets, one after the other. Imports nothing of ours.

``python bench/tls/floor.py HELLOS COUNT``: HELLOS is a JSON file ``{address: [port, hello in base64, …]}``.
"""

import base64
import json
import socket
import sys


def is_whole(flight: bytes) -> bool:
    """Whether a server has said all that it says in the clear: an alert, TLS 1.3, or ServerHelloDone."""
    at, messages = 0, b""
    while len(flight) >= at + 5:
        end = at + 5 + int.from_bytes(flight[at + 3 : at + 5], "big")
        if len(flight) < end:
            break
        if flight[at] != 22:
            return True
        messages += flight[at + 5 : end]
        at = end
    return messages[:1] == b"\x02" and (b"\x00\x2b\x00\x02\x03\x04" in messages or messages.endswith(b"\x0e\0\0\0"))


def ask(address: str, port: int, hello: bytes) -> None:
    with socket.create_connection((address, port), 5) as peer:
        peer.sendall(hello)
        flight = b""
        while not is_whole(flight) and (piece := peer.recv(16384)):
            flight += piece


def main() -> None:
    with open(sys.argv[1]) as file:
        asked = json.load(file)
    for address, (port, *hellos) in list(asked.items())[: int(sys.argv[2])]:
        for hello in hellos:
            ask(address, port, base64.b64decode(hello))


if __name__ == "__main__":
    main()

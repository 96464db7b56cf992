"""What adbd says to a host's first word, and no more: ``adb_daemon.py KIND ADDRESS PORT``, until killed.

``open`` gives a session (``ro.adb.secure=0``), ``keyed`` demands a signed token, ``wireless`` wants TLS: the messages
that ``send_connect``, ``send_auth_request`` and ``send_tls_request`` of AOSP's adbd lay out.
"""

import socketserver
import struct
import sys

VERSION, SKIPS_CHECKSUMS, STLS_VERSION, LARGEST = 0x01000000, 0x01000001, 0x01000000, 1024 * 1024
BANNER = (
    b"device::ro.product.name=acme_box;ro.product.model=TV Box;ro.product.device=acme;features=shell_v2,cmd,stat_v2"
)
TOKEN = bytes(range(20))


def message(command: bytes, first: int, second: int, data: bytes = b"", checksum: int = 0) -> bytes:
    magic = int.from_bytes(command, "little") ^ 0xFFFFFFFF
    return struct.pack("<4s5I", command, first, second, len(data), checksum, magic) + data


ANSWERS = {
    "open": message(b"CNXN", SKIPS_CHECKSUMS, LARGEST, BANNER),
    "keyed": message(b"AUTH", 1, 0, TOKEN, sum(TOKEN)),
    "wireless": message(b"STLS", STLS_VERSION, 0),
}


def serve(kind: str, address: str, port: int) -> None:
    """Answer each CNXN; whatever else is sent is an offence, and told."""

    class Daemon(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard = b""
            while piece := self.request.recv(4096):
                heard += piece
                if len(heard) >= 24 and len(heard) >= 24 + struct.unpack_from("<I", heard, 12)[0]:
                    is_first_word = heard[:4] == b"CNXN"
                    heard = b""
                    if not is_first_word:
                        print("offence: something else than CNXN", flush=True)
                        return
                    self.request.sendall(ANSWERS[kind])

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    Server((address, port), Daemon).serve_forever()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))

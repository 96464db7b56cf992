"""A server of wolfSSL (Debian's library), reached by ctypes: its API hands out opaque pointers only."""

import argparse
import ctypes
import socket
import struct
from ctypes import c_char_p, c_int, c_uint, c_void_p
from ctypes.util import find_library
from typing import Any

from tests.tls_lab.programs.listening import serve, serve_datagrams

PEM, SUCCESS = 1, 1
VERIFY_PEER = 1
METHODS = {
    "any": "wolfSSLv23_server_method",
    "TLSv1.2": "wolfTLSv1_2_server_method",
    "TLSv1.3": "wolfTLSv1_3_server_method",
    "DTLSv1.0": "wolfDTLSv1_server_method",
    "DTLSv1.2": "wolfDTLSv1_2_server_method",
}


def library() -> ctypes.CDLL:
    found = find_library("wolfssl")
    if found is None:
        raise SystemExit("no library wolfssl")
    wolf = ctypes.CDLL(found)
    for name in (*METHODS.values(), "wolfSSL_CTX_new", "wolfSSL_new"):
        getattr(wolf, name).restype = c_void_p
    return wolf


def context(wolf: ctypes.CDLL, given: argparse.Namespace) -> c_void_p:
    def must(name: str, *arguments: Any) -> None:
        if getattr(wolf, name)(ctx, *arguments) != SUCCESS:
            raise SystemExit(f"{name} refused {arguments}")

    wolf.wolfSSL_Init()
    ctx = c_void_p(wolf.wolfSSL_CTX_new(c_void_p(getattr(wolf, METHODS[given.version])())))
    must("wolfSSL_CTX_use_certificate_file", c_char_p(given.cert.encode()), c_int(PEM))
    must("wolfSSL_CTX_use_PrivateKey_file", c_char_p(given.key.encode()), c_int(PEM))
    if given.suites:
        must("wolfSSL_CTX_set_cipher_list", c_char_p(given.suites.encode()))
    if given.dh:
        must("wolfSSL_CTX_SetTmpDH_file", c_char_p(given.dh.encode()), c_int(PEM))
    if given.verify:
        wolf.wolfSSL_CTX_set_verify(ctx, c_int(VERIFY_PEER), None)
    return ctx


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--version", choices=sorted(METHODS), default="any")
    for name in ("suites", "dh"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--verify", action="store_true")
    given = parser.parse_args()
    wolf = library()
    ctx = context(wolf, given)
    is_dtls = given.version.startswith("D")

    def talk(guest: socket.socket) -> None:
        ssl = c_void_p(wolf.wolfSSL_new(ctx))
        if is_dtls:
            address, port = guest.getpeername()
            peer = struct.pack("=HHI8x", socket.AF_INET, socket.htons(port), 0)
            peer = peer[:4] + socket.inet_aton(address) + peer[8:]
            wolf.wolfSSL_dtls_set_peer(ssl, peer, c_uint(len(peer)))
        wolf.wolfSSL_set_fd(ssl, c_int(guest.fileno()))
        if wolf.wolfSSL_accept(ssl) == SUCCESS:
            wolf.wolfSSL_read(ssl, ctypes.create_string_buffer(1024), c_int(1024))
        wolf.wolfSSL_free(ssl)

    (serve_datagrams if is_dtls else serve)(given.port, talk)


if __name__ == "__main__":
    main()

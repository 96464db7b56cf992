"""A server of OpenSSL 1.0.2 (2015): SSLv2, export, single DES, compression, and none of the newer extensions.

sslyze carries this library, linked into nassl's second extension for its client. The server's half is in there as
well; its functions are not exported, but still named. Values of constants: ssl.h and tls1.h of 1.0.2.
"""

import argparse
import ctypes
import importlib.util
import socket
import struct
from ctypes import c_char_p, c_int, c_long, c_void_p
from pathlib import Path
from typing import Any

from tests.tls_lab.programs.hidden import Hidden
from tests.tls_lab.programs.listening import PATIENCE, serve

PEM = 1
RSA_F4 = 65537
SET_TMP_RSA, SET_TMP_DH, SET_OPTIONS, SET_ECDH_AUTO = 2, 3, 32, 94
VERIFY_PEER = 1
NO = {
    "SSLv2": 0x01000000,
    "SSLv3": 0x02000000,
    "TLSv1.0": 0x04000000,
    "TLSv1.1": 0x10000000,
    "TLSv1.2": 0x08000000,
    "compression": 0x00020000,
    "tickets": 0x00004000,
}
SERVER_PREFERENCE, SINGLE_DH_USE, SINGLE_ECDH_USE = 0x00400000, 0x00100000, 0x00080000


def library() -> Hidden:
    """nassl's old OpenSSL; raises LookupError where it cannot be used."""
    found = importlib.util.find_spec("nassl._nassl_legacy")
    if found is None or found.origin is None:
        raise LookupError("nassl is not installed")
    return Hidden(Path(found.origin))


def context(ssl: Hidden, given: argparse.Namespace) -> Any:
    ssl.call("SSL_library_init", c_int)
    ctx = ssl.call("SSL_CTX_new", c_void_p, ssl.call("SSLv23_server_method", c_void_p))
    options = SERVER_PREFERENCE if given.preference else 0
    options |= 0 if given.reuse else SINGLE_DH_USE | SINGLE_ECDH_USE
    for name in given.no:
        options |= NO[name]

    def control(command: int, number: int, pointer: Any = None) -> None:
        ssl.call("SSL_CTX_ctrl", c_long, ctx, c_int(command), c_long(number), pointer)

    # The bits are the low 32 of a long.
    control(SET_OPTIONS, options)
    control(SET_ECDH_AUTO, 1)
    control(SET_TMP_RSA, 0, _export_key(ssl))
    if given.dh:
        pem = Path(given.dh).read_bytes()
        bio = ssl.call("BIO_new_mem_buf", c_void_p, c_char_p(pem), c_int(len(pem)))
        control(SET_TMP_DH, 0, ssl.call("PEM_read_bio_DHparams", c_void_p, bio, None, None, None))
    if given.verify:
        ssl.call("SSL_CTX_set_verify", None, ctx, c_int(VERIFY_PEER), None)
    for name, path in (("SSL_CTX_use_certificate_file", given.cert), ("SSL_CTX_use_PrivateKey_file", given.key)):
        if ssl.call(name, c_int, ctx, c_char_p(path.encode()), c_int(PEM)) != 1:
            raise SystemExit(f"{name} refused {path}")
    if ssl.call("SSL_CTX_set_cipher_list", c_int, ctx, c_char_p(given.ciphers.encode())) != 1:
        raise SystemExit(f"no suite in {given.ciphers}")
    return ctx


def _export_key(ssl: Hidden) -> Any:
    """The 512-bit key that export suites encrypt to."""
    key, exponent = ssl.call("RSA_new", c_void_p), ssl.call("BN_new", c_void_p)
    ssl.call("BN_set_word", c_int, exponent, ctypes.c_ulong(RSA_F4))
    ssl.call("RSA_generate_key_ex", c_int, key, c_int(512), exponent, None)
    return key


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--dh", default="")
    parser.add_argument("--ciphers", default="ALL:COMPLEMENTOFALL")
    parser.add_argument("--no", action="append", choices=sorted(NO), default=[])
    for flag in ("--preference", "--reuse", "--verify"):
        parser.add_argument(flag, action="store_true")
    given = parser.parse_args()
    ssl = library()
    ctx = context(ssl, given)

    def talk(guest: socket.socket) -> None:
        guest.setblocking(True)
        guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", int(PATIENCE), 0))
        conversation = ssl.call("SSL_new", c_void_p, ctx)
        ssl.call("SSL_set_fd", c_int, conversation, c_int(guest.fileno()))
        if ssl.call("SSL_accept", c_int, conversation) == 1:
            heard = ctypes.create_string_buffer(1024)
            ssl.call("SSL_read", c_int, conversation, heard, c_int(1024))
        ssl.call("SSL_free", None, conversation)

    serve(given.port, talk)


if __name__ == "__main__":
    main()

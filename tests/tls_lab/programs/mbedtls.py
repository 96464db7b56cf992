"""A server of mbed TLS 2.28 (Debian's library), with the switches that its users set in their firmware.

The wheel ``python-mbedtls`` has neither these switches nor builds for current Pythons; the library itself is
reached by ctypes. Its structures are opaque here, so each gets more room than any of its builds needs.
"""

import argparse
import ctypes
import socket
from ctypes import c_char, c_int, c_size_t, c_uint32
from ctypes.util import find_library
from typing import Any

from tests.tls_lab.programs.listening import PATIENCE, serve, serve_datagrams

ROOM = 64 * 1024
SERVER, STREAM, DATAGRAM, PRESET_DEFAULT = 1, 0, 1, 0
MINOR = {"TLSv1.0": 1, "TLSv1.1": 2, "TLSv1.2": 3, "DTLSv1.0": 2, "DTLSv1.2": 3}
CURVES = {"secp192r1": 1, "secp224r1": 2, "secp256r1": 3, "secp384r1": 4, "x25519": 9}
HELLO_VERIFY_REQUIRED = -0x6A80
VERIFY_OPTIONAL = 1
HASHES = {"md5": 3, "sha1": 4, "sha256": 6}


def loaded(name: str) -> ctypes.CDLL:
    found = find_library(name)
    if found is None:
        raise SystemExit(f"no library {name}")
    return ctypes.CDLL(found, mode=ctypes.RTLD_GLOBAL)


crypto, x509, tls = loaded("mbedcrypto"), loaded("mbedx509"), loaded("mbedtls")
_kept: list[Any] = []
"""Memory that the library points to for as long as the server runs."""


def room() -> Any:
    made = ctypes.create_string_buffer(ROOM)
    _kept.append(made)
    return made


def numbers(values: list[int]) -> Any:
    made = (c_int * (len(values) + 1))(*values, 0)
    _kept.append(made)
    return made


def must(code: int, what: str) -> None:
    if code:
        raise SystemExit(f"{what}: -0x{-code:04x}")


def randomness() -> tuple[Any, Any]:
    entropy, drbg = room(), room()
    crypto.mbedtls_entropy_init(entropy)
    crypto.mbedtls_ctr_drbg_init(drbg)
    must(
        crypto.mbedtls_ctr_drbg_seed(drbg, crypto.mbedtls_entropy_func, entropy, None, c_size_t(0)),
        "no randomness",
    )
    return crypto.mbedtls_ctr_drbg_random, drbg


def configuration(given: argparse.Namespace) -> Any:
    conf, rng = room(), randomness()
    tls.mbedtls_ssl_config_init(conf)
    transport = DATAGRAM if given.datagrams else STREAM
    must(tls.mbedtls_ssl_config_defaults(conf, SERVER, transport, PRESET_DEFAULT), "no defaults")
    tls.mbedtls_ssl_conf_rng(conf, *rng)
    tls.mbedtls_ssl_conf_min_version(conf, 3, MINOR[given.low])
    tls.mbedtls_ssl_conf_max_version(conf, 3, MINOR[given.high])
    tls.mbedtls_ssl_conf_encrypt_then_mac(conf, c_char(given.etm))
    tls.mbedtls_ssl_conf_extended_master_secret(conf, c_char(given.ems))
    tls.mbedtls_ssl_conf_truncated_hmac(conf, given.truncated_hmac)
    tls.mbedtls_ssl_conf_read_timeout(conf, c_uint32(PATIENCE * 1000))
    if given.verify:
        tls.mbedtls_ssl_conf_authmode(conf, VERIFY_OPTIONAL)
    if given.suites:
        ids = [tls.mbedtls_ssl_get_ciphersuite_id(name.encode()) for name in given.suites.split(",")]
        if 0 in ids:
            raise SystemExit(f"an unknown suite in {given.suites}: {ids}")
        tls.mbedtls_ssl_conf_ciphersuites(conf, numbers(ids))
    if given.curves:
        tls.mbedtls_ssl_conf_curves(conf, numbers([CURVES[c] for c in given.curves.split(",")]))
    if given.hashes:
        tls.mbedtls_ssl_conf_sig_hashes(conf, numbers([HASHES[h] for h in given.hashes.split(",")]))
    if given.dh:
        dhm = room()
        crypto.mbedtls_dhm_init(dhm)
        must(crypto.mbedtls_dhm_parse_dhmfile(dhm, given.dh.encode()), given.dh)
        must(tls.mbedtls_ssl_conf_dh_param_ctx(conf, dhm), given.dh)
    _identify(conf, given, rng)
    return conf


def _identify(conf: Any, given: argparse.Namespace, rng: tuple[Any, Any]) -> None:
    if given.psk:
        secret, identity = bytes.fromhex(given.psk), b"sensor"
        must(tls.mbedtls_ssl_conf_psk(conf, secret, c_size_t(len(secret)), identity, c_size_t(len(identity))), "psk")
    if given.cert:
        chain, key = room(), room()
        x509.mbedtls_x509_crt_init(chain)
        crypto.mbedtls_pk_init(key)
        must(x509.mbedtls_x509_crt_parse_file(chain, given.cert.encode()), given.cert)
        must(crypto.mbedtls_pk_parse_keyfile(key, given.key.encode(), None), given.key)
        must(tls.mbedtls_ssl_conf_own_cert(conf, chain, key), "certificate")
    if given.datagrams:
        write, check, cookies = None, None, None
        if given.cookie:
            cookies = room()
            tls.mbedtls_ssl_cookie_init(cookies)
            must(tls.mbedtls_ssl_cookie_setup(cookies, *rng), "cookies")
            write, check = tls.mbedtls_ssl_cookie_write, tls.mbedtls_ssl_cookie_check
        tls.mbedtls_ssl_conf_dtls_cookies(conf, write, check, cookies)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    for name in ("cert", "key", "psk", "suites", "curves", "hashes", "dh"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--low", default="TLSv1.2", choices=sorted(MINOR))
    parser.add_argument("--high", default="TLSv1.2", choices=sorted(MINOR))
    for name in ("datagrams", "verify", "truncated-hmac"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("etm", "ems", "cookie"):
        parser.add_argument(f"--no-{name}", dest=name, action="store_false")
    given = parser.parse_args()
    conf = configuration(given)

    def talk(guest: socket.socket) -> None:
        ssl, net, timer = (ctypes.create_string_buffer(ROOM) for _ in range(3))
        net = c_int(guest.fileno())
        tls.mbedtls_ssl_init(ssl)
        must(tls.mbedtls_ssl_setup(ssl, conf), "no memory")
        send, receive, wait = tls.mbedtls_net_send, tls.mbedtls_net_recv, tls.mbedtls_net_recv_timeout
        tls.mbedtls_ssl_set_bio(ssl, ctypes.byref(net), send, None if given.datagrams else receive, wait)
        tls.mbedtls_ssl_set_timer_cb(ssl, timer, crypto.mbedtls_timing_set_delay, crypto.mbedtls_timing_get_delay)
        code = HELLO_VERIFY_REQUIRED
        while code == HELLO_VERIFY_REQUIRED:
            tls.mbedtls_ssl_session_reset(ssl)
            if given.datagrams:
                peer = repr(guest.getpeername()).encode()
                tls.mbedtls_ssl_set_client_transport_id(ssl, peer, c_size_t(len(peer)))
            code = tls.mbedtls_ssl_handshake(ssl)
        if code == 0:
            heard = ctypes.create_string_buffer(1024)
            tls.mbedtls_ssl_read(ssl, heard, c_size_t(1024))
        tls.mbedtls_ssl_free(ssl)

    (serve_datagrams if given.datagrams else serve)(given.port, talk)


if __name__ == "__main__":
    main()

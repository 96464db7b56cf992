"""A server of tlslite-ng, for what no current library does any more: SSLv3, RC4, NULL, drafts."""

import argparse
import socket
from typing import Any

from tlslite import api

from tests.tls_lab.programs.listening import serve

VERSIONS = {"SSLv3": (3, 0), "TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}


def settings(given: argparse.Namespace) -> Any:
    made = api.HandshakeSettings()
    made.minVersion, made.maxVersion = VERSIONS[given.low], VERSIONS[given.high]
    made.versions = [v for v in made.versions if made.minVersion <= v <= made.maxVersion]
    for name, value in (
        ("cipherNames", given.ciphers),
        ("keyExchangeNames", given.exchanges),
        ("macNames", given.macs),
        ("eccCurves", given.curves),
        ("rsaSigHashes", given.hashes),
    ):
        if value:
            setattr(made, name, value.split(","))
    made.useEncryptThenMAC, made.useExtendedMasterSecret = given.etm, given.ems
    made.use_heartbeat_extension = given.heartbeat
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    for name in ("cert", "key", "ciphers", "exchanges", "macs", "curves", "hashes"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--low", default="TLSv1.2", choices=sorted(VERSIONS))
    parser.add_argument("--high", default="TLSv1.2", choices=sorted(VERSIONS))
    for name in ("anon", "verify"):
        parser.add_argument(f"--{name}", action="store_true")
    for name in ("etm", "ems", "heartbeat"):
        parser.add_argument(f"--no-{name}", dest=name, action="store_false")
    given = parser.parse_args()
    chain = key = None
    if given.cert:
        with open(given.cert) as cert, open(given.key) as secret:
            chain = api.X509CertChain([api.X509().parse(cert.read())])
            key = api.parsePEMKey(secret.read(), private=True)
    chosen = settings(given)

    def talk(guest: socket.socket) -> None:
        server = api.TLSConnection(guest)
        server.handshakeServer(certChain=chain, privateKey=key, settings=chosen, anon=given.anon, reqCert=given.verify)
        server.read(max=1024)

    serve(given.port, talk)


if __name__ == "__main__":
    main()

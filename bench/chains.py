"""Who vouches for 1,000 certificates: ours beside ``openssl verify``, over the same roots and in the same run.

A script runs one ``openssl verify`` a certificate; the fair best is one process with all files. Ours is one process,
too, and asks three stores of each chain (the system's, Mozilla's, one that was given). All in processor time,
start-up included but for the last row.
``python -m bench.chains FOLDER`` is that process.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bench.table import Row, milliseconds, times

CERTIFICATES, AUTHORITIES, TURNS = 1000, 10, 3
ONE_BY_ONE = 100
"""Certificates for which a process each is started; the rest would take no less."""
NOW = datetime.now(UTC)


def chains(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about chains of certificates."""
    home.mkdir()
    roots = _make(home)
    leaves = sorted(str(p) for p in home.glob("leaf-*.pem"))
    openssl = ["openssl", "verify", "-CAfile", str(roots), "-untrusted", str(home / "authorities.pem")]
    ours, walking, together, apart = [], [], [], []
    for _ in range(TURNS):
        took, words = _took((sys.executable, "-m", "bench.chains"), [str(home)], env)
        said = json.loads(words)
        walking.append(said["walking"])
        ours.append(took - said["walking"])
        if said["trusted"] != CERTIFICATES:
            sys.exit(f"{said['trusted']} of {CERTIFICATES} chains are trusted")
        together.append(_took(openssl, leaves)[0])
        apart.append(sum(_took(openssl, [leaf])[0] for leaf in leaves[:ONE_BY_ONE]) * CERTIFICATES / ONE_BY_ONE)
    one, many, each = min(ours), min(together), min(apart)
    return [
        Row(
            what=f"{CERTIFICATES} chains, three stores, start-up included",
            measured=milliseconds(one),
            against=f"openssl verify, a process each {milliseconds(each)}",
            ratio=times(each, one),
        ),
        Row(
            what="the same beside the fair best",
            measured=milliseconds(one),
            against=f"openssl verify, one process, one store {milliseconds(many)}",
            ratio=times(many, one),
        ),
        Row(
            what="the walk to that one store alone",
            measured=milliseconds(min(walking)),
            against=f"openssl verify, one process {milliseconds(many)}",
            ratio=times(many, min(walking)),
        ),
    ]


def _took(command: Sequence[str], files: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, str]:
    """Seconds of processor time of a program, start-up included, and what it said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run([*command, *files], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, said


def _make(home: Path) -> Path:
    """The leaves, the authorities above them, and their root beside those of this machine."""
    from iotscan.observe.network.workers.trust import system_file

    key = ec.generate_private_key(ec.SECP256R1())
    root = _issued("Root", key, None, None)
    authorities = [(_issued(f"CA {n}", key, root, key), key) for n in range(AUTHORITIES)]
    for number in range(CERTIFICATES):
        above, signer = authorities[number % AUTHORITIES]
        leaf = _issued(f"device {number}", key, above, signer, is_authority=False)
        pem = leaf.public_bytes(Encoding.PEM)
        (home / f"leaf-{number:04}.pem").write_bytes(pem)
        (home / f"chain-{number:04}.pem").write_bytes(pem + above.public_bytes(Encoding.PEM))
    (home / "authorities.pem").write_bytes(b"".join(a.public_bytes(Encoding.PEM) for a, _ in authorities))
    others = Path(system_file()).read_bytes() if system_file() else b""
    roots = home / "roots.pem"
    roots.write_bytes(others + root.public_bytes(Encoding.PEM))
    return roots


def _issued(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    above: x509.Certificate | None,
    signer: ec.EllipticCurvePrivateKey | None,
    *,
    is_authority: bool = True,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        above.subject if above else subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        NOW - timedelta(1),
        NOW + timedelta(90),
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(f"{name.replace(' ', '-')}.example.com")])
    return builder.add_extension(names, critical=False).sign(signer or key, hashes.SHA256())


def main(folder: Path) -> None:
    """Judge every chain of a folder, and walk every one once more to one store alone."""
    from iotscan.observe.network.workers.trust import judge
    from iotscan.wire.paths.anchors import read_anchors
    from iotscan.wire.paths.certified import certified
    from iotscan.wire.paths.walking import walk

    stores = [("roots.pem", str(folder / "roots.pem"))]
    read = [_ders(file) for file in sorted(folder.glob("chain-*.pem"))]
    trusted = sum(judge(ders, stores)["is_private"] for ders in read)
    certified.cache_clear()
    began = time.process_time()
    anchors = read_anchors((folder / "roots.pem").read_bytes())
    for ders in read:
        leaf, *others = map(certified, ders)
        walk(leaf, others, anchors, NOW)
    print(json.dumps({"trusted": trusted, "walking": time.process_time() - began}))


def _ders(file: Path) -> list[bytes]:
    return [c.public_bytes(Encoding.DER) for c in x509.load_pem_x509_certificates(file.read_bytes())]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

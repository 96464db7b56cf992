"""Zones for an authoritative server: one with CAA and unsigned, one signed under a parent that vouches for its key.

Signed by ldns, with keys that are made here. Of ``signed.example``: ``iot`` has the TLSA record of its key, ``old``
that of another, ``open`` none; no CAA stands anywhere in it.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path

NAMES = ("example", "acme.example", "signed.example")
TOOLS = {"ldns-keygen": "ldnsutils", "ldns-signzone": "ldnsutils"}
_HEAD = "$ORIGIN {name}.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A {server}\n"


def write(folder: Path, server: str, hosts: Mapping[str, str], keys: Mapping[str, str]) -> None:
    """Put ``NAME.zone`` files into ``folder``; ``keys`` are the SHA-256 of the public keys of hosts."""
    own = {name: [f"{h}. A {a}" for h, a in hosts.items() if h.endswith(f".{name}")] for name in NAMES[1:]}
    own["acme.example"] += ['@ CAA 0 issue "ca.acme.example"', '@ CAA 0 iodef "mailto:security@acme.example"']
    own["acme.example"] += [f"_443._tcp.wrong TLSA 3 1 1 {'ab' * 32}"]
    own["signed.example"] += [f"_443._tcp.old.signed.example. TLSA 3 1 1 {'ab' * 32}"]
    own["signed.example"] += [f"_443._tcp.{host}. TLSA 3 1 1 {key}" for host, key in keys.items()]
    for name, lines in own.items():
        text = _HEAD.format(name=name, server=server) + "\n".join([*lines, ""])
        (folder / f"{name}.zone").write_text(text)
    delegations = [f"{name} NS ns.{name}.example.\nns.{name} A {server}" for name in ("acme", "signed")]
    parent = _HEAD.format(name="example", server=server) + "\n".join([*delegations, _sign(folder), ""])
    (folder / "example.zone").write_text(parent)


def _sign(folder: Path) -> str:
    """Sign ``signed.example`` in its place; the DS record for the zone above."""
    make = ["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "signed.example"]
    key = subprocess.run(make, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    sign = ["ldns-signzone", "-f", "signed.zone", "signed.example.zone", key]
    subprocess.run(sign, cwd=folder, check=True, capture_output=True)
    (folder / "signed.zone").replace(folder / "signed.example.zone")
    return (folder / f"{key}.ds").read_text()

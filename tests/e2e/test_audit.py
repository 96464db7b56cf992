"""The audit log of whole scans: it holds what the run says it cost, and ``audit verify`` tells when it was changed."""

from collections import Counter
from pathlib import Path
from shutil import copytree

import msgspec

from iotscan.model.audit import Entry, Send
from iotscan.store.audit import NAME
from tests.e2e.conftest import Scanned
from tests.program import run_iotscan

HANDSHAKE, FRAME = 1200, 64
"""Bytes that our side of a TLS handshake has at most (hello, key exchange, Finished, alert), and that a record adds."""


def sends(scanned: Scanned) -> list[Send]:
    lines = (scanned.folder / NAME).read_bytes().splitlines()
    return [e.send for e in (msgspec.json.decode(line, type=Entry) for line in lines) if e.send]


def test_the_log_counts_what_the_run_cost(scanned: Scanned) -> None:
    logged: Counter[tuple[str, str]] = Counter((s.to, s.kind) for s in sends(scanned))
    sent: Counter[str] = Counter()
    for send in sends(scanned):
        sent[send.to] += send.length if send.kind in ("payload", "datagram") else 0
    assert scanned.run.devices
    for device in scanned.run.devices:
        cost = scanned.run.costs[device.id]
        told = {k: sum(logged[a, k] for a in device.addresses) for k in ("knock", "connect", "datagram")}
        assert told == {"knock": cost.attempts, "connect": cost.connections, "datagram": cost.datagrams}, device.address
        # What could not be sent any more was written down, too. What TLS adds is in the cost alone: a handshake each,
        # and a frame around each payload.
        handshakes, payloads = (sum(logged[a, kind] for a in device.addresses) for kind in ("tls", "payload"))
        unlogged = (HANDSHAKE * handshakes + FRAME * payloads) if handshakes else 0
        assert sum(sent[a] for a in device.addresses) + unlogged >= cost.bytes_sent, device.address


def test_every_send_names_its_probe_and_no_login_its_hash(scanned: Scanned) -> None:
    probes = {s.probe for s in sends(scanned)}
    assert "" not in probes
    assert {"discovery/1", "sweep/1", "identify/1", "tls/3", "certificate/3", "http/1", "login/2"} <= probes
    logins = [s for s in sends(scanned) if s.probe == "login/2"]
    assert logins
    assert not any(s.sha256 for s in logins)
    assert any(s.sha256 for s in sends(scanned) if s.probe == "certificate/3"), "sslyze went past the log"


def test_verify(scanned: Scanned, home: Path, tmp_path: Path) -> None:
    assert scanned.run.audit_root in scanned.err
    whole = run_iotscan("audit", "verify", scanned.folder, "--root", scanned.run.audit_root, home=home)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith("whole: ")
    copy = copytree(scanned.folder, tmp_path / "copy")
    lines = (copy / NAME).read_bytes().splitlines(keepends=True)
    (copy / NAME).write_bytes(b"".join([*lines[:7], *lines[8:]]))
    broken = run_iotscan("audit", "verify", copy, home=home)
    assert (broken.returncode, broken.stderr) == (1, "")
    assert f"{NAME}:8 does not follow the line before" in broken.stdout
    (copy / NAME).unlink()
    none = run_iotscan("audit", "verify", copy, home=home)
    assert (none.returncode, none.stdout) == (2, "")
    assert len(none.stderr.splitlines()) == 1

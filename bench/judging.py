"""A stored run of 500 devices and 100 checks: judging it against loading its JSON, and what that takes in memory.

``python -m bench.judging`` prints the figures of one process; the rows come from such a child, so that its peak
memory is its own.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice

import msgspec

from bench.table import Row, milliseconds, times
from iotscan.assess.check import Check
from iotscan.assess.judging import judge
from iotscan.assess.profile import load_profile
from iotscan.assess.registry import load_checks
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Service
from iotscan.model.facts import (
    VERSIONS,
    AnyFact,
    Certificate,
    CertificateChain,
    HostKey,
    HttpServer,
    OpenService,
    PortSweep,
    SshServer,
    Suite,
    TlsEndpoint,
)
from iotscan.model.observation import Observation, observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject

DEVICES, CHECKS, TURNS = 500, 100, 3
AS_OF = datetime(2026, 11, 22, tzinfo=UTC)


def judging(env: Mapping[str, str]) -> list[Row]:
    """The rows about a stored run."""
    command = (sys.executable, "-m", "bench.judging")
    said = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(said)
    load, loads = found["load"], found["loads"]
    size = f"{found['bytes'] / 2**20:.1f} MiB, {found['results']:,} results"
    return [
        Row(what=f"load with msgspec ({size})", measured=milliseconds(load), target=""),
        Row(
            what="json.loads of the same",
            measured=milliseconds(loads),
            against=f"msgspec {milliseconds(load)}",
            ratio=times(loads, load),
        ),
        Row(
            what=f"judge: {DEVICES} devices x {CHECKS} checks",
            measured=milliseconds(found["judge"]),
            against=f"json.loads {milliseconds(loads)}",
            ratio=times(found["judge"], loads),
        ),
        Row(
            what="  and against msgspec",
            measured=milliseconds(found["judge"]),
            against=f"msgspec {milliseconds(load)}",
            ratio=times(found["judge"], load),
        ),
        Row(
            what="peak memory (RSS) of judging",
            measured=f"{found['peak'] / 2**20:.0f} MiB",
            against=f"before {found['before'] / 2**20:.0f} MiB",
            ratio=times(found["peak"], found["before"]),
        ),
    ]


def stored_run(devices: int = DEVICES) -> Run:
    """A run of devices with a web server, TLS, a certificate and SSH each, before anything was judged."""
    made = [_device(number) for number in range(devices)]
    scope = Scope(include=("10.0.0.0/16",))
    return Run(
        id="bench",
        tool=Tool(version="bench"),
        status="complete",
        command="scan",
        started=AS_OF.isoformat(),
        finished=AS_OF.isoformat(),
        as_of=AS_OF.isoformat(),
        targets=("10.0.0.0/16",),
        scope=scope,
        scope_sha256="",
        profile=ProfileInfo(id="default", version="1"),
        devices=tuple(device for device, _ in made),
        observations=tuple(o for _, seen in made for o in seen),
    )


def many_checks(number: int = CHECKS) -> tuple[Check, ...]:
    """Our checks, over and over under other ids."""
    ours = load_checks().checks
    named = enumerate(islice(cycle(ours), number))
    return tuple(_called(check, f"{check.info.id}-{n:03}" if n >= len(ours) else check.info.id) for n, check in named)


def _called(check: Check, name: str) -> Check:
    return msgspec.structs.replace(check, info=msgspec.structs.replace(check.info, id=name))


def _device(number: int) -> tuple[Device, list[Observation]]:
    address = f"10.0.{number // 250}.{number % 250 + 1}"
    spoken = {22: "ssh", 80: "http", 443: "https"}
    device = Device(
        id=f"dev-{number:04}",
        addresses=(address,),
        mac=f"00:11:22:33:{number // 256:02x}:{number % 256:02x}",
        services=tuple(Service(transport="tcp", port=p, protocol=name) for p, name in spoken.items()),
    )
    home = Subject(device=device.id, address=address)
    facts: list[tuple[int, AnyFact]] = [(0, PortSweep(open=tuple(spoken), closed=tuple(range(1000, 1090))))]
    facts += [(port, OpenService(protocol=name)) for port, name in spoken.items()]
    facts += [(80, HttpServer(tls=False, status=200)), (443, HttpServer(tls=True, status=200))]
    facts += [(443, _tls()), (443, _chain(number)), (22, _ssh(number))]
    at = {port: msgspec.structs.replace(home, service=f"tcp/{port}" if port else "") for port, _ in facts}
    return device, [observe(fact, at[port], probe="bench/1") for port, fact in facts]


def _tls() -> TlsEndpoint:
    yes, no = Answer[bool].of(True), Answer[bool].of(False)
    return TlsEndpoint(
        versions=dict(zip(VERSIONS, (no, yes, yes, yes, no), strict=True)),
        selected=(Suite(version="TLSv1.2", code=0x002F, name="TLS_RSA_WITH_AES_128_CBC_SHA"),),
        forward_secrecy=yes,
        without_forward_secrecy=yes,
        prefers_forward_secrecy=no,
        plain_psk=no,
        psk_forward_secrecy=no,
        broken_ciphers=no,
        weak_ciphers=no,
        aead=yes,
        secure_renegotiation=yes,
        extended_master_secret=yes,
        compression=no,
    )


def _chain(number: int) -> CertificateChain:
    leaf = Certificate(
        subject=f"CN=device-{number}",
        issuer="CN=maker",
        serial=str(number),
        not_before=AS_OF - timedelta(days=900),
        not_after=AS_OF + timedelta(days=2700),
        key_type="rsa",
        key_bits=2048,
        signature_hash="sha256",
        sha256=f"{number:064x}",
        spki_sha256=f"{number:064x}",
    )
    no = Answer[bool].of(False)
    return CertificateChain(certificates=(leaf,), trusted=no, ocsp_stapled=no, engine="hello")


def _ssh(number: int) -> SshServer:
    key = HostKey(algorithm="ssh-ed25519", bits=0, sha256=f"{number:064x}")
    return SshServer(
        protocol="2.0",
        software="dropbear",
        kex=("curve25519-sha256", "diffie-hellman-group14-sha1"),
        host_key_algorithms=("ssh-ed25519",),
        ciphers=("aes128-ctr", "chacha20-poly1305@openssh.com"),
        macs=("hmac-sha1",),
        host_keys=Answer[tuple[HostKey, ...]].of((key,)),
    )


def _fastest(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(TURNS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Measure in this process and print the figures as JSON."""
    checks, profile = many_checks(), load_profile("default")
    raw = stored_run()
    before = _peak()
    whole = judge(raw, checks, profile, as_of=AS_OF)
    body = msgspec.json.encode(whole)
    figures = {"bytes": len(body), "results": len(whole.results), "before": before}
    del whole
    figures["loads"] = _fastest(lambda: json.loads(body))
    figures["load"] = _fastest(lambda: msgspec.json.decode(body, type=Run))
    figures["judge"] = _fastest(lambda: judge(raw, checks, profile, as_of=AS_OF))
    figures["peak"] = _peak()
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

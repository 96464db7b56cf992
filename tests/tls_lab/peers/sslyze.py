"""sslyze, its full scanner, in a process of its own."""

import importlib.metadata
import json
import subprocess
import sys

from sslyze import (
    ProtocolWithOpportunisticTlsEnum,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
    ServerScanResult,
)

from tests.tls_lab.peers.verdicts import Verdicts, listed, of_suites, yes
from tests.tls_lab.running import ROOT

_SUITES = {
    "ssl_2_0_cipher_suites": "SSLv2",
    "ssl_3_0_cipher_suites": "SSLv3",
    "tls_1_0_cipher_suites": "TLSv1.0",
    "tls_1_1_cipher_suites": "TLSv1.1",
    "tls_1_2_cipher_suites": "TLSv1.2",
    "tls_1_3_cipher_suites": "TLSv1.3",
}
_FLAGS = {
    "ems": ("tls_extended_master_secret", "supports_ems_extension"),
    "renegotiation": ("session_renegotiation", "supports_secure_renegotiation"),
    "compression": ("tls_compression", "supports_compression"),
    "scsv": ("tls_fallback_scsv", "supports_fallback_scsv"),
}


def version() -> str:
    return importlib.metadata.version("sslyze")


def ask(host: str, port: int, opening: str) -> Verdicts:
    """Scan in a child: sslyze keeps threads and memory."""
    command = [sys.executable, "-m", "tests.tls_lab.peers.sslyze", host, str(port), opening]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)
    if done.returncode:
        raise AssertionError(f"sslyze ended: {done.stderr[-2000:]}")
    said: Verdicts = json.loads(done.stdout.splitlines()[-1])
    return said


def scan(host: str, port: int, opening: str) -> Verdicts:
    wrapper = ProtocolWithOpportunisticTlsEnum[opening.upper()] if opening else None
    where = ServerNetworkLocation(hostname=host, port=port)
    how = ServerNetworkConfiguration(tls_server_name_indication=host, tls_opportunistic_encryption=wrapper)
    scanner = Scanner()
    scanner.queue_scans([ServerScanRequest(server_location=where, network_configuration=how)])
    for result in scanner.get_results():
        return _read(result)
    raise AssertionError("no result")


def _read(result: ServerScanResult) -> Verdicts:
    if result.scan_result is None or result.connectivity_result is None:
        return {"versions": "no connection"}
    versions, names, primes = [], set(), []
    for field, version in _SUITES.items():
        found = getattr(result.scan_result, field).result
        accepted = found.accepted_cipher_suites if found else []
        versions += [version] if accepted else [] if found else [f"{version} (error)"]
        names |= {suite.cipher_suite.name for suite in accepted if version != "SSLv2"}
        keys = [suite.ephemeral_key for suite in accepted if suite.ephemeral_key]
        primes += [key.size for key in keys if key.type_name == "DH"]
    said = {"versions": listed(versions), "dh": str(min(primes)) if primes else "none"} | of_suites(names)
    # It has no pre-shared-key suite to offer.
    del said["psk"]
    for question, (field, flag) in _FLAGS.items():
        attempt = getattr(result.scan_result, field)
        said[question] = yes(getattr(attempt.result, flag)) if attempt.result else "error"
    said["client certificate"] = yes(result.connectivity_result.client_auth_requirement.name != "DISABLED")
    return said


if __name__ == "__main__":
    print(json.dumps(scan(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")))

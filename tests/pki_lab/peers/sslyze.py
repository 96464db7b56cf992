"""sslyze's certificate_info, in a process of its own, of chains that nginx shows.

It judges a path for the name that it asks for: who is named otherwise is refused, and what it says of the name is not
known besides.
"""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.x509.ocsp import OCSPResponseStatus
from sslyze import (
    CertificateInfoExtraArgument,
    ScanCommand,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
)
from sslyze.plugins.certificate_info._cert_chain_analyzer import CertificateDeploymentAnalysisResult

from tests.pki_lab.peers.cases import NAME, NONE, REFUSED, TRUSTED, Verdicts, yes
from tests.pki_lab.serving import HOST
from tests.tls_lab.running import ROOT


def version() -> str:
    return importlib.metadata.version("sslyze")


def ask(ports: Mapping[str, int], store: Path) -> dict[str, Verdicts]:
    """Of every server by its name; empty where it met none."""
    command = [sys.executable, "-m", "tests.pki_lab.peers.sslyze", str(store), json.dumps(ports)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=ROOT)
    if done.returncode:
        raise AssertionError(f"sslyze ended: {done.stderr[-2000:]}")
    said: dict[str, Verdicts] = json.loads(done.stdout.splitlines()[-1])
    return said


def scan(ports: Mapping[str, int], store: Path) -> dict[str, Verdicts]:
    names = {port: name for name, port in ports.items()}
    scanner = Scanner(concurrent_server_scans_limit=2)
    scanner.queue_scans([_request(port, store) for port in names])
    said: dict[str, Verdicts] = {}
    for result in scanner.get_results():
        found = result.scan_result.certificate_info.result if result.scan_result else None
        deployment = found.certificate_deployments[0] if found else None
        said[names[result.server_location.port]] = _read(deployment) if deployment else {}
    return said


def _request(port: int, store: Path) -> ServerScanRequest:
    return ServerScanRequest(
        server_location=ServerNetworkLocation(hostname=HOST, port=port),
        network_configuration=ServerNetworkConfiguration(tls_server_name_indication=NAME),
        scan_commands={ScanCommand.CERTIFICATE_INFO},
        scan_commands_extra_arguments=ScanCommandsExtraArguments(
            certificate_info=CertificateInfoExtraArgument(custom_ca_file=store)
        ),
    )


def _read(found: CertificateDeploymentAnalysisResult) -> Verdicts:
    said = {
        "path": TRUSTED if any(p.was_validation_successful for p in found.path_validation_results) else REFUSED,
        "staple": yes(found.leaf_certificate_has_must_staple_extension),
        "scts": str(found.leaf_certificate_signed_certificate_timestamps_count),
    }
    if found.received_chain_has_valid_order is not None:
        said["order"] = yes(found.received_chain_has_valid_order)
    if found.verified_chain_has_sha1_signature is not None:
        said["sha1"] = yes(found.verified_chain_has_sha1_signature)
    if found.ocsp_response is not None:
        is_answer = found.ocsp_response.response_status is OCSPResponseStatus.SUCCESSFUL
        is_trusted = found.ocsp_response_is_trusted and is_answer
        said["status"] = found.ocsp_response.certificate_status.name.lower() if is_trusted else NONE
    return said


if __name__ == "__main__":
    print(json.dumps(scan(json.loads(sys.argv[2]), Path(sys.argv[1]))))

"""The worker that holds sslyze: one finished handshake for a certificate chain, and what trust says of it.

It dials nothing but the CONNECT proxy that its job names. Started by :mod:`.worker`; jobs:

``{"do": "read", "proxy": {host, port, user, password}, "host", "port", "server_name", "versions"}`` →
``{"certificates": [base64 DER], "is_stapled": bool, "version", "trust": …}``

``{"do": "trust", "certificates": [base64 DER]}`` → ``{"trust": {"is_trusted": bool, "detail"}}``

The scan that sslyze's own ``Scanner`` makes for this opens seven connections; its parts, called one
by one, need a single one.
"""

import base64
import ctypes
import os
import signal
import ssl
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from iotscan.observe.network.workers import protocol
from iotscan.observe.network.workers.protocol import Request, Response

NETWORK_TIMEOUT = 3
_PR_SET_PDEATHSIG = 1
_VERSIONS = {"SSLv3": "SSL_3_0", "TLSv1.0": "TLS_1_0", "TLSv1.1": "TLS_1_1", "TLSv1.2": "TLS_1_2", "TLSv1.3": "TLS_1_3"}


class Impossible(Exception):
    """The job cannot be done; the text says why."""


def read_chain(job: dict[str, Any]) -> dict[str, Any]:
    """Finish a handshake in the first of ``versions`` that works and return the chain. Raises Impossible."""
    said = "no version to try"
    for version in job["versions"]:
        try:
            pems, is_stapled = _shake_hands(job, version)
        except Exception as error:
            said = f"{version}: {type(error).__name__}"
            continue
        chain = [ssl.PEM_cert_to_DER_cert(pem) for pem in pems]
        if chain:
            return {
                "certificates": [base64.b64encode(der).decode() for der in chain],
                "is_stapled": is_stapled,
                "version": version,
                "trust": judge(chain),
            }
        said = f"{version}: no certificate"
    raise Impossible(f"no handshake was finished ({said})")


def _shake_hands(job: dict[str, Any], version: str) -> tuple[list[str], bool]:
    from nassl.ssl_client import ClientCertificateRequested
    from sslyze import HttpProxySettings, ServerNetworkConfiguration, ServerNetworkLocation, TlsVersionEnum
    from sslyze.connection_helpers.tls_connection import SslConnection

    proxy, name = job["proxy"], job["server_name"]
    connection = SslConnection(
        ServerNetworkLocation(
            hostname=job["host"],
            port=job["port"],
            http_proxy_settings=HttpProxySettings(proxy["host"], proxy["port"], proxy["user"], proxy["password"]),
        ),
        ServerNetworkConfiguration(
            tls_server_name_indication=name or job["host"],
            network_timeout=NETWORK_TIMEOUT,
            network_max_retries=1,
        ),
        tls_version=TlsVersionEnum[_VERSIONS[version]],
        should_ignore_client_auth=True,
        should_enable_server_name_indication=bool(name),
    )
    client = connection.ssl_client
    client.set_tlsext_status_ocsp()
    try:
        connection.connect(should_retry_connection=False)
    except ClientCertificateRequested:
        pass  # The server's own chain has come by then.
    finally:
        pems, stapled = _received(client)
        connection.close()
    return pems, stapled


def _received(client: Any) -> tuple[list[str], bool]:
    try:
        return list(client.get_received_chain()), client.get_tlsext_status_ocsp_resp() is not None
    except ValueError:
        return [], False


def judge(chain: list[bytes]) -> dict[str, Any]:
    """Whether the chain leads to a root of a public store (Mozilla, Apple, Android, Windows, Java).

    The name and the date are other questions: the leaf is tried under a name of its own, at a time
    when it was valid. ``is_trusted`` is None where the leaf cannot be read.
    """
    from cryptography import x509
    from sslyze.plugins.certificate_info.trust_stores.trust_store_repository import TrustStoresRepository

    try:
        leaf = x509.load_der_x509_certificate(chain[0])
        subject, when = _own_name(leaf), _time_within(leaf)
    except Exception:
        return {"is_trusted": None, "detail": "the certificate cannot be read"}
    if subject is None:
        return {"is_trusted": False, "detail": "the certificate names no host"}
    pems = [ssl.DER_cert_to_PEM_cert(der) for der in chain]
    said = ""
    for store in TrustStoresRepository.get_default().get_all_stores():
        try:
            result = store.verify_certificate_chain(pems, subject, when)
        except ValueError:
            return {"is_trusted": None, "detail": "a certificate of the chain cannot be read"}
        if result.was_validation_successful:
            return {"is_trusted": True, "detail": f"leads to a root of the {store.name} store"}
        said = result.validation_error or said
    # What follows in brackets repeats the certificate as the library shows it.
    said = "signed by itself" if leaf.subject == leaf.issuer else said.partition(" (encountered")[0]
    # "Candidates exhausted" is the library's way to say just this.
    more = "" if "candidates exhausted" in said else f": {said}"
    return {"is_trusted": False, "detail": f"leads to no root of a public store{more}"}


def _own_name(leaf: Any) -> Any:
    from cryptography import x509

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    for name in names:
        if isinstance(name, x509.DNSName):
            return x509.DNSName(name.value.replace("*", "any", 1))
        if isinstance(name, x509.IPAddress):
            return name
    return None


def _time_within(leaf: Any) -> datetime:
    first: datetime = leaf.not_valid_before_utc
    last: datetime = leaf.not_valid_after_utc
    return max(first, min(datetime.now(UTC), last - timedelta(seconds=1)))


def work(request: Request) -> Response:
    """Do one job; whatever goes wrong becomes the text of its answer."""
    try:
        job = request.job
        if job.get("do") == "trust":
            chain = [base64.b64decode(der) for der in job["certificates"]]
            return Response(id=request.id, result={"trust": judge(chain)})
        return Response(id=request.id, result=read_chain(job))
    except Impossible as error:
        return Response(id=request.id, error=str(error))
    except Exception as error:
        return Response(id=request.id, error=f"sslyze broke ({type(error).__name__})")


def serve(source: BinaryIO, sink: BinaryIO, scope: str) -> None:
    """Answer requests until the other side closes."""
    while head := source.read(protocol.HEAD.size):
        request = protocol.unpack(source.read(protocol.frame_length(head)), Request)
        is_ours = request.scope == scope
        response = work(request) if is_ours else Response(id=request.id, error="another scope than mine")
        sink.write(protocol.pack(response))
        sink.flush()


def main() -> None:
    """Serve on stdin and stdout, and die with the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Whatever a library prints must not get between our frames.
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink, sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    main()

"""One finished handshake through sslyze's parts, and what only it shows. Runs in the worker alone.

sslyze's own ``Scanner`` opens seven connections for the chain and some thirty for the rest; its parts,
called one by one, need one connection for the chain, staple, ticket and early data together, and one
to resume and to renegotiate.
"""

import base64
import re
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from nassl.ssl_client import BaseSslClient, ClientCertificateRequested
from sslyze import HttpProxySettings, ServerNetworkConfiguration, ServerNetworkLocation, TlsVersionEnum
from sslyze.connection_helpers.tls_connection import SslConnection

NETWORK_TIMEOUT = 3
"""Seconds that one read waits."""
_RENEGOTIATION_TIMEOUT = 2
_LEAVING = 0.05
"""Seconds that a server gets at least to end a connection unasked."""
_ALERT = b"\x15"
_ALERT_TEXT = re.compile(r"alert ([a-z ]{3,40})")
_NAME = 400
"""Characters of a name of an authority."""
_TICKETS_WAIT = 0.3
"""Seconds that a server gets at least for its tickets after a TLS 1.3 handshake; twice the handshake's own where that
is longer."""
_AUTHORITIES = 64
"""Names of authorities that are handed on."""
_STAPLE_CAP = 128 * 1024
_KEPT = 64
"""Sessions that wait to be resumed."""
_VERSIONS = {"SSLv3": "SSL_3_0", "TLSv1.0": "TLS_1_0", "TLSv1.1": "TLS_1_1", "TLSv1.2": "TLS_1_2", "TLSv1.3": "TLS_1_3"}


class Impossible(Exception):
    """The job cannot be done; the text says why."""


class Handshakes:
    """Finishes handshakes, and keeps their sessions until they are resumed."""

    def __init__(self) -> None:
        self._sessions: dict[str, Any] = {}

    def finish(self, job: dict[str, Any]) -> dict[str, Any]:
        """One connection. Raises :class:`Impossible` where it shows not even a certificate.

        ``job``: ``version``, ``proxy``, ``host``, ``port``, ``server_name``, ``keep`` (a name under which the session
        is kept) or ``resume`` (the name it was kept under), and ``renegotiate``.
        """
        version = job["version"]
        connection = _connection(job)
        client = connection.ssl_client
        client.set_tlsext_status_ocsp()
        earlier = self._sessions.pop(job["resume"], None) if job.get("resume") else None
        if earlier is not None:
            client.set_session(earlier)
        elif job.get("resume"):
            raise Impossible("the worker was replaced in between, and the session with it")
        began = time.monotonic()
        try:
            asks, authorities, failure = _handshake(connection)
            shown: dict[str, Any] = _certificates(client) | {
                "version": version,
                "suite": _suite(client, version),
                "asks_certificate": asks,
                "authorities": [name[:_NAME] for name in authorities[:_AUTHORITIES]],
                "authorities_sent": len(authorities),
                "is_finished": not failure,
                "failure": failure,
            }
            if failure and not shown["certificates"]:
                raise Impossible(failure)
            if not failure:
                shown |= self._afterwards(client, job, earlier, time.monotonic() - began)
            return shown
        finally:
            _close(client)

    def _afterwards(self, client: Any, job: dict[str, Any], earlier: Any, took: float) -> dict[str, Any]:
        is_13 = job["version"] == "TLSv1.3"
        resumed = None if earlier is None else _is_same(earlier.as_text(), client.get_session().as_text())
        after = _take_tickets(client, max(_TICKETS_WAIT, 2 * took)) if is_13 else ""
        session = client.get_session()
        if job.get("keep"):
            self._sessions[job["keep"]] = session
            for name in list(self._sessions)[:-_KEPT]:
                del self._sessions[name]
        return {
            "resumed": resumed,
            "after": after,
            "has_ticket": _has_ticket(session),
            "ticket_lifetime": _lifetime(session.as_text()),
            "early_data": session.get_max_early_data() if is_13 and _has_ticket(session) else None,
            "is_resumable": _has_ticket(session) or bool(_line(session.as_text(), "Session-ID:")),
            "renegotiation": _renegotiate(client, took) if job.get("renegotiate") and not is_13 else "",
        }


def _connection(job: dict[str, Any]) -> SslConnection:
    proxy, name = job["proxy"], job["server_name"]
    return SslConnection(
        ServerNetworkLocation(
            hostname=job["host"],
            port=job["port"],
            http_proxy_settings=HttpProxySettings(proxy["host"], proxy["port"], proxy["user"], proxy["password"]),
        ),
        ServerNetworkConfiguration(
            tls_server_name_indication=name or job["host"],
            network_timeout=NETWORK_TIMEOUT + job.get("opening_seconds", 0),
            network_max_retries=1,
        ),
        tls_version=TlsVersionEnum[_VERSIONS[job["version"]]],
        should_ignore_client_auth=False,
        should_enable_server_name_indication=bool(name),
    )


def _handshake(connection: SslConnection) -> tuple[bool, list[str], str]:
    """Whether a client certificate was asked for, of which authorities, and what kept the handshake from its end.

    The authorities are in OpenSSL's one-line form.
    """
    client = connection.ssl_client
    asks, failure = False, ""
    authorities: list[str] = []
    try:
        connection.connect(should_retry_connection=False)
    except ClientCertificateRequested as request:
        # Now that we know it, go on without one. The list can be read once, and this is it.
        asks = True
        authorities = [str(name) for name in request._ca_list]
        client._ssl_ctx.set_client_cert_cb_NULL()
        try:
            client.do_handshake()
        except Exception as error:
            failure = _told(error)
    except Exception as error:
        failure = _told(error)
    if not failure:
        with suppress(OSError):
            # What we say last is not on its way yet: without it the server has finished nothing, and sends no ticket.
            client._flush_ssl_engine()
    return asks, authorities, failure


def _told(error: Exception) -> str:
    # The library's own words for it, and nothing that a device said.
    text = getattr(error, "error_message", "") or str(error)
    return f"{type(error).__name__}: {text.rpartition(':')[2].strip()[:80]}"


def _certificates(client: BaseSslClient) -> dict[str, Any]:
    try:
        pems = list(client.get_received_chain())
    except (ValueError, TypeError):
        pems = []
    staple = _staple(client) if pems else b""
    chain = [base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode() for pem in pems]
    return {
        "certificates": chain,
        "is_stapled": bool(staple),
        "staple": base64.b64encode(staple[:_STAPLE_CAP]).decode(),
    }


def _staple(client: BaseSslClient) -> bytes:
    """The stapled OCSP response of the leaf; empty without one, and for what OpenSSL cannot read as one."""
    try:
        response = client.get_tlsext_status_ocsp_resp()
        return bytes(response.as_der_bytes()) if response is not None else b""
    except Exception:
        return b""


def _suite(client: BaseSslClient, version: str) -> str:
    """The IANA name of the suite; OpenSSL's own where sslyze does not know it."""
    from sslyze.plugins.openssl_cipher_suites.cipher_suites import _OPENSSL_TO_RFC_NAMES_MAPPING

    name = client.get_current_cipher_name() or ""
    # OpenSSL calls the suites of TLS 1.3 by their right names.
    known = _OPENSSL_TO_RFC_NAMES_MAPPING.get(TlsVersionEnum[_VERSIONS[version]], {})
    return str(known.get(name, name))


def _take_tickets(client: Any, seconds: float) -> str:
    """Read until the first ticket of a TLS 1.3 server has come, or nothing has for a while.

    Returns what came: ``ticket``, ``data``, ``alert certificate required`` …, ``closed``, or empty for nothing. Only
    here does such a server say that it wanted a certificate: our handshake was over before it had read what we sent.
    """
    until = time.monotonic() + seconds
    after = ""
    while (left := until - time.monotonic()) > 0 and not _has_ticket(client.get_session()):
        client._sock.settimeout(left)
        try:
            client.read(1024)
            after = "data"
        except Exception as error:  # what it says inside the connection is for others to read
            after = after or _ending(error)
            break
    client._sock.settimeout(NETWORK_TIMEOUT)
    return "ticket" if _has_ticket(client.get_session()) else after


def _ending(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return ""
    if isinstance(error, ClientCertificateRequested):
        # So nassl words the two alerts that nobody sends for another reason.
        return "alert certificate required"
    found = _ALERT_TEXT.search(str(error))
    return f"alert {found[1]}" if found else "closed"


def _renegotiate(client: Any, took: float) -> str:
    """``accepted``, ``refused``, or why neither can be said. ``took`` is how many seconds the handshake did."""
    if _is_left(client, min(max(_LEAVING, took), NETWORK_TIMEOUT)):
        # Hanging up is how some refuse: who does so unasked has refused nothing.
        return "the server had already ended the connection"
    client._sock.settimeout(_RENEGOTIATION_TIMEOUT)
    try:
        client._ssl.renegotiate()
        client.do_handshake()
    except TimeoutError:
        return "the server was silent"
    except (ConnectionError, ClientCertificateRequested) as error:
        return "accepted" if isinstance(error, ClientCertificateRequested) else "refused"
    except Exception as error:
        said = str(error)
        is_refused = any(word in said for word in ("no renegotiation", "alert", "shut down by peer", "did not send"))
        return "refused" if is_refused else f"our own library gave up ({_told(error)})"
    return "accepted"


def _is_left(client: Any, seconds: float) -> bool:
    """Whether the server ends the connection right after the handshake: by an alert, or by closing."""
    client._sock.settimeout(seconds)
    try:
        return client._sock.recv(1, socket.MSG_PEEK) in (b"", _ALERT)
    except TimeoutError:
        return False
    except OSError:
        return True


def _has_ticket(session: Any) -> bool:
    return "TLS session ticket:" in session.as_text()


def _lifetime(session: str) -> int | None:
    words = _line(session, "TLS session ticket lifetime hint:").split()
    return int(words[0]) if words and words[0].isdecimal() else None


def _is_same(before: str, after: str) -> bool:
    """Whether a handshake went on from a session: up to TLS 1.2 its master secret stays, in 1.3 its identity does."""
    label = "Session-ID:" if "TLSv1.3" in before else "Master-Key:"
    return bool(_line(before, label)) and _line(before, label) == _line(after, label)


def _line(session: str, label: str) -> str:
    return session.partition(label)[2].partition("\n")[0].strip()


def _close(client: Any) -> None:
    """Take leave as is proper: a server forgets the session of a connection that just broke off."""
    with suppress(Exception):
        client._ssl.shutdown()
        client._flush_ssl_engine()
    with suppress(Exception):
        client._sock.close()

"""Many TLS servers on loopback: one nginx, an address each, modern and legacy configurations in turn."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import msgspec

from tests.lan.certificates import Key, make_ec_key, make_rsa_key, self_sign

_PREFIX = "127.80"
SPACE = f"{_PREFIX}.0.0/17"
PORT = 8443
_STATUS = f"{_PREFIX}.255.1:8080"
_START_SECONDS = 10.0
_CLIENTS = 4096


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One way to set up a server: ``protocols`` and ``ciphers`` in the words of nginx."""

    name: str
    key: str
    protocols: str
    ciphers: str


KINDS = (
    Kind(name="modern-ecdsa", key="ecdsa", protocols="TLSv1.2 TLSv1.3", ciphers="ECDHE+AESGCM:ECDHE+CHACHA20"),
    Kind(name="usual-rsa", key="rsa", protocols="TLSv1.2 TLSv1.3", ciphers="HIGH:!aNULL:!MD5"),
    Kind(name="legacy-rsa", key="rsa", protocols="TLSv1 TLSv1.1 TLSv1.2", ciphers="ALL:!aNULL:!eNULL:@SECLEVEL=0"),
    Kind(name="static-rsa", key="rsa", protocols="TLSv1.2", ciphers="AES128-GCM-SHA256:AES128-SHA:AES256-SHA"),
)
"""What devices are set up like; the servers take them in turn."""


def addresses(number: int) -> tuple[str, ...]:
    """Where the first servers are."""
    return tuple(f"{_PREFIX}.{place // 250}.{place % 250 + 1}" for place in range(number))


class Fleet:
    """Servers that run, all on :data:`PORT`."""

    def __init__(self) -> None:
        self._looks = 0

    def accepted(self) -> int:
        """Connections that all servers together have accepted so far."""
        with urlopen(f"http://{_STATUS}/", timeout=10) as page:
            words = page.read().split()
        self._looks += 1  # each look is a connection, too
        # "Active connections: 1 server accepts handled requests 3 3 3"
        return int(words[7]) - self._looks


def why_not() -> str:
    """Why there can be no servers, and what to do; empty when there can."""
    return "" if _nginx() else "install nginx-light"


@contextmanager
def fleet(home: Path, number: int) -> Iterator[Fleet]:
    """``number`` servers while the block lasts. Their files are in ``home``."""
    _write(home, addresses(number))
    nginx = subprocess.Popen(
        (_nginx(), "-p", str(home), "-c", "nginx.conf", "-e", "error.log"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        running = Fleet()
        _await(running, nginx)
        yield running
    finally:
        nginx.terminate()
        nginx.wait()


def _nginx() -> str:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _await(running: Fleet, nginx: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            running.accepted()
            return
        except OSError:
            if nginx.poll() is not None or time.monotonic() > end:
                said = nginx.stderr.read().decode() if nginx.poll() is not None and nginx.stderr else ""
                raise SystemExit(f"nginx does not start: {said}") from None
            time.sleep(0.05)  # between two looks: nginx tells nobody when it is ready


def _write(home: Path, places: tuple[str, ...]) -> None:
    makers: dict[str, Key] = {"ecdsa": make_ec_key(), "rsa": make_rsa_key()}
    for name, key in makers.items():
        folder = home / name
        folder.mkdir(parents=True, exist_ok=True)
        self_sign(folder, key, "bench", days=90)
    servers = (_server(address, KINDS[place % len(KINDS)]) for place, address in enumerate(places))
    status = f"server {{ listen {_STATUS}; location / {{ stub_status; }} }}"
    paths = "".join(f"  {what}_temp_path tmp;\n" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (home / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid nginx.pid;\nevents {{ worker_connections {_CLIENTS}; }}\n"
        f"http {{\n  access_log off; error_log error.log crit; ssl_session_tickets off;\n{paths}"
        f"  {status}\n{''.join(servers)}}}\n"
    )


def _server(address: str, kind: Kind) -> str:
    return (
        f"  server {{ listen {address}:{PORT} ssl; ssl_certificate {kind.key}/cert.pem;"
        f" ssl_certificate_key {kind.key}/key.pem; ssl_protocols {kind.protocols}; ssl_ciphers {kind.ciphers};"
        f" ssl_prefer_server_ciphers on; location / {{ return 200 'device'; }} }}\n"
    )

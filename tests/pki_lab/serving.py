"""nginx and mosquitto showing many chains from one process each: a port for every one."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.pki_lab.pki import Leaf
from tests.ports import is_held

HOST = "127.0.0.1"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE = 15.0
EVERYTHING = "ALL:@SECLEVEL=0"
"""Suites that let old keys and hashes through."""
NGINX = """\
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_ciphers {ciphers};
{servers}}}
"""
NGINX_SERVER = """\
  server {{
    listen {host}:{port} ssl; ssl_protocols {versions};
    ssl_certificate {chain}; ssl_certificate_key {key};{more}
  }}
"""
MOSQUITTO_LISTENER = """\
listener {port} {host}
certfile {chain}
keyfile {key}
ciphers {ciphers}
tls_version tlsv1.2
{more}
"""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What one port shows."""

    leaf: Leaf
    staple: Path | None = None
    """A DER response; mosquitto has no way to give one."""
    clients: Path | None = None
    """PEM of the authorities whose clients are asked for a certificate."""
    requires: bool = False
    """Whether a client without one is sent away."""
    version: str = "TLSv1.2"


@contextlib.contextmanager
def nginx(shown: Mapping[str, Shown], folder: Path) -> Iterator[dict[str, int]]:
    """Start it; yields the port of every name."""
    daemon = program("nginx", "nginx-light")
    ports = dict(zip(shown, free_ports(len(shown)), strict=True))
    servers = "".join(_nginx_server(one, ports[name]) for name, one in shown.items())
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, ciphers=EVERYTHING, servers=servers))
    with running([daemon, "-e", str(folder / "first.log"), "-c", str(config)], ports.values(), folder):
        yield ports


@contextlib.contextmanager
def mosquitto(shown: Mapping[str, Shown], folder: Path) -> Iterator[dict[str, int]]:
    """Start it; yields the port of every name."""
    daemon = program("mosquitto", "mosquitto")
    ports = dict(zip(shown, free_ports(len(shown)), strict=True))
    listeners = "".join(_listener(one, ports[name]) for name, one in shown.items())
    config = folder / "mosquitto.conf"
    config.write_text(f"user root\nallow_anonymous true\n{listeners}")
    with running([daemon, "-c", str(config)], ports.values(), folder):
        yield ports


def _nginx_server(one: Shown, port: int) -> str:
    more = f"\n    ssl_stapling on; ssl_stapling_file {one.staple};" if one.staple else ""
    if one.clients:
        wish = "on" if one.requires else "optional"
        more += f"\n    ssl_client_certificate {one.clients}; ssl_verify_client {wish};"
    return NGINX_SERVER.format(
        host=HOST, port=port, versions=one.version, chain=one.leaf.chain, key=one.leaf.key_file, more=more
    )


def _listener(one: Shown, port: int) -> str:
    assert one.staple is None, "mosquitto staples nothing"
    more = f"cafile {one.clients}\nrequire_certificate true" if one.clients and one.requires else ""
    return MOSQUITTO_LISTENER.format(
        host=HOST, port=port, chain=one.leaf.chain, key=one.leaf.key_file, ciphers=EVERYTHING, more=more
    )


def program(name: str, package: str) -> str:
    """The path of a program, or a loud skip that names its Debian package."""
    path = shutil.which(name, path=PATH)
    if path is None:
        pytest.skip(f"needs {name}: apt install {package}")
    return path


def free_ports(how_many: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(how_many)]
        return [int(one.getsockname()[1]) for one in sockets]


@contextlib.contextmanager
def running(command: list[str], ports: Collection[int], folder: Path) -> Iterator[None]:
    """Run a daemon in the foreground until the block ends; it begins when all ports are held."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
    try:
        ends = time.monotonic() + DEADLINE
        while not all(is_held("tcp", port) for port in ports):
            if process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"{command[0]} did not start: {_said(folder)}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2)
        process.kill()
        process.wait()


def _said(folder: Path) -> str:
    files = (folder / name for name in ("nginx.log", "mosquitto.log", "openssl.log", "first.log", "error.log"))
    return "".join(file.read_text(errors="replace") for file in files if file.exists())[-3000:]

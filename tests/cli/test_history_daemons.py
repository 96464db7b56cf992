"""Two scans of real servers, two of which got new keys in between: the history tells exactly these."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from iotscan.model.run import Run
from tests.observe.network.daemons import free_port, running, tool
from tests.program import run_iotscan

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr; user root;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  server {{ listen {address}:{port} ssl; ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.pem; }}
}}
"""
CHECKS = ("--check", "certificate-validity", "--check", "ssh-key-secrecy")


class Machine:
    """A device with nginx and dropbear at an address of its own."""

    def __init__(self, number: int, folder: Path, ports: tuple[int, int]) -> None:
        self.address = f"127.0.77.{number}"
        self.folder = folder / self.address
        self.tls, self.ssh = ports
        (self.folder / "t").mkdir(parents=True)
        self.new_tls_key()
        self.new_host_key()

    def new_tls_key(self) -> None:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        curve = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        made = ("openssl", "req", "-x509", "-newkey", *curve, "-nodes", "-days", "3650", "-subj", "/CN=gw")
        subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        (self.folder / "tls.pem").write_text(key.read_text() + certificate.read_text())

    def new_host_key(self) -> None:
        path = self.folder / "host"
        path.unlink(missing_ok=True)
        subprocess.run(
            [tool("dropbearkey", "dropbear-bin"), "-t", "ed25519", "-f", path], check=True, capture_output=True
        )

    @contextmanager
    def up(self) -> Iterator[None]:
        page = self.folder / "nginx.conf"
        page.write_text(NGINX.format(folder=self.folder, address=self.address, port=self.tls))
        nginx = [tool("nginx", "nginx-light"), "-e", "stderr", "-p", str(self.folder), "-c", str(page)]
        dropbear = [tool("dropbear", "dropbear-bin"), "-F", "-E", "-p", f"{self.address}:{self.ssh}"]
        dropbear += ["-P", str(self.folder / "pid"), "-r", str(self.folder / "host")]
        with ExitStack() as stack:
            for command, port in ((nginx, self.tls), (dropbear, self.ssh)):
                stack.enter_context(running(command, lambda port=port: _listens(self.address, port), cwd=self.folder))
            yield


def _listens(address: str, port: int) -> bool:
    import socket

    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex((address, port)) == 0


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Machine, ...]:
    ports = free_port(), free_port()
    return tuple(Machine(number, tmp_path / "machines", ports) for number in (1, 2, 3))


def scan(home: Path, machines: tuple[Machine, ...], *words: str) -> Run:
    with ExitStack() as stack:
        for machine in machines:
            stack.enter_context(machine.up())
        ports = f"{machines[0].tls},{machines[0].ssh}"
        addresses = [machine.address for machine in machines]
        ended = run_iotscan(
            "scan", *addresses, "--ports", ports, *CHECKS, "-o", "out", "-f", "json", "-qq", *words, home=home
        )
    assert ended.returncode == 0, ended.stderr
    return msgspec.json.decode(ended.stdout, type=Run)


def history(home: Path, *words: str) -> str:
    ended = run_iotscan("history", *words, "-o", "out", home=home)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_exactly_the_keys_that_were_replaced_are_told(tmp_path: Path, machines: tuple[Machine, ...]) -> None:
    first = scan(tmp_path, machines)
    assert first.memory is None
    one, two, three = machines
    one.new_tls_key()
    two.new_host_key()
    second = scan(tmp_path, machines)
    told = json.loads(history(tmp_path, "show", "latest", "-f", "json"))
    rotated = {(r["owner"], r["service"], r["kind"]) for r in told["rotations"]}
    at = {d.address: d.id for d in second.devices}
    assert rotated == {(at[one.address], f"tcp/{one.tls}", "tls"), (at[two.address], f"tcp/{two.ssh}", "ssh")}
    assert told["at_addresses"] == []

    # The run itself remembers what it was judged by.
    assert second.memory is not None
    assert second.memory.runs == 1
    assert {k.told_by for k in second.memory.keys} == {"ssh", "tls"}
    assert len(second.memory.keys) == 6

    (device,) = json.loads(history(tmp_path, "show", one.address, "-f", "json"))
    spans = [(k["service"], k["kind"], k["runs"]) for k in device["keys"]]
    assert sorted(spans) == sorted(
        [(f"tcp/{one.tls}", "tls", 1), (f"tcp/{one.tls}", "tls", 1), (f"tcp/{one.ssh}", "ssh", 2)]
    )
    (unchanged,) = json.loads(history(tmp_path, "show", three.address, "-f", "json"))
    assert [k["runs"] for k in unchanged["keys"]] == [2, 2]

    points = json.loads(history(tmp_path, "trend", "-f", "json"))["points"]
    assert [(p["rotated"], p["rotated_perhaps"], p["added"], p["fixed"]) for p in points] == [
        (0, 0, 0, 0),
        (2, 0, 0, 0),
    ]


def test_a_device_of_which_everything_is_new_is_told_as_a_doubt(tmp_path: Path, machines: tuple[Machine, ...]) -> None:
    scan(tmp_path, machines[:2])
    machines[0].new_tls_key()
    machines[0].new_host_key()
    scan(tmp_path, machines[:2])
    told = json.loads(history(tmp_path, "show", "latest", "-f", "json"))
    assert told["rotations"] == []
    assert {r["kind"] for r in told["at_addresses"]} == {"tls", "ssh"}
    assert "2?" in history(tmp_path, "trend")


def test_without_a_history_nothing_is_asked_or_kept(tmp_path: Path, machines: tuple[Machine, ...]) -> None:
    scan(tmp_path, machines[:1])
    run = scan(tmp_path, machines[:1], "--no-history")
    assert run.memory is None
    assert len(json.loads(history(tmp_path, "list", "-f", "json"))) == 1
    assert (tmp_path / "out" / run.id / "run.json").is_file()

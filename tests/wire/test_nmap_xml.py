"""What nmap wrote is read as far as it goes: real files, files that are cut short, and files that are none."""

import contextlib
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.nmap_xml import NmapHost, NotNmap, read_nmap

HEAD = (
    b'<?xml version="1.0"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap" version="7.93" startstr="Thu Nov 26 2026">\n'
)


def host(address: str, *ports: tuple[str, int, str], state: str = "up", kind: str = "ipv4") -> bytes:
    listed = "".join(f'<port protocol="{p}" portid="{n}"><state state="{s}"/></port>' for p, n, s in ports)
    mac = '<address addr="00:11:22:33:44:55" addrtype="mac" vendor="Acme"/>'
    named = '<hostnames><hostname name="evil.example" type="PTR"/></hostnames>'
    status = f'<status state="{state}"/>'
    where = f'<address addr="{address}" addrtype="{kind}"/>'
    return f"<host>{status}{where}{mac}{named}<ports>{listed}</ports></host>\n".encode()


FILE = (
    HEAD
    + host("192.0.2.7", ("tcp", 443, "open"), ("tcp", 80, "open"), ("tcp", 22, "closed"), ("udp", 161, "open"))
    + host("192.0.2.8", state="down")
    + host("2001:DB8::9", ("tcp", 8883, "open"), kind="ipv6")
    + b"</nmaprun>\n"
)
HOSTS = (NmapHost(address="192.0.2.7", tcp=(80, 443)), NmapHost(address="2001:db8::9", tcp=(8883,)))


def test_hosts_that_were_up_with_their_open_tcp_ports() -> None:
    scan = read_nmap(FILE)
    assert (scan.hosts, scan.version, scan.problem) == (HOSTS, "7.93", "")


def test_a_file_of_nmap_itself(tmp_path: Path) -> None:
    program = shutil.which("nmap")
    if program is None:
        pytest.skip("needs nmap: apt-get install nmap")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        words = [program, "-n", "-sT", "-p", str(port), "-oX", tmp_path / "scan.xml", "127.0.0.1"]
        subprocess.run(words, check=True, capture_output=True)
    assert read_nmap((tmp_path / "scan.xml").read_bytes()).hosts == (NmapHost(address="127.0.0.1", tcp=(port,)),)


def test_each_cut_keeps_the_hosts_before_it() -> None:
    for length in range(len(HEAD), len(FILE) - len(b"</nmaprun>\n")):
        scan = read_nmap(FILE[:length])
        assert scan.hosts == HOSTS[: len(scan.hosts)]
        assert scan.problem
    assert not read_nmap(FILE[:-1]).problem


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"hello",
        b"<html></html>",
        b'<!DOCTYPE nmaprun [<!ENTITY a "b">]><nmaprun>&a;</nmaprun>',
        b'<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]><nmaprun>&x;</nmaprun>',
        b"<!DOCTYPE other><nmaprun></nmaprun>",
        b"<nmaprun>" + b"<a>" * 100,
    ],
)
def test_what_nmap_did_not_write_is_refused(document: bytes) -> None:
    with pytest.raises(NotNmap):
        read_nmap(document)


def test_numbers_and_addresses_that_lie() -> None:
    ports = (("tcp", 0, "open"), ("tcp", 65536, "open"), ("tcp", -1, "open"), ("tcp", 10**30, "open"))
    scan = read_nmap(HEAD + host("192.0.2.7", *ports) + host("not an address", ("tcp", 80, "open")) + b"</nmaprun>")
    assert scan.hosts == (NmapHost(address="192.0.2.7"),)


@given(st.binary(max_size=200), st.integers(0, len(FILE)))
def test_any_bytes_end_in_hosts_or_a_refusal(noise: bytes, at: int) -> None:
    for document in (noise, FILE[:at] + noise + FILE[at:]):
        with contextlib.suppress(NotNmap):
            read_nmap(document)

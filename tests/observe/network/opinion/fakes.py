"""Programs that take nmap's place and do what it should not."""

from pathlib import Path

from iotscan.observe.network.opinion.installed import Nmap

REPORT = """<?xml version="1.0"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="nmap" start="1" startstr="now" version="7.93" xmloutputversion="1.05">
<host><status state="up"/><address addr="127.0.0.1" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="{port}"><state state="{state}" reason="syn-ack"/>
<service name="{name}" product="{product}" version="1.2" method="probed" conf="{conf}"/></port></ports></host>
<runstats><finished time="1" timestr="now" elapsed="1" exit="success"/><hosts up="1" down="0" total="1"/></runstats>
</nmaprun>
"""


def report(port: int, *, name: str = "acme", product: str = "Acme hub", conf: str = "10", state: str = "open") -> str:
    """A report of nmap's on one port."""
    return REPORT.format(port=port, name=name, product=product, conf=conf, state=state)


def fake(folder: Path, script: str) -> Nmap:
    """A program that runs ``script`` in place of nmap; files beside it are read as ``$HERE/NAME``."""
    path = folder / "nmap"
    path.write_text(f'#!/bin/sh\nHERE="{folder}"\n{script}\n')
    path.chmod(0o755)
    return Nmap(path=str(path), version="7.93")


def writes(folder: Path, document: str) -> Nmap:
    """One that writes a document and ends."""
    (folder / "document").write_bytes(document.encode("utf-8", "surrogatepass"))
    return fake(folder, 'cat "$HERE/document"')

"""Takes an inventory where it is run, with ARP sweeps of its link, and prints the run.

``proxied.py FOLDER OWN FIRST LAST PORT``: OWN is the address and network of eth0, PORT the one that is knocked on.
"""

import sys
from datetime import UTC, datetime
from ipaddress import ip_address, ip_interface
from pathlib import Path

import anyio
import msgspec

from iotscan.assess.profile import load_profile
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.attached import Attached
from iotscan.scan.pipeline import Scan
from iotscan.scan.request import Plan, ScanRequest

if __name__ == "__main__":
    folder, own, first, last, port = sys.argv[1:]
    link = Attached(interface="eth0", address=own.partition("/")[0], network=str(ip_interface(own).network))
    addresses = tuple(str(ip_address(n)) for n in range(int(ip_address(first)), int(ip_address(last)) + 1))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    header = Run(
        id="20261126T120000Z-000001",
        tool=Tool(version="test"),
        status="running",
        command="discover",
        started=now,
        as_of=now,
        targets=addresses[:1],
        scope=Scope(include=(link.network,), pace=Pace(connect_timeout=0.5)),
        scope_sha256="0" * 64,
        profile=ProfileInfo(id="default", version="1"),
    )
    plan = Plan(addresses=addresses, attached=(link,), tcp=(int(port),), ledger=str(Path(folder) / "tries.jsonl"))
    request = ScanRequest(header=header, folder=Path(folder), plan=plan, checks=(), profile=load_profile("default"))
    scan = Scan(request, lambda _: None)
    sys.stdout.buffer.write(msgspec.json.encode(anyio.run(scan.run)))

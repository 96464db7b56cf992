"""Record what real daemons say, one small file each, beside the test that reads them: ``python -m … [DAEMON …]``.

Run by hand, never by a test, in namespaces of its own (README.md says how).
"""

import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from . import announcements, clients, logins, webs
from .stage import Tape

BANNERS = Path(__file__).parent.parent / "banners"
DAEMONS: dict[str, Callable[[], Tape | list[Tape]]] = {
    "openssh": logins.openssh,
    "dropbear": logins.dropbear,
    "tinyssh": logins.tinyssh,
    "proftpd": logins.proftpd,
    "mod-sftp": logins.mod_sftp,
    "pure-ftpd": logins.pureftpd,
    "vsftpd": logins.vsftpd,
    "inetutils": logins.inetutils,
    "busybox": logins.busybox,
    "exim": logins.exim,
    "opensmtpd": logins.opensmtpd,
    "dovecot": logins.dovecot,
    "python-servers": logins.python_servers,
    "nginx": webs.nginx,
    "lighttpd": webs.lighttpd,
    "apache": webs.apache,
    "small-web-servers": webs.small_ones,
    "media-and-printing": webs.media,
    "python-web-servers": webs.python_apps,
    "snmpd": announcements.snmpd,
    "mosquitto": announcements.mosquitto,
    "minidlna": announcements.minidlna,
    "miniupnpd": announcements.miniupnpd,
    "avahi": announcements.avahi,
    "dhcp-clients": clients.dhcp_clients,
}
HEAD = "# kind\ttext\tproduct\tversion\tdevice\thow"


def main(chosen: list[str]) -> None:
    assert {name for _, name in socket.if_nameindex()} <= {"lo", "wan0", "wan1"}, (
        "run in a network namespace of its own: see README.md"
    )
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    BANNERS.mkdir(exist_ok=True)
    for name in chosen or DAEMONS:
        try:
            tapes = DAEMONS[name]()
        except Exception:
            print(f"{name}: not recorded", file=sys.stderr)
            traceback.print_exc(limit=4)
            continue
        write(name, tapes if isinstance(tapes, list) else [tapes])


def write(name: str, tapes: list[Tape]) -> None:
    lines = [f"# recorded on Debian 12 from {', '.join(f'{t.package} {t.version}' for t in tapes)}", HEAD]
    for tape in tapes:
        seen = set()
        for take in tape.takes:
            row = "\t".join(
                (take.kind, take.text, take.product, take.version, take.device, take.how.replace("\t", " "))
            )
            if (take.kind, take.text) not in seen:
                seen.add((take.kind, take.text))
                lines.append(row)
    (BANNERS / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(lines) - 2}")


if __name__ == "__main__":
    main(sys.argv[1:])

"""No TFTP server of a device hands out or takes files.

## What it looks at
Whether a TFTP server (port 69) answers a request for a file that nobody has. An error is answer enough. Nothing is
fetched, and nothing is ever written. This needs `--intrusive`: TFTP has no plain question, and a boot loader that waits
for its image may take any transfer for the one it waits for.

## Why it matters
TFTP knows no user, no secret and no check of what it carries. It stays on from production and recovery: who reaches it
reads configurations and images by guessing names, and where it takes files puts an image there that the device boots
next.

## How to fix
Leave the server out of what ships, or start it only while a person holds the recovery button. OpenWrt with dnsmasq:
`uci set dhcp.@dnsmasq[0].enable_tftp=0`. systemd: `systemctl disable --now tftpd-hpa.socket tftpd-hpa`. U-Boot: leave
`tftpboot`, `tftpput` and the fall-back to `update` out (`CONFIG_CMD_TFTPBOOT`, `CONFIG_UPDATE_TFTP`), and verify
whatever is loaded.

## References
- RFC 1350 (the TFTP protocol), "Security Considerations"
- ETSI EN 303 645 V3.1.3 provision 5.6-1 (unused interfaces disabled)
- OWASP IoT Top 10 2018 I2 (insecure network services)
"""

from iotscan.sdk import Returned, Target, TftpServer, bad, check, clause, command


@check(
    id="recovery-server",
    aliases=("OTA-017",),
    title="No TFTP server of the device hands out or takes files",
    element="updates",
    variants={"tftp": ("medium", "A TFTP server answers")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-1"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("exposure", "network", "updates"),
    since="0.1",
    effort="low",
)
def recovery_server(server: TftpServer, target: Target) -> Returned:
    """An answer of any kind is one too many."""
    host = f"[{target.host.replace('%', '%25')}]" if ":" in target.host else target.host
    url = f"tftp://{host}:{target.port}/iotscan-nobody-has-this"
    fetch = command("curl", "-g", "-s", "-m", "3", "-o", "/dev/null", url)
    return bad(
        "tftp",
        f"a TFTP server answers ({server.said})",
        observed=server.said,
        expected="no answer",
        # What curl ends with after an error of TFTP (curl(1), EXIT CODES), or a file.
        reproduce=f"{fetch} 2>/dev/null; case $? in 0|68|69|7[0-4]) echo a TFTP server answers;; esac",
        shows="a TFTP server answers",
    )

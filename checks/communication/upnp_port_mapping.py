"""Devices on the network cannot open ports of the gateway by themselves.

## What it looks at
The description that a UPnP gateway hands out to everybody, and the lists of actions of its services for connections to
the internet: whether they name one that opens a port (`AddPortMapping`, `AddAnyPortMapping`, `AddPinhole`). Both are
read; no action is ever called.

## Why it matters
Whoever is on the network, a guest's telephone or one device with malware, opens the firewall to the internet without
being asked for anything: for itself, and on many gateways for others. Cameras and recorders became reachable, and were
collected by botnets, because a gateway did as it was told. Where the internet itself reaches these services, so does
everybody.

## How to fix
Switch UPnP off on the gateway and forward the few ports that are needed by hand. miniupnpd: `enable_upnp=no`, or at
least `secure_mode=yes` (only for the asker itself) and `deny` rules in `upnpd.conf`. OpenWrt: `uci set
upnpd.config.enabled=0`. FRITZ!Box: *Internet, Permit access*: no device may forward ports by itself. Give
devices that have no need of it a network of their own. Never let UPnP listen on the side of the internet.

## References
- UPnP WANIPConnection:2 (AddPortMapping, AddAnyPortMapping); WANIPv6FirewallControl:1 (AddPinhole)
- RFC 6970 (UPnP IGD and PCP interworking)
- OWASP IoT Top 10 2018, I2 (insecure network services)
"""

from ipaddress import ip_address

from iotscan.sdk import Returned, Target, UpnpGateway, bad, check, clause, command, good


@check(
    id="upnp-port-mapping",
    aliases=("SVC-006",),
    title="No device can open ports of the gateway by itself",
    element="communication",
    variants={
        "lan": ("medium", "Any device on the network can open ports of the gateway"),
        "internet": ("high", "The internet reaches the service that opens ports of the gateway"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-1"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("IEC 62443-4-2", "2019", "CR 7.7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("exposure", "network"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def upnp_port_mapping(gateway: UpnpGateway, target: Target) -> Returned:
    """An action that is listed is taken to be there: nobody calls it to see."""
    if not gateway.opens_ports.value:
        return good("its services list no action that opens a port", observed=", ".join(gateway.services))
    action = gateway.actions[0]
    return bad(
        "internet" if _is_of_the_internet(target.host) else "lan",
        f"the gateway lists {action} to everybody",
        observed=f"{', '.join(gateway.services)}: {', '.join(gateway.actions)}",
        expected="no UPnP service that opens ports",
        reproduce=_list(gateway, target) + " | " + command("grep", "-o", action),
        shows=action,
    )


def _list(gateway: UpnpGateway, target: Target) -> str:
    host = target.host.replace("%", "%25")  # as curl takes a zone
    host = f"[{host}]" if ":" in host else host
    return command("curl", "-g", "-s", "-m", "5", f"http://{host}:{gateway.port}{gateway.actions_path}")


def _is_of_the_internet(host: str) -> bool:
    """IPv6 on a home network has addresses of the internet as well: there the address does not tell."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.version == 4 and address.is_global

"""No BACnet/IP device answers strangers.

## What it looks at
Whether a BACnet/IP device on UDP port 47808 answers a request for its name (ReadProperty of object-name) from an
address of no building controller. One datagram is sent; an error in answer to it is an answer, too. Asked only where
the profile allows industrial equipment to be asked (`fragile: [industrial]`).

## Why it matters
BACnet/IP knows no user: whoever reaches the port reads every point and, with WriteProperty, switches heating, doors
and ventilation. Devices that the Internet reaches are also used to flood others, as their answers are longer than the
questions.

## How to fix
Use BACnet/SC (ASHRAE 135-2020, annex AB: TLS with certificates on both sides) and switch BACnet/IP off where every
device can. Where not: a VLAN of the building's own, and a firewall that lets UDP 47808 in from the controllers alone
(`nft add rule inet filter input udp dport 47808 ip saddr != 10.0.7.0/24 drop`). Never forward the port from the
Internet; a BBMD takes foreign devices only from addresses in its list.

## References
- ASHRAE 135-2020, clause 15.5 (ReadProperty), annex J (BACnet/IP), annex AB (BACnet/SC)
- NIST SP 800-82 Rev. 3, section 5 (segmentation)
"""

from iotscan.sdk import BacnetDevice, Returned, Target, ask_bacnet, bad, check, clause


@check(
    id="bacnet-access",
    aliases=("SVC-010",),
    title="No BACnet/IP device answers strangers",
    element="communication",
    variants={"open": ("high", "A BACnet/IP device answers whoever asks: the protocol has no authentication")},
    clauses=(
        clause("IEC 62443-4-2", "2019", "CR 1.2"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "industrial", "network"),
    since="0.1",
    effort="medium",
)
def bacnet_access(bacnet: BacnetDevice, target: Target) -> Returned:
    """A device that answered is bad news; one that is not there never gets here."""
    number = f"device {bacnet.instance}" if bacnet.instance >= 0 else "a device"
    said = f"{number}, named '{bacnet.name}'" if bacnet.name else f"{number} that answers with {bacnet.refusal}"
    return bad(
        "open",
        f"{f'{bacnet.name!r}' if bacnet.name else 'a device'} answers BACnet requests of a stranger",
        observed=said,
        expected="BACnet/SC, or no answer to anybody but the building's controllers",
        reproduce=ask_bacnet(target),
        shows="BACnet answers",
    )

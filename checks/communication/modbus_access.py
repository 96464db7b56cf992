"""No Modbus/TCP server answers strangers.

## What it looks at
Whether a Modbus/TCP server on port 502 answers the request that reads who made the device (function 43/14), from an
address that is none of its masters. One request is sent, no register is read, nothing is ever written. An answer that
the server does not know the question is an answer, too. Asked only where the profile allows industrial equipment to
be asked (`fragile: [industrial]`).

## Why it matters
Modbus has no user, no password and no signature: whoever reaches the port reads every register and writes it, and
what stands behind a register is a motor, a valve or a set point. The malware FrostyGoop left 600 buildings of Lviv
without heating in January 2024, with Modbus commands to controllers that it could reach.

## How to fix
Let only the masters reach the port, or give it a segment of its own behind a firewall. On a gateway: `nft add rule inet
filter input tcp dport 502 ip saddr != 10.0.5.2 drop`; on the controller its access list (Schneider Modicon: "Access
Control" in the properties of the Ethernet port; WAGO: Firewall in the web interface; Moxa MGate: "Accessible IP List").
Where the device can, use Modbus/TCP Security (port 802, TLS with certificates on both sides) and switch 502 off.

## References
- MODBUS Application Protocol V1.1b3 (no authentication); MODBUS/TCP Security, 2018
- Dragos, Impact of FrostyGoop ICS malware on connected OT systems, 2024
- NIST SP 800-82 Rev. 3, section 5 (segmentation of control networks)
"""

from iotscan.sdk import ModbusDevice, Returned, Target, ask_modbus, bad, check, clause


@check(
    id="modbus-access",
    aliases=("SVC-009",),
    title="No Modbus server answers strangers",
    element="communication",
    variants={"open": ("high", "A Modbus server answers whoever asks: the protocol has no authentication")},
    clauses=(
        clause("IEC 62443-4-2", "2019", "CR 1.2"),
        clause("IEC 62443-4-2", "2019", "CR 2.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "industrial", "network"),
    since="0.1",
    effort="medium",
)
def modbus_access(modbus: ModbusDevice, target: Target) -> Returned:
    """A server that answered is bad news; one that is not there never gets here."""
    told = " ".join(filter(None, (modbus.vendor, modbus.product, modbus.revision)))
    return bad(
        "open",
        f"{told or 'a Modbus server'} answers Modbus requests of a stranger",
        observed=f"device identification: {told}" if told else f"an answer: exception {modbus.exception}",
        expected="no answer to anybody but its masters; Modbus/TCP Security behind TLS",
        reproduce=ask_modbus(target),
        shows="Modbus answers",
    )

"""No controller answers strangers in a protocol without authentication.

## What it looks at
Whether the device answers one request in EtherNet/IP (ListIdentity, TCP 44818), ISO transport as S7 and MMS use it
(a connection request, TCP 102), DNP3 (link status of outstation 1, TCP 20000) or KNXnet/IP (a request for its
description, UDP 3671). Each reads or opens nothing beyond that: which program stands behind ISO transport, and
whether DNP3 goes on with Secure Authentication, is not asked, and so a find there weighs less. Asked only where the
profile allows industrial equipment to be asked (`fragile: [industrial]`).

## Why it matters
These protocols were made for closed networks. Over EtherNet/IP a stranger changes tags and stops the processor; over
S7 he does the same unless a protection level is set; over DNP3 he operates outputs; over KNX he switches what the bus
has, and installations were lost to a BCU key that strangers had set. Whoever may ask is decided by the network alone.

## How to fix
Keep the port for the engineering station and the control room: a segment of its own and a firewall with their
addresses. Then switch on what the device has: CIP Security (EtherNet/IP over TLS, TCP 2221), on S7-1200 and S7-1500
"Full protection" with a password and secure PG/PC communication (TIA Portal V17 and later), DNP3 Secure
Authentication v5 or TLS, KNX IP Secure for tunnelling and routing, with the factory's device certificate (FDSK) used.

## References
- The CIP Networks Library, volume 2, and volume 8 (CIP Security)
- IEEE 1815-2012 clause 7 (Secure Authentication); RFC 1006; KNX AN159 (KNX IP Secure)
- NIST SP 800-82 Rev. 3, section 5
"""

from collections.abc import Mapping
from typing import Final

from iotscan.sdk import ControllerService, Returned, Target, ask_controller, bad, check, clause, unknown

NAMES: Final[Mapping[str, str]] = {
    "ethernet-ip": "EtherNet/IP",
    "iso-tsap": "ISO transport (S7, MMS)",
    "dnp3": "DNP3",
    "knx": "KNXnet/IP",
}


@check(
    id="controller-access",
    title="No controller answers strangers without authentication",
    element="communication",
    variants={
        "ethernet-ip": ("high", "A controller answers EtherNet/IP requests of whoever asks"),
        "iso-tsap": ("medium", "A controller accepts ISO transport connections (S7, MMS) of whoever asks"),
        "dnp3": ("medium", "An outstation answers DNP3 requests of whoever asks"),
        "knx": ("medium", "A KNXnet/IP server answers whoever asks, and has no KNX Secure"),
    },
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
def controller_access(controller: ControllerService, target: Target) -> Returned:
    """One that answered is bad news, unless it says that it can be asked in a secured form."""
    name = NAMES[controller.protocol]
    told = " ".join(filter(None, (controller.product, controller.revision)))
    if controller.is_secured:
        return unknown(f"it offers {name} with KNX Secure; whether it insists on that, only its project says")
    if controller.how == "connection refused":
        return unknown("it refuses a connection to the place that was asked for; another may be taken")
    return bad(
        controller.protocol,
        f"{told or 'a controller'} answers {name} requests of a stranger",
        observed=f"{controller.how}: {told}" if told else controller.how,
        expected="no answer to anybody but its own stations, or the secured form of the protocol",
        reproduce=ask_controller(target, controller.protocol),
        shows="the controller answers",
    )

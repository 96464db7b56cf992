"""The device's own control interface is encrypted.

## What it looks at
Whether ESPHome's interface (port 6053) answers a ping that is not encrypted. The ping comes before any hello: no
session begins, no password is asked for or given, and nothing is read or switched. What a password lets others do is
not asked.

## Why it matters
By this interface a switch is switched, a lock opened and a log read. In the clear whoever is on the way reads and
changes all of it, the password as well where there still is one; and a device without encryption and without a
password obeys anybody on the network.

## How to fix
ESPHome: `api: encryption: key: "…"` with a key for each device (`openssl rand -base64 32`), and no `password:` below
`api:`. Then adopt the device again in Home Assistant, which asks for the key.

## References
- ESPHome, Native API Component (`encryption`); api_frame_helper_noise.cpp
- ETSI EN 303 645 V3.1.3 provision 5.5-1
"""

from iotscan.sdk import DeviceApi, Returned, Target, bad, check, clause, good


@check(
    id="device-api-encryption",
    title="The device's own control interface is encrypted",
    element="communication",
    variants={"cleartext": ("medium", "The device takes commands over its own interface in the clear")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "network"),
    since="0.1",
    effort="low",
)
def device_api_encryption(api: DeviceApi, target: Target) -> Returned:
    """An answer in the clear is proof; a refusal of the first byte is the other."""
    if not api.takes_cleartext:
        return good("it refuses who does not encrypt", observed=f"{api.system}: Bad indicator byte")
    place = f"{target.host} {target.port}"
    return bad(
        "cleartext",
        f"{api.system}'s interface answers without encryption",
        observed=f"{api.system}: answers a ping in the clear",
        expected="encryption with a key of the device's own",
        reproduce=f"printf '\\000\\000\\007' | timeout 5 nc -w 2 {place} | od -An -tx1",
        shows="00 00 08",
    )

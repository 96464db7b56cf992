"""Firmware can be put on a device over the air only with a password.

## What it looks at
What a device says of itself to anybody: the `auth_upload` that ArduinoOTA announces in mDNS, the `auth` or `auth_en` of
a Shelly's `/shelly`, and whether Tasmota answers a command that only reads. Nothing is uploaded, no password is tried.
ESPHome announces no such thing; its upload pages are the question of `firmware-upload`.

## Why it matters
Whoever is on the same network, a guest's telephone or another device with malware, installs firmware of their own with
one request, and keeps the device from then on.

## How to fix
Set a password for each device: `ArduinoOTA.setPasswordHash(…)`, `ota: password:` and `web_server: auth:` for ESPHome,
`WebPassword` in Tasmota, *Authentication* (`Shelly.SetAuth`) on a Shelly. Better, leave over-the-air uploads out of
what you ship, and let the device fetch signed updates.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-5 (authentication before security-relevant changes)
- arduino-esp32, libraries ArduinoOTA and ESPmDNS; Shelly API (`/shelly`); Tasmota, commands over HTTP
- OWASP IoT Top 10 2018 I4 (lack of secure update mechanism)
"""

from iotscan.sdk import Each, OtaInterface, Returned, Target, bad, check, clause, command, good, unknown


@check(
    id="ota-authentication",
    aliases=("OTA-015",),
    title="Firmware can be put on the device over the air only with a password",
    element="updates",
    variants={"open": ("high", "Firmware can be put on the device over the air by anybody")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "updates"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def ota_authentication(interfaces: Each[OtaInterface], target: Target) -> Returned:
    """Fail on an interface that says that it takes no password."""
    several = [seen.fact for seen in interfaces]
    said = "; ".join(f"{one.system}: {one.said}" for one in several)
    open_ones = [one for one in several if one.needs_password.known is False]
    if open_ones:
        first = open_ones[0]
        return bad(
            "open",
            f"{first.system} takes firmware from anybody ({first.said})",
            observed=said,
            expected="a password before firmware is taken",
            reproduce=shown_by(first, target),
            shows=shows(first),
        )
    gap = interfaces.missed or next((o.needs_password.detail for o in several if not o.needs_password.is_answered), "")
    return unknown(gap) if gap else good("a password is asked for", observed=said)


def shown_by(interface: OtaInterface, target: Target) -> str:
    """The command that shows what the device says."""
    if not interface.path:
        bare = target.host.partition("%")[0]
        return command("avahi-browse", "-r", "-t", "-p", "_arduino._tcp") + " | grep -F " + bare
    scheme = "https" if interface.tls else "http"
    host = bracketed(target.host.replace("%", "%25"))  # as curl takes a zone
    url = f"{scheme}://{host}:{interface.port}{interface.path}"
    return command("curl", "-g", "-k", "-m", "5", "-s", url)


def shows(interface: OtaInterface) -> str:
    """What is in the answer."""
    return {"arduino": "auth_upload=no", "shelly": '"auth', "tasmota": '"Status"'}[interface.system]


def bracketed(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host

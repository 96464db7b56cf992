"""A camera tells nothing by ONVIF before a login but what everybody may know.

## What it looks at
Of a device that announces ONVIF: whether its device service answers two reading requests without credentials, what the
device is (GetDeviceInformation) and who its users are (GetUsers). The clock (GetSystemDateAndTime), which everybody may
have, is asked first. Nothing is changed and no password is tried.

## Why it matters
By the default access policy of ONVIF these need a login. A device that lists its users to anybody does not check who
asks: on many such cameras anybody makes himself an administrator as well, fetches the stream, or resets the device. The
exact model and firmware tell which of the published flaws to use.

## How to fix
Install the maker's current firmware and set a password for ONVIF. Hikvision: *Network, Advanced settings, Integration
protocol*: users of their own, *Digest & ws-username token*. Dahua: *System, Account, ONVIF user* and *Security, System
service, ONVIF: login authentication* on. Axis: *System, Accounts, ONVIF accounts*. Where no recorder uses it, switch
ONVIF off, and let the camera be reached by the recorder alone.

## References
- ONVIF Core Specification 23.12, "Access classes for service requests" (and the default access policy)
- ETSI EN 303 645 V3.1.3 provision 5.5-4 (authentication before access)
- CVE-2017-7921 (users and configuration without a login)
"""

from iotscan.sdk import OnvifService, Returned, Target, bad, check, clause, command, good

_ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    '<{} xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)
_EXPECTED = "ter:NotAuthorized, or status 401, to a request without credentials"


@check(
    id="onvif-authentication",
    aliases=("SVC-008",),
    title="ONVIF answers before a login nothing but what everybody may know",
    element="communication",
    variants={
        "users": ("high", "ONVIF lists the users of the device to anybody"),
        "information": ("medium", "ONVIF tells model and firmware to anybody"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-4"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("IEC 62443-4-2", "2019", "CR 1.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network"),
    since="0.1",
    effort="low",
)
def onvif_authentication(onvif: OnvifService, target: Target) -> Returned:
    """The users are worst; an answer that does not tell leaves it open unless another does."""
    if onvif.users.known:
        return bad(
            "users",
            "GetUsers is answered without a login",
            observed=f"GetUsers: {onvif.accounts} accounts",
            expected=_EXPECTED,
            reproduce=_ask("GetUsers", onvif, target) + " | grep -oE '[A-Za-z]*Username' | head -n 1",
            shows="Username",
        )
    if onvif.information.known:
        told = " ".join(filter(None, (onvif.manufacturer, onvif.model, onvif.firmware)))
        return bad(
            "information",
            "GetDeviceInformation is answered without a login",
            observed=f"GetDeviceInformation: {told}".rstrip(": "),
            expected=_EXPECTED,
            reproduce=_ask("GetDeviceInformation", onvif, target)
            + " | grep -oE 'GetDeviceInformationResponse' | head -n 1",
            shows="GetDeviceInformationResponse",
        )
    # Reading an answer that is not there leaves the question open.
    both = {"GetUsers": onvif.users.value, "GetDeviceInformation": onvif.information.value}
    return good("a login comes before both", observed=f"refused: {', '.join(both)}")


def _ask(question: str, onvif: OnvifService, target: Target) -> str:
    scheme = "https" if onvif.tls else "http"
    host = target.host.replace("%", "%25")  # as curl takes a zone
    host = f"[{host}]" if ":" in host else host
    options = (
        "-g",
        "-k",
        "-s",
        "-m",
        "5",
        "-H",
        "Content-Type: application/soap+xml",
        "-d",
        _ENVELOPE.format(question),
    )
    return command("curl", *options, f"{scheme}://{host}:{onvif.port}{onvif.path}")

"""Firmware can be uploaded only after a login.

## What it looks at
The usual addresses of update pages (`/update`, `/firmware`, `/upgrade` …), fetched with GET and no credentials:
a page that is shown and holds a form with a file field, or is the page of an installer (SWUpdate's web server, a
page of RAUC's). Nothing is ever uploaded, and the installer's websocket is not listened to.

## Why it matters
Such a page lets anybody who reaches the device, or who makes a user's browser reach it, replace the firmware.
Even where the device verifies a signature, an old signed version or a half-written flash is enough harm.

## How to fix
Ask for the administrator's login before the form *and* before the address that takes the upload: ESPHome
`web_server: auth:`, ESP8266HTTPUpdateServer `setup(&server, path, user, password)`, Tasmota `WebPassword`,
SWUpdate `-w "--auth-domain … --global-auth-file …"` over TLS, or its web server on a local address only. Add a token
against cross-site requests, verify the image's signature before writing, or leave the page out of production builds.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-5 (authentication before security-relevant changes)
- OWASP IoT Top 10 2018 I4 (lack of secure update mechanism)
"""

from iotscan.sdk import Returned, Target, UpdateServer, bad, check, clause, command, good, unknown


@check(
    id="firmware-upload",
    aliases=("OTA-014", "OTA-016"),
    title="Firmware can be uploaded only after a login",
    element="updates",
    variants={
        "open": ("high", "A firmware upload form is shown without a login"),
        "installer": ("high", "The page of an update installer is shown without a login"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "updates", "web"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def firmware_upload(server: UpdateServer, target: Target) -> Returned:
    """Fail on an upload form that was shown without credentials."""
    if server.open_uploads:
        first = next((u for u in server.open_uploads if u.installer), server.open_uploads[0])
        url = target.url("https" if server.tls else "http", first.path)
        shown = command("curl", "-g", "-k", "-m", "5", "-s", url)
        forms = "; ".join(f"{u.path} sends to {u.action or 'itself'}" for u in server.open_uploads)
        if first.installer:
            return bad(
                "installer",
                f"the web page of {first.installer} takes updates without a login",
                observed=forms,
                expected="a login before the page and before the upload",
                reproduce=f"{shown} | grep -o {first.installer}",
                shows=first.installer,
            )
        return bad(
            "open",
            f"a file upload is offered without a login ({len(server.open_uploads)} pages)",
            observed=forms,
            expected="a login before the form and before the upload",
            reproduce=shown + " | tr 'A-Z\\n' 'a-z ' | grep -o '<input[^>]*type *= *.\\{0,1\\}file'",
            shows="file",
        )
    if not server.paths_asked:
        return unknown("no address of an update page was asked")
    if server.paths_unread:
        return unknown(f"{server.paths_unread} addresses gave no answer that tells whether a form is there")
    return good(f"no upload form without a login under {server.paths_asked} addresses")

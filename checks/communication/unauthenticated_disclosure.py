"""Version and identity of the device are not shown to everybody.

## What it looks at
The front page and usual status documents of web servers (`/status`, `/info`, `/shelly` …), read without credentials,
and what the device announces by mDNS: whether a firmware version stands there together with a serial number or a MAC
address. Only that they stand there is kept, no serial number and no address.

## Why it matters
The version says which published weaknesses fit. The serial number is what many vendors take as proof of ownership: it
binds a device to an account, resets a password, or is one half of a default password. Together they are a shopping
list, for everybody on the network and for every page that a user of the network opens.

## How to fix
Show version and serial number behind the login. Where an app has to find the device before it is set up, let it be told
a model and a random identifier, and only until the device has an owner. Shelly: set a password (`Shelly.SetAuth`).
avahi: leave `serial=` and `fw=` out of `<txt-record>`. Over TLS the same holds: it is the reader that is not known.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-2 (minimise unauthenticated disclosure of security-relevant information)
- OWASP IoT Top 10 2018 I6 (insufficient privacy protection); RFC 6763 section 15 (security of DNS-SD)
"""

from iotscan.sdk import DisclosedKind, Disclosure, Each, Returned, Target, bad, check, clause, command, good, unknown

WORDS = {"firmware": "a firmware version", "serial": "a serial number", "mac": "a MAC address"}


@check(
    id="unauthenticated-disclosure",
    aliases=("SVC-018",),
    title="Version and identity of the device are not shown to everybody",
    element="communication",
    variants={
        "serial": ("medium", "Firmware version and serial number are shown to anybody"),
        "mac": ("low", "Firmware version and MAC address are shown to anybody"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-2"),
        clause("OWASP IoT Top 10", "2018", "I6"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("exposure", "network", "web"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def unauthenticated_disclosure(places: Each[Disclosure], target: Target) -> Returned:
    """Judge what all places show together: who reads one reads the others."""
    shown = {thing.kind: (seen.fact, thing.word) for seen in places for thing in seen.fact.shows}
    told = ", ".join(f"{WORDS[kind]} ({where(place)})" for kind, (place, _) in sorted(shown.items()))
    if "firmware" in shown and len(shown) > 1:
        other: DisclosedKind = "serial" if "serial" in shown else "mac"
        place, word = shown[other] if shown[other][0].path else shown["firmware"]
        return bad(
            other,
            f"it shows {WORDS['firmware']} and {WORDS[other]} to anybody",
            observed=told,
            expected="neither before a login",
            reproduce=shown_by(place, word, target),
            shows=word,
        )
    if places.missed:
        return unknown(places.missed)
    return good("it does not show version and identity together", observed=told or "neither is shown")


def where(place: Disclosure) -> str:
    """Where it stands."""
    return f"{'https' if place.tls else 'http'} {place.path}" if place.path else "mDNS"


def shown_by(place: Disclosure, word: str, target: Target) -> str:
    """The command that shows the word by which it is known there."""
    host = target.host
    if not place.path:
        return f"avahi-browse -a -r -t -p | {command('grep', '-aF', host.partition('%')[0])}"
    host = host.replace("%", "%25")  # as curl takes a zone
    host = f"[{host}]" if ":" in host else host
    url = f"{'https' if place.tls else 'http'}://{host}:{place.port}{place.path}"
    return command("curl", "-g", "-k", "-s", "-m", "5", url) + f" | {command('grep', '-aoF', word)}"

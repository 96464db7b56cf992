"""No password is worked out from what the device shows of itself.

## What it looks at
The commands that the image runs when it starts: where a script sets a password or a passphrase of the wireless
network, what it makes it from. The variables of the script are followed by name from a MAC address
(`/sys/class/net/*/address`, `fw_printenv ethaddr`) or a serial number (device tree, DMI, `/proc/cpuinfo`) to
`chpasswd`, `passwd`, `usermod`, `htpasswd` or `uci set wireless`. A keyed hash (HMAC) or a cipher in between is in
order. The script is read, not run: this is a strong hint and no proof.

## Why it matters
A MAC address is in every frame the device sends, a serial number on its box. Whoever reads the script, and it is in
every device, works out the password of any other; makers of routers have been caught so again and again.

## How to fix
Make the password in production or with the first start from `/dev/urandom` (`head -c 12 /dev/urandom | base64`) and
print it on the label. Where it must be worked out, use an HMAC whose key never leaves the production line.

## References
- UK SI 2023/1007 Schedule 1, 1(3)(c): not based on a product identifier unless by encryption or a keyed hash
- ETSI EN 303 645 V3.1.3 provision 5.1-2
"""

from iotscan.sdk import FirstBoot, Returned, Subject, Target, bad, check, clause, good, skip, unknown

SOURCES = {"mac": "a MAC address", "serial": "a serial number"}


@check(
    id="derived-passwords",
    aliases=("CRD-006",),
    title="No password is derived from a MAC address or a serial number",
    element="keys",
    variants={"derived": ("high", "A password is worked out from what the device shows of itself")},
    confidence="tentative",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-2"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 1(3)(c)"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EN 18031-1", "2024", "AUM-5"),
    ),
    tags=("credentials", "image", "root-filesystem"),
    since="0.1",
    effort="medium",
)
def derived_passwords(at_start: FirstBoot, target: Target) -> Returned:
    """Fail on each command that sets a password made from an identity without a key."""
    verdicts = []
    for maker in at_start.password_makers:
        place = Subject(image=target.subject.image, path=maker.path, line=maker.line)
        if maker.made_from in SOURCES and not maker.keyed:
            source = SOURCES[maker.made_from]
            whose = repr(maker.account) if maker.account else "an account"
            text = f"the password of {whose} is made from {source}"
            seen = f"{place}: {maker.tool} is given what was made from {source}, and no keyed hash was seen"
            verdicts.append(
                bad("derived", text, observed=seen, expected="a random password", about=place, part=maker.account)
            )
    if verdicts:
        return verdicts
    if not at_start.start.is_answered:
        return unknown(at_start.start.detail or "what the image starts is not known")
    made = [m for m in at_start.password_makers if m.made_from in ("random", *SOURCES)]
    if not made:
        return skip("no script of the start was seen to make a password")
    return good(f"{len(made)} passwords are made at the start, none from a MAC address or serial number alone")

"""Device, image and traffic tell the same.

## What it looks at
Where a run holds more than one vantage of a device (a scan, the image that it runs, its captured traffic: `iotscan
join`, `iotscan scan --image`), the answers that each gives to the same check are put side by side: what is configured
in the image, what the device answers when it is asked, what it does when nobody asks. Beside these, the versions that
both name (of the firmware, of programs that answer), the SSH host keys, the published passwords that are taken, who
logs in by telnet in captured traffic, and whose certificates clients show there (up to TLS 1.2). Where the image is of
another version than the device, what differs is told and counts for nothing. A device is known to run an image by a
key, a certificate or a MAC address in it, by product and version, or by your word (`--runs`).

## Why it matters
An image that is sound and a device that is not: either the device runs something else, or something changes it after it
was built. Then whatever was proved of the image was proved of another thing, and the gate that let it pass guards
nothing. Where asking and traffic differ, the device treats somebody differently, or a second machine answers.

## How to fix
See first whether the device runs this build: compare versions, install it anew. Then look for what changes it: files of
an overlay or a data partition that go before those of the image (`/data`, `/overlay/upper`), a configuration that a
first-boot script or a fleet manager writes, a container with a configuration of its own. Mend it at its source and
build again; scan again and join both runs.

## References
- ETSI EN 303 645 V3.1.3 provision 5.7-1 (what runs is what was verified); IEC 62443-4-2 CR 3.4
- OWASP ISVS 1.2.9 (git edfda29b)
"""

from iotscan.sdk import (
    Disagreement,
    Returned,
    Target,
    Vantage,
    VantageComparison,
    Verdict,
    bad,
    check,
    clause,
    counted,
    good,
    unknown,
)

WORDS = {Vantage.CONFIGURED: "the image", Vantage.OBSERVED: "the device", Vantage.IN_USE: "its traffic"}
VARIANTS = {
    "configured": "worse",
    "mended": "better",
    "in-use": "in-use",
    "version": "version",
    "explained": "other-build",
}


@check(
    id="vantage-agreement",
    title="Device, image and traffic tell the same",
    element="communication",
    variants={
        "worse": ("medium", "A device does not do what its image configures"),
        "in-use": ("low", "A device answers otherwise when it is asked than it does in traffic"),
        "version": ("low", "A device names another version than its image"),
        "other-build": ("info", "A device differs from an image of another version"),
        "better": ("info", "A device does better than its image configures"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.7-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.4"),
        clause("OWASP IoT Top 10", "2018", "I8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("configuration", "image"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def vantage_agreement(found: VantageComparison, target: Target) -> Returned:
    """One finding for each question with two answers."""
    if found.disagreements:
        return [judge(one) for one in found.disagreements]
    if not found.compared:
        return unknown("no question was answered by more than one vantage")
    named = ", ".join(WORDS.get(v, v.value) for v in found.vantages)
    answered = f"{counted(found.compared, 'question')} {'was' if found.compared == 1 else 'were'} answered"
    return good(f"{answered} by more than one of {named}, and no two answers differ")


def judge(one: Disagreement) -> Verdict:
    """The finding on one contradiction."""
    first, other = WORDS.get(one.one, "the run"), WORDS.get(one.other, "the run")
    why = " (the image is of another version than the device)" if one.conflict == "explained" else ""
    return bad(
        VARIANTS[one.conflict],
        f"{first} says: {one.one_says}; {other} says: {one.other_says}{why}",
        observed=f"{one.check or one.title}: {one.one_place}: {one.one_says}; {one.other_place}: {one.other_says}",
        expected="one answer",
        part=f"{one.conflict} {one.check} {one.other_place}",
    )

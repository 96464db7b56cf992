"""The maker receives, answers and publishes reports of flaws.

## What it looks at
What a person states of it in `iotscan.waivers.yaml` (`attestations`), with a reference and a date until which it
holds. That a contact is published is asked of the device itself (`security-contact`); whether anybody reads and
answers is not visible from outside.

## Why it matters
A report that nobody answers is published without a fix. The law asks for more than an address: a policy, times of
response, and word to those who run the product.

## How to fix
Publish a policy with a contact and with times of response, name who reads it and who stands in for them, keep a
record of reports and rehearse one. Then attest it: `check: disclosure-process`, `holds: true`, `by`, `reference`,
`expires`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.2-1; UK PSTI (SI 2023/1007) Schedule 1 paragraph 2
- EU CRA (Regulation 2024/2847) Annex I Part II (5) and (6)
"""

from iotscan.sdk import AsOf, DisclosureProcess, Returned, attested, check, clause


@check(
    id="disclosure-process",
    title="The maker receives, answers and publishes reports of flaws",
    element="cloud",
    variants={"none": ("medium", "Nobody answers reports of flaws in a set time")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.2-1"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(5)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(6)"),
    ),
    tags=("attestation", "disclosure"),
    since="0.1",
    effort="medium",
)
def disclosure_process(said: DisclosureProcess, as_of: AsOf) -> Returned:
    """Take a person's word while it holds; a stale one answers nothing."""
    return attested(
        said,
        as_of,
        "none",
        yes="reports of flaws are received and answered",
        no="reports of flaws are not answered",
        expected="a process that is written down",
    )

"""The SSH server is of these years.

## What it looks at
The version that an SSH server names when somebody connects, and where it has it, the distribution. That it is old is a
hint and no proof: distributions mend old versions without a new number, and vendors without a word. Therefore no flaw
is concluded from a version here, the result is tentative, and where the banner names a distribution, that one's last
day of free updates counts. In an image the packages themselves are known: `end-of-life-software` and
`known-vulnerabilities` judge them.

## Why it matters
What is not renewed for years is mostly not mended either, and the rest of the device is of the same age. Servers whose
banner shows an old version are the first that somebody with a new exploit tries.

## How to fix
Update the firmware; where the vendor has none, ask him whether flaws found since are mended in it, and waive this with
his answer. Build on a distribution that still gets updates. What is reached by SSH only for service belongs behind a
firewall or VPN, or switched off.

## References
- RFC 4253 section 4.2 (software version in the identification)
- openssh.com/releasenotes.html, openssh.com/security.html; the CHANGES file of dropbear
- ETSI EN 303 645 V3.1.3 provision 5.3-13 (support period)
"""

from datetime import timedelta

from iotscan.sdk import (
    AsOf,
    Policy,
    Returned,
    SshServer,
    Target,
    bad,
    check,
    clause,
    good,
    listen,
    parameter,
    skip,
    ssh_release,
    unknown,
)

YEAR = timedelta(days=365)


@check(
    id="ssh-server-release",
    aliases=("SVC-016-R",),
    title="The SSH server is of a version that still gets updates",
    element="communication",
    variants={
        "distribution": ("medium", "The SSH server is of a distribution without updates"),
        "old": ("medium", "The SSH server is perhaps years old"),
    },
    confidence="tentative",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-13"),
        clause("EN 18031-1", "2024", "GEC-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(a)"),
    ),
    parameters={"max_years": parameter("integer", "How old a version may be", default=5, unit="years")},
    tags=("network", "ssh", "updates"),
    since="0.1",
    effort="high",
)
def ssh_server_release(ssh: SshServer, policy: Policy, as_of: AsOf, target: Target) -> Returned:
    """The distribution's day where the banner names one, else the age of the version."""
    if target.subject.image:
        return skip("end-of-life-software and known-vulnerabilities judge the packages of an image")
    release = ssh_release(ssh.software)
    if not release.product:
        return unknown("the banner names no server whose versions are known")
    called, today = f"{release.product} {release.version}", as_of.date()
    banner = f"{listen(target)} | grep -a -m 1 '^SSH-'"
    if release.ends:
        until = f"{release.distribution}, which gets free updates until {release.ends}"
        if release.ends >= today:
            return good(f"{called} is that of {until}; whether they are installed it does not say")
        return bad(
            "distribution",
            f"{called} is that of {release.distribution}, without free updates since {release.ends}",
            observed=ssh.software,
            expected="a distribution that gets security updates",
            reproduce=banner,
            shows=ssh.software,
        )
    if release.published is None:
        return unknown(f"of when {called} is, is not known")
    age, most = today - release.published, policy.integer("max_years")
    if age <= most * YEAR:
        return good(f"{called} is not older than {most} years")
    if release.mended_until and release.mended_until >= today:
        return unknown(f"{called} came out on {release.published}; {release.may_be} has it and mends it by itself")
    return bad(
        "old",
        f"{called} came out on {release.published} or before; flaws found since may be mended in it or not",
        observed=ssh.software,
        expected=f"a version not older than {most} years, or a word of the vendor that it is mended",
        reproduce=banner,
        shows=ssh.software,
    )

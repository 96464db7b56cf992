"""Only the ports that the policy allows are open.

## What it looks at
The TCP ports that answered the sweep, against a list of allowed ports that a profile gives: one list for all
devices, or lists by what a device calls itself (its name, model or maker, as globs: `cam*`). The list is a set that
may be used in part: an allowed port that is closed is no finding. Ports outside the sweep were not asked, and a
device can lie about its name: give the lists of names to narrow, not to excuse. Without a list nothing is declared,
and so nothing can be undocumented: that is not assessed.

## Why it matters
Every open port is a program that strangers can talk to, and one that nobody expects is one that nobody updates:
debug services that were left on, a console that a supplier opened for support, a port that malware opened.

## How to fix
Find out who listens (`ss -ltnp` on the device, `netstat -ltnp` with busybox), then stop it and keep it stopped:
`systemctl disable --now NAME`, `/etc/init.d/NAME disable`, or leave the package out of the image. Where it must run,
bind it to the address it is meant for, or close it in the firewall. If it is meant to be there, add it to the policy.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.6-1 and 5.6-5 (unused interfaces disabled, services only where needed)
- IEC 62443-4-2 CR 7.7 (least functionality)
"""

from iotscan.sdk import (
    Policy,
    PortSweep,
    Reason,
    Returned,
    Subject,
    Target,
    bad,
    check,
    clause,
    command,
    good,
    parameter,
    unknown,
)


@check(
    id="allowed-ports",
    aliases=("SVC-017",),
    title="Only ports that the policy allows are open",
    element="communication",
    variants={"not-allowed": ("medium", "A port is open that the policy does not allow")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.6-5"),
        clause("EN 18031-1", "2024", "GEC-2"),
        clause("IEC 62443-4-2", "2019", "CR 7.7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    parameters={
        "allowed_tcp": parameter("ports", "The TCP ports that any device may have open"),
        "allowed_tcp_by_name": parameter(
            "ports by name", "The TCP ports for devices whose name, model or maker matches, instead of allowed_tcp"
        ),
    },
    tags=("exposure", "network"),
    since="0.1",
    effort="low",
)
def allowed_ports(sweep: PortSweep, policy: Policy, target: Target) -> Returned:
    """Compare what is open with the list for this device; what did not answer may be open, too."""
    allowed = _allowed(policy, target)
    if allowed is None:
        if policy.ports_by_name("allowed_tcp_by_name"):
            return unknown("the policy lists ports by name, and this device has no name that it lists")
        return unknown(
            "the profile declares no services (allowed_tcp): any open port may be meant", reason=Reason.EXCLUDED
        )
    found = sorted({*sweep.open, *sweep.unasked})
    extra = [port for port in found if port not in allowed]
    listed = ", ".join(map(str, sorted(allowed))) or "none"
    if extra:
        return [
            bad(
                "not-allowed",
                f"tcp/{port} is open and not allowed",
                observed=f"open: {', '.join(map(str, found))}",
                expected=f"at most: {listed}",
                reproduce=command("nc", "-vz", "-w", "5", target.host, str(port)),
                shows="succeeded",
                about=Subject(service=f"tcp/{port}"),
            )
            for port in extra
        ]
    silent = [port for port in sweep.filtered if port not in allowed]
    if silent:
        return unknown(f"{len(silent)} ports did not answer and may be open", reason=Reason.TIMEOUT)
    return good(f"open are {', '.join(map(str, found)) or 'none'} of the allowed {listed}")


def _allowed(policy: Policy, target: Target) -> frozenset[int] | None:
    """The list for this device: those whose name matches, joined, else the one for all; None without any."""
    by_name = policy.ports_by_name("allowed_tcp_by_name")
    mine = [ports for glob, ports in by_name.items() if target.is_called(glob)]
    if mine:
        return frozenset(port for ports in mine for port in ports)
    ports = policy.ports("allowed_tcp")
    return None if ports is None else frozenset(ports)

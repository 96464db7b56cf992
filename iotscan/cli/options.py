"""Options that mean the same on every command."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import complete

OUTPUT = Path("iotscan-out")
FailOn = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_severity,
        metavar="SEVERITY",
        help="Exit 1 on findings at or above: critical, high, medium, low, info; none never does. "
        "Default: as the profile says.",
        show_default=False,
    ),
]
Crls = Annotated[
    list[Path] | None,
    typer.Option(
        "--crl",
        metavar="FILE",
        help="A certificate revocation list (DER or PEM) by which certificates are judged; repeatable. It counts where "
        "the issuer of a certificate signed it, and while it is fresh.",
        show_default=False,
    ),
]
OcspResponses = Annotated[
    list[Path] | None,
    typer.Option(
        "--ocsp-response",
        metavar="FILE",
        help="An OCSP response (DER) by which certificates are judged, as openssl ocsp -respout writes it; repeatable.",
        show_default=False,
    ),
]
FetchRevocation = Annotated[
    bool,
    typer.Option(
        "--fetch-revocation",
        help="Grant: look up the hosts that certificates name for CRLs and OCSP, and fetch those from addresses in "
        "scope, once each. Off, with --lab too. Elsewhere than on this machine --scope has to permit it.",
    ),
]
TrustStores = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust-store",
        metavar="FILE",
        help="Roots that you trust, as PEM, besides those of the system and of Mozilla: your own CA, or the "
        "certificate of one device; repeatable.",
        show_default=False,
    ),
]
TrustedKeys = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust",
        metavar="KEY",
        help="Verify updates with this key too: a certificate, an authority or a public key (PEM or DER), an OpenPGP "
        "keyring, or a key of signify, usign or minisign; never a private one. Repeatable. The keys that an image "
        "holds are found by themselves.",
        show_default=False,
    ),
]
KnownKeys = Annotated[
    list[str] | None,
    typer.Option(
        "--known-keys",
        metavar="FILE|badkeys",
        help="Keys that others have, too: a list of your own (schema iotscan/keys@1), or badkeys: the block list that "
        "badkeys keeps on this machine. Repeatable. Those that iotscan knows are looked for anyway.",
        show_default=False,
    ),
]
Listen = Annotated[
    float,
    typer.Option(
        "--listen",
        metavar="SECONDS",
        min=0,
        max=86_400,
        help="Listen this long to what devices say of their own accord (ARP, DHCP, mDNS …); 0: while others are asked.",
    ),
]
FromNmap = Annotated[
    list[Path] | None,
    typer.Option(
        "--from-nmap",
        metavar="FILE",
        help="Begin with what nmap found (-oX FILE): its hosts are targets, their open TCP ports are knocked on, too; "
        "nothing else of it is believed. Repeatable.",
        show_default=False,
    ),
]
FromFile = Annotated[
    list[Path] | None,
    typer.Option(
        "--from-file",
        metavar="FILE",
        help="Begin with an inventory: a run of iotscan (JSON), or a table (CSV) with a column 'address' or 'ip'. "
        "Repeatable.",
        show_default=False,
    ),
]
Fingerprints = Annotated[
    list[Path] | None,
    typer.Option(
        "--fingerprints",
        metavar="DIR",
        help="Further rules that tell products, besides the built-in ones: a folder of *.xml in the format of recog; "
        "repeatable.",
        show_default=False,
    ),
]
SnmpCommunities = Annotated[
    Path | None,
    typer.Option(
        "--snmp-community-file",
        metavar="FILE",
        help="Routers in scope that may be asked by SNMP whom they have met, one a line: address, then community. "
        "It is sent in the clear (v2c) to that address alone, and stands in no run and no report.",
        show_default=False,
    ),
]
Nmap = Annotated[
    bool,
    typer.Option(
        "--nmap",
        help="Ask the installed nmap (-sV) about open TCP ports on which nothing of ours is recognised, last and at "
        "the same pace. What it says is shown as its opinion and judges nothing.",
    ),
]
IdentityFile = Annotated[
    Path | None,
    typer.Option(
        "--identity",
        metavar="FILE",
        help="Which addresses are one device and which are not, where you know better: a YAML file.",
        show_default=False,
    ),
]
WarnOn = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_severity,
        metavar="SEVERITY",
        help="Name findings at or above in the verdict; changes no exit code.",
        show_default=False,
    ),
]
FailOnNew = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_severity,
        metavar="SEVERITY",
        help="Exit 1 on findings at or above that are not in the baseline; needs --baseline.",
        show_default=False,
    ),
]
Baseline = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_run,
        metavar="RUN",
        help="An earlier run (file, folder, id or latest): tells new findings from known ones.",
        show_default=False,
    ),
]
FirstSeen = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_run,
        metavar="RUN",
        help="An earlier scan (file, folder, id or latest) whose certificates you take for the right ones: trust on "
        "first use. A device that shows the key of then is trusted, one that shows another is told.",
        show_default=False,
    ),
]
MinGrade = Annotated[
    str,
    typer.Option(
        metavar="LETTER",
        help="Exit 1 when a device or image is graded worse than this (A to F), 3 when it may be.",
        show_default=False,
    ),
]
Incomplete = Annotated[
    str,
    typer.Option(
        autocompletion=complete.complete_incomplete,
        metavar="WHAT",
        help="What an incomplete run does: fail (exit 3, the default), warn, or ignore. Exit 3 stays where no target "
        "answered or nothing could be assessed.",
        show_default=False,
    ),
]
Waivers = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Waivers and attestations. Default: iotscan.waivers.yaml, where there is one."),
]
NoWaivers = Annotated[bool, typer.Option("--no-waivers", help="Judge without waivers and attestations.")]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit 0 where findings would exit 1. Codes 2 and 3 stay.")]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile",
        autocompletion=complete.complete_profile,
        metavar="NAME|FILE",
        help="What to check and how to judge it.",
    ),
]
CheckFolders = Annotated[
    list[Path] | None, typer.Option("--checks", metavar="DIR", help="Further checks from a folder; repeatable.")
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        "--check",
        autocompletion=complete.complete_check,
        metavar="ID",
        help="Only these checks (id, alias, glob, element:, tag:, severity:, clause:); repeatable.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--skip-check", autocompletion=complete.complete_check, metavar="ID", help="All but these checks; repeatable."
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        autocompletion=complete.complete_format,
        metavar="FMT[:PATH]",
        help="csv, cyclonedx, docx, github-summary, gitlab-codequality, html, json, jsonl, junit, md, pdf, sarif, "
        "sarif-github or text, to PATH or standard output; docx, pdf and each of several (html,pdf) to report.FMT in "
        "the run's folder; repeatable.",
    ),
]
OutputDir = Annotated[Path, typer.Option("--output-dir", "-o", metavar="DIR", help="Where runs are kept.")]
Color = Annotated[
    str, typer.Option(autocompletion=complete.complete_color, metavar="WHEN", help="auto, always or never.")
]
Width = Annotated[int, typer.Option(metavar="N", help="Columns of the terminal report; 0 asks the terminal.")]
Ascii = Annotated[bool, typer.Option("--ascii", help="No symbols beyond ASCII.")]
Quiet = Annotated[int, typer.Option("--quiet", "-q", count=True, help="-q: only the verdict; -qq: only the exit code.")]
ShowPassed = Annotated[bool, typer.Option("--show-passed", help="List the checks that passed, too.")]
Redact = Annotated[
    str,
    typer.Option(
        metavar="LEVEL",
        help="How much a report hides: strict (also names, identifiers and public addresses: fit to be passed on), "
        "standard (secrets), or off.",
    ),
]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="No progress on standard error.")]
NoHistory = Annotated[
    bool,
    typer.Option(
        "--no-history", help="Neither ask the history of the runs kept there (iotscan history), nor go into it."
    ),
]
NoStepSummary = Annotated[
    bool, typer.Option("--no-step-summary", help="Append no summary to the file that GITHUB_STEP_SUMMARY names.")
]
BackEnds = Annotated[
    list[str] | None,
    typer.Option(
        "--backend",
        metavar="HOST[:PORT]",
        help="Grant: ask this server, too, that devices talk to, by its name and as a server (public trust and the "
        "right name are expected); what is found counts for the element cloud. With a port, that port alone. "
        "Elsewhere than on this machine --scope has to permit it. Without targets nobody else is asked. Repeatable.",
        show_default=False,
    ),
]
Resolver = Annotated[
    str,
    typer.Option(
        "--resolver",
        metavar="ADDRESS",
        help="With --backend: whom to ask what the DNS says of its name (CAA, DNSSEC, TLSA); unless it is given, the "
        "first resolver of this machine.",
    ),
]
ScopeFile = Annotated[
    Path | None,
    typer.Option(
        "--scope",
        metavar="FILE",
        help="The scope file: by whose authority, where, when. Public addresses and grants need one.",
        show_default=False,
    ),
]

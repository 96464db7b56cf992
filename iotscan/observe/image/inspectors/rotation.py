"""Programs that renew keys and certificates: ACME (RFC 8555), EST (RFC 7030), CMP (RFC 9810), SCEP (RFC 8894), step-ca.

A program alone renews nothing: its configuration says for which name, a crontab, timer or service runs it.
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.facts import RotationTool, RotationTools
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_LIMIT = 256 * 1024
_FILES_READ = 2000
_BINARIES = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/bin", "/usr/libexec")


class _Known(msgspec.Struct, frozen=True):
    name: str
    programs: tuple[str, ...]
    """Names in the folders of programs, or whole paths."""
    configurations: tuple[str, ...] = ()
    """Files or folders; a folder counts with a file in it."""
    runs: str = ""
    """What the line that runs it says."""


_KNOWN = (
    _Known(
        "certbot", ("certbot",), ("/etc/letsencrypt/renewal", "/etc/letsencrypt/cli.ini"), r"\bcertbot\b.*\brenew\b"
    ),
    _Known(
        "acme.sh",
        ("acme.sh", "/usr/lib/acme/client/acme.sh", "/usr/lib/acme/acme.sh", "/root/.acme.sh/acme.sh"),
        ("/etc/config/acme", "/root/.acme.sh/account.conf"),
        r"\bacme(?:\.sh|-acmesh)?\b.*(?:--cron|--renew|start|renew)",
    ),
    _Known("lego", ("lego",), ("/etc/lego",), r"\blego\b.*\b(?:renew|run)\b"),
    _Known("uacme", ("uacme",), ("/etc/ssl/uacme", "/etc/uacme"), r"\buacme\b.*\bissue\b"),
    _Known("dehydrated", ("dehydrated",), ("/etc/dehydrated/domains.txt",), r"\bdehydrated\b.*(?:-c|--cron)\b"),
    _Known(
        "step",
        ("step", "step-cli"),
        ("/root/.step/config", "/etc/step"),
        r"\bstep(?:-cli)?\b.*\bca (?:renew|rekey|certificate)\b",
    ),
    _Known(
        "EST client",
        ("estclient", "libest_client", "est-client"),
        ("/etc/est",),
        r"\b(?:est[-_]?client|libest_client)\b",
    ),
    _Known(
        "SCEP client",
        ("sscep", "scepclient"),
        ("/etc/sscep", "/etc/sscep.conf"),
        r"\b(?:sscep|scepclient)\b.*\b(?:enroll|-c)\b",
    ),
    _Known("strongSwan pki", ("pki",), (), r"\bpki\b.*--(?:est|estca|scep|scepca)\b"),
    _Known("OpenSSL CMP", ("openssl",), (), r"\bopenssl\s+cmp\b"),
    _Known("certmonger", ("certmonger",), ("/var/lib/certmonger/requests",), r"\bcertmonger\b"),
    _Known(
        "Azure IoT certificate service",
        ("/usr/libexec/aziot-identity-service/aziotd",),
        ("/etc/aziot/certd/config.toml",),
        r"\baziotd?\b",
    ),
)
_ONLY_WHERE_RUN = ("strongSwan pki", "OpenSSL CMP")
"""Programs that are there for much else."""
_SCHEDULES = (
    "/etc/crontab", "/etc/crontabs", "/var/spool/cron", "/var/spool/cron/crontabs", "/etc/cron.d", "/etc/cron.daily",
    "/etc/cron.weekly", "/etc/cron.hourly", "/etc/periodic/daily", "/etc/periodic/weekly", "/etc/systemd/system",
    "/usr/lib/systemd/system", "/lib/systemd/system", "/etc/init.d",
)  # fmt: skip


def _inspect(tree: Tree) -> Heard:
    try:
        lines = tuple(_scheduled(tree))
        tools = tuple(tool for known in _KNOWN if (tool := _tool(tree, known, lines)) is not None)
        return Heard(facts=(RotationTools(tools=tools),))
    except Unreadable as error:
        return all_missed((RotationTools,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"what renews keys: {error}")


def _tool(tree: Tree, known: _Known, lines: tuple[tuple[str, str], ...]) -> RotationTool | None:
    program = next((p for p in _paths(known) if _is_file(tree, p)), "")
    pattern = re.compile(known.runs)
    scheduled = next((path for path, line in lines if pattern.search(line)), "")
    if not program or (known.name in _ONLY_WHERE_RUN and not scheduled):
        return None
    configured = next((p for p in known.configurations if _holds(tree, p)), "")
    # What has no configuration of its own is told on its command line.
    configured = configured or (scheduled if not known.configurations else "")
    return RotationTool(
        name=known.name,
        path=tree.show(program),
        configured=tree.show(configured) if configured else "",
        scheduled=tree.show(scheduled) if scheduled else "",
    )


def _paths(known: _Known) -> Iterator[str]:
    for program in known.programs:
        if program.startswith("/"):
            yield program
        else:
            yield from (f"{folder}/{program}" for folder in _BINARIES)


def _is_file(tree: Tree, path: str) -> bool:
    found = tree.find(path)
    return found is not None and found.kind == "file" and found.size > 0


def _holds(tree: Tree, path: str) -> bool:
    found = tree.find(path)
    if found is None:
        return False
    if found.kind == "file":
        return found.size > 0
    return any(child.kind in ("file", "folder") and not child.name.startswith(".") for child in tree.children(path))


def _scheduled(tree: Tree) -> Iterator[tuple[str, str]]:
    """Path and line of what crontabs, units and start-up scripts say, comments left out."""
    count = 0
    for place in _SCHEDULES:
        found = tree.find(place)
        if found is None:
            continue
        paths = [place] if found.kind == "file" else [f"{place}/{e.name}" for e in tree.children(place)]
        for path in paths:
            entry = tree.find(path)
            if entry is None or entry.kind != "file" or not entry.size or count >= _FILES_READ:
                continue
            count += 1
            text = tree.whole(path, _LIMIT).decode("utf-8", "replace")
            for line in text.replace("\\\n", " ").splitlines():
                if line.strip() and not line.lstrip().startswith(("#", ";")):
                    yield path, line


INSPECTOR = Inspector(name="rotation", version=1, gives=(RotationTools,), inspect=_inspect)

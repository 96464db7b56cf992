"""Images with a TLS server, and the same server running on loopback, to be asked by our own probe."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import anyio

from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import all_configurations
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.network.hellos import over_stream
from iotscan.observe.network.probes.tls.interview import Interview
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.test_startup import add_links
from tests.observe.network.tls_probes.servers import door

BY_NAME = {inspector.name: inspector for inspector in all_configurations()}


def status_of(**versions: str) -> dict[str, str]:
    """A dpkg status file with these packages (``_`` for ``-``)."""
    entries = (
        f"Package: {name.replace('_', '-')}\nStatus: install ok installed\nVersion: {version}\n"
        for name, version in versions.items()
    )
    return {"var/lib/dpkg/status": "\n".join(entries) + "\n"}


def a_server(folder: Path, command: str, files: Mapping[str, str | bytes], *, needs: str = "libssl.so.3") -> FolderTree:
    """A root of BusyBox's init that starts one command, whose program needs a library."""
    program = command.split()[0].lstrip("/")
    binary = b"\x7fELF\0" + (needs.encode() + b"\0" if needs else b"")
    tree = a_root(
        folder,
        {
            "bin/busybox": b"\x7fELF",
            "etc/inittab": f"::respawn:{command}\n",
            "etc/debian_version": "12.1\n",
            program: binary,
            **files,
        },
    )
    add_links(folder, {"sbin/init": "/bin/busybox"})
    return tree


def configured(name: str, tree: FolderTree) -> tuple[Configured, ...]:
    """What an inspector says of it; nothing may be missed."""
    heard = heard_of(BY_NAME[name], tree)
    assert heard.missed == ()
    return heard.configured


def endpoints(found: Sequence[Configured]) -> dict[str, TlsEndpoint]:
    """Endpoints by service; where a port has several, the first."""
    given = [(c.service, c.fact) for c in reversed(found) if isinstance(c.fact, TlsEndpoint)]
    return dict(given)


def chains(found: Sequence[Configured]) -> list[tuple[str, str, int, CertificateChain]]:
    """Chains with service, path and line."""
    return [(c.service, c.path, c.line, c.fact) for c in found if isinstance(c.fact, CertificateChain)]


def observed(port: int) -> TlsEndpoint:
    """What our own probe sees there, with complete lists of suites."""
    interview = Interview(over_stream(door(port)), server_name="", ceiling=400, is_complete=True)
    anyio.run(interview.hold)
    found = interview.endpoint()
    assert found is not None
    return found


def disagreements(said: TlsEndpoint, seen: TlsEndpoint) -> list[str]:
    """Every question that both answer, differently."""
    found = [
        f"{name}: configured {answer.known}, observed {seen.versions[name].known}"
        for name, answer in said.versions.items()
        if name in seen.versions
        and answer.is_answered
        and seen.versions[name].is_answered
        and answer.known != seen.versions[name].known
    ]
    for name in TlsEndpoint.__struct_fields__:
        one, other = getattr(said, name), getattr(seen, name)
        if isinstance(one, Answer) and one.is_answered and other.is_answered and one.known != other.known:
            found.append(f"{name}: configured {one.known}, observed {other.known}")
    lists = {found.version: {s.name for s in found.suites} for found in seen.suite_lists if found.is_complete}
    for listed in said.suite_lists:
        ours, theirs = {s.name for s in listed.suites}, lists.get(listed.version)
        if theirs is not None and listed.is_complete and ours != theirs:
            found.append(f"{listed.version}: only configured {ours - theirs}, only observed {theirs - ours}")
    return found


def answered(said: TlsEndpoint) -> int:
    """How many questions are answered."""
    fields = [getattr(said, name) for name in TlsEndpoint.__struct_fields__]
    return sum(isinstance(one, Answer) and one.is_answered for one in fields)

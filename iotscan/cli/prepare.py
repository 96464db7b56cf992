"""Everything a scan needs, settled and checked before anything is sent."""

import hashlib
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from iotscan import __version__
from iotscan.cli.caller import caller
from iotscan.cli.consent import confirm
from iotscan.cli.recipe import Choice, Chosen, Recipe, read_earlier_scan, records_for
from iotscan.cli.terms import Gating
from iotscan.data.fingerprints.library import LeftOut, load_library
from iotscan.data.identity_file import read_identity
from iotscan.data.scope_file import read_scope
from iotscan.model.errors import BadInput
from iotscan.model.run import Notice, Run, Tool
from iotscan.model.scope import PRACTICE_NETWORK, Fence, Grants, Pace, Scope, lies_in, utc_now
from iotscan.model.text import safe_text
from iotscan.observe.network import ports
from iotscan.observe.network.attached import Attached, attached_networks, own_addresses, own_places, private_networks
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.opinion.asking import LONGEST, command
from iotscan.observe.network.opinion.installed import Nmap, find_nmap
from iotscan.observe.network.unit import Unit
from iotscan.scan.authority import (
    excluded_by_one_family,
    may_ask_all,
    require_authority,
    require_permitted,
    who_hears_all_the_same,
    within,
    words_of,
)
from iotscan.scan.back_ends import networks_of, read_back_ends, require_within
from iotscan.scan.image_runs import read_image_runs
from iotscan.scan.listed import listed_in
from iotscan.scan.name_lookup import read_resolver
from iotscan.scan.neighbour_tables import routers_in
from iotscan.scan.request import Plan, ScanRequest
from iotscan.scan.revocation_files import read_revocation_files
from iotscan.scan.secret_files import open_to_others
from iotscan.scan.targets import (
    BadTarget,
    Resolver,
    Targets,
    read_exclusions,
    read_targets,
    vast_ones,
    without_own,
)
from iotscan.scan.tenants import credentials_in
from iotscan.scan.trust_stores import read_trust_stores
from iotscan.scan.trusted_keys import read_trusted_keys
from iotscan.store.runs import make_folder, new_run_id
from iotscan.store.state import state_path

if TYPE_CHECKING:
    from iotscan.cli.launch import Wish

ADB = 5555
_RULES_NAMED = 5
_TOO_LARGE = "too large to be asked one by one, and no link where all may be asked is in it: nobody there is looked for"
_AT_ONCE = "too large to be asked one by one: instead all are asked at once on"
LAB_PACE = Pace(attempts_per_second=2000.0, accepted_per_second=500.0, connections=200, device_timeout=30.0)
"""The practice network is ours and on this machine: politeness there only costs time."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan would ask whom, settled and allowed; nothing is written yet, nothing sent."""

    words: tuple[str, ...]
    scope: Scope
    plan: Plan
    chosen: Chosen
    notices: tuple[Notice, ...] = ()


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A scan ready to run, and what an earlier, interrupted run of it has already found."""

    request: ScanRequest
    earlier: tuple[Found | Unit, ...] | None = None
    """None for a run that begins: one that was killed at once has found nothing, and goes on all the same."""
    intent: Intent | None = None
    """What was settled for a run that begins, so that another like it can follow."""


async def prepare(wish: "Wish") -> Prepared:
    """Settle an ordinary scan. Raises BadInput before anything is sent (a name look-up aside)."""
    from iotscan.observe.network.names import resolve

    intent = await intend(wish, resolve)
    confirm(intent.scope, yes=wish.yes)
    return _settle(wish, intent)


async def intend(wish: "Wish", resolve: Resolver) -> Intent:
    """What an ordinary scan would ask whom. Raises BadInput unless somebody allows it."""
    chosen = _choose(wish)
    usual = ports.LIKELY if chosen.profile.ports == "likely" else tuple(p.port for p in ports.PORTS)
    tcp = read_ports(wish.ports) if wish.ports else usual
    loaded = read_scope(wish.scope) if wish.scope else None
    mandate = loaded.mandate if loaded else None
    listed = listed_in(wish.from_nmap, wish.from_file)
    given = (*wish.targets, *listed.addresses)
    # Whoever names servers alone means no device: nobody else is asked then.
    words = given or (() if wish.backends else words_of(mandate) if mandate else _attached_words(wish))
    if not (words or wish.backends) and mandate:
        raise BadInput(f"{mandate.file} holds servers alone, and no network: name them with --backend HOST")
    if mandate:
        require_permitted(wish.backends, mandate)
    targets = await _read_targets(wish, words, resolve)
    if mandate and words:
        targets = within(targets, mandate)
    servers = await read_back_ends(wish.backends, resolve=resolve, targets=targets.addresses)
    pace = chosen.profile.pace.over(Pace(connect_timeout=wish.timeout))
    scope = Scope(
        include=tuple(dict.fromkeys((*targets.networks, *networks_of(servers)))),
        exclude=targets.excluded,
        grants=Grants(
            default_creds=wish.default_creds,
            intrusive=wish.intrusive,
            fetch_revocation=wish.fetch_revocation,
            backends=tuple(server.word for server in servers),
        ),
        backends=servers,
        pace=loaded.pace(pace) if loaded else pace,
        authority=f"{mandate.engagement}, authorised by {mandate.authorized_by}" if mandate else "command line",
        mandate=mandate,
    )
    require_authority(scope, utc_now())
    if wish.communities:
        routers_in(wish.communities, scope)
    if wish.backend_credentials:
        credentials_in(wish.backend_credentials, servers)
    attached = _links(targets)
    fence = Fence(scope)
    require_within(servers, fence)
    asked = {server.address: server.name for server in servers}
    targets, own = without_own(targets, (a for a in own_addresses() if fence.allows(a) and a not in asked))
    links, silent = may_ask_all(attached, mandate)
    vast = vast_ones(targets.networks, links)
    lost = [f"{network}: {_TOO_LARGE}" for network, ways in vast.items() if not ways]
    if lost and not targets.addresses and len(lost) == len(vast):
        raise BadTarget(f"{lost[0]}; name single addresses of it, or the IPv4 network of your link, too")
    plan = Plan(
        addresses=tuple(dict.fromkeys((*targets.addresses, *asked))),
        backends=servers,
        resolver=read_resolver(wish.resolver) if servers else "",
        most=wish.max_hosts,
        names={**targets.names, **{address: name for address, name in asked.items() if name != address}},
        links=links,
        attached=attached,
        own=own,
        fragile=chosen.profile.may_be_asked,
        tcp=tcp,
        only_these_ports=bool(wish.ports),
        listed_ports={a: listed.ports[a] for a in targets.addresses if a in listed.ports},
        # Of every port that suggests one: images and lists add ports, too.
        expected={choice.port: choice.expected for choice in ports.PORTS if choice.expected},
        udp=dict(ports.UDP),
        own_services=dict(ports.CONTROLLERS),
        records=tuple(str(r.absolute()) for r in wish.credentials),
        trust_stores=tuple(str(f.absolute()) for f in wish.trust_stores),
        crls=tuple(str(f.absolute()) for f in wish.crls),
        ocsp_responses=tuple(str(f.absolute()) for f in wish.ocsp_responses),
        backend_credentials=str(wish.backend_credentials.absolute()) if wish.backend_credentials else "",
        communities=str(wish.communities.absolute()) if wish.communities else "",
        fingerprints=tuple(str(f.absolute()) for f in wish.fingerprints),
        listen=wish.listen,
        nmap=wish.nmap,
        ledger=str(state_directory() / "login-tries.jsonl"),
        rehearses=wish.dry_run,
    )
    unasked = (f"{link}: not asked by multicast, which all on it hear" for link in silent)
    hearing = (*who_hears_all_the_same(targets, links), *excluded_by_one_family(targets, mandate))
    at_once = (f"{network}: {_AT_ONCE} {', '.join(ways)}" for network, ways in vast.items() if ways)
    ours = (f"{', '.join(own)}: this machine, which is not listed unless its address is named",) if own else ()
    told = (*(loaded.notices if loaded else ()), *listed.notices, *unasked, *hearing, *at_once, *lost, *ours)
    files = {"--backend-credential": wish.backend_credentials, "--snmp-community-file": wish.communities}
    notices = (*(Notice(about="scope", text=text) for text in told), *open_to_others(files))
    shown = (*((*wish.targets, *listed.shown) or words), *(server.word for server in servers))
    return Intent(words=shown, scope=scope, plan=plan, chosen=chosen, notices=notices)


async def _read_targets(wish: "Wish", words: Sequence[str], resolve: Resolver) -> Targets:
    if words:
        return await read_targets(
            words, wish.exclude, resolve=resolve, max_hosts=wish.max_hosts, links=attached_networks()
        )
    excluded = await read_exclusions(wish.exclude, resolve=resolve)
    return Targets(addresses=(), networks=(), excluded=tuple(dict.fromkeys(map(str, excluded))))


def prepare_lab(wish: "Wish", stack: ExitStack) -> Prepared:
    """Start the practice network unless it is up, and settle a scan of its addresses alone."""
    from iotscan.lab import network
    from iotscan.observe.network.names import resolve
    from iotscan.shipped import PACKAGE

    chosen = _choose(wish)
    tcp = read_ports(wish.ports) if wish.ports else ()
    state = stack.enter_context(network.running())
    targets = anyio.run(partial(read_targets, state.addresses, wish.exclude, resolve=resolve))
    scope = Scope(
        include=targets.networks,
        exclude=targets.excluded,
        grants=Grants(
            default_creds=wish.default_creds, intrusive=wish.intrusive, fetch_revocation=wish.fetch_revocation
        ),
        pace=msgspec.structs.replace(LAB_PACE, connect_timeout=wish.timeout),
        authority="practice network",
    )
    plan = Plan(
        addresses=targets.addresses,
        only_these_ports=bool(wish.ports),
        tcp=tcp or tuple(sorted(set(state.ports.values()))),
        # ADB waits for its client to speak: without the port's hint nobody would ask it.
        expected={state.ports[ADB]: "adb"} if ADB in state.ports else {},
        udp=state.udp,
        trust_stores=tuple(str(f.absolute()) for f in wish.trust_stores),
        crls=tuple(str(f.absolute()) for f in wish.crls),
        ocsp_responses=tuple(str(f.absolute()) for f in wish.ocsp_responses),
        fingerprints=tuple(str(f.absolute()) for f in wish.fingerprints),
        nmap=wish.nmap,
        records=tuple(str(r) for r in (PACKAGE / "lab" / "credentials.yaml", *map(Path.absolute, wish.credentials))),
        ledger="",
        login_gap=0.0,
        rehearses=wish.dry_run,
    )
    require_authority(scope, utc_now())
    return _settle(wish, Intent(words=(PRACTICE_NETWORK,), scope=scope, plan=plan, chosen=chosen))


def _choose(wish: "Wish") -> Chosen:
    return Choice(
        profile=wish.profile,
        include=wish.include,
        skip=wish.skip,
        folders=tuple(str(f.absolute()) for f in wish.folders),
        gating=wish.gating.settled(wish.output) if wish.command == "scan" else Gating(no_waivers=True),
        judges=wish.command == "scan",
    ).load(wish.output)


def _settle(wish: "Wish", intent: Intent) -> Prepared:
    scope, plan, chosen = intent.scope, intent.plan, intent.chosen
    profile = chosen.profile
    records = records_for(scope, plan.records)
    stores = read_trust_stores(plan.trust_stores)
    revocation = read_revocation_files(plan.crls, plan.ocsp_responses)
    routers = routers_in(Path(plan.communities), scope) if plan.communities else ()
    of_devices = credentials_in(Path(plan.backend_credentials), plan.backends) if plan.backend_credentials else ()
    nmap = find_nmap() if plan.nmap else None
    library, left_out = load_library([Path(f) for f in plan.fingerprints])
    trusted = read_trusted_keys(wish.trusted)
    identity_rules = read_identity(wish.identity) if wish.identity else ()
    joined = read_image_runs(wish.images, wish.output)
    earlier = (
        read_earlier_scan(wish.since, wish.output, plan, scope.grants)
        if wish.since and wish.command == "scan"
        else None
    )
    run_id = new_run_id()
    folder = make_folder(wish.output, run_id)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    header = Run(
        id=run_id,
        tool=Tool(version=__version__),
        status="running",
        command=wish.command,
        started=now,
        as_of=now,
        targets=tuple(safe_text(word) for word in intent.words),
        scope=scope,
        scope_sha256=hashlib.sha256(msgspec.json.encode(scope)).hexdigest(),
        profile=profile.as_info(),
        notices=(*intent.notices, *rules_left_out(left_out), *_other_programs(nmap, scope), *joined.notices),
        images=joined.images,
        observations=joined.observations,
        attempts=joined.attempts,
        trusted=tuple(dict.fromkeys((*trusted, *joined.trusted))),
        own=plan.own,
        looked_from=own_places({link.interface for link in plan.attached}),
        identity_rules=identity_rules,
    )
    # A practice network forgets who knocked: its tries are counted in the run's own folder.
    plan = msgspec.structs.replace(plan, ledger=plan.ledger or str(folder.absolute() / "login-tries.jsonl"))
    Recipe(plan=plan, choice=chosen.choice, lab=wish.lab).write(folder)
    request = ScanRequest(
        header=header,
        folder=folder,
        plan=plan,
        checks=chosen.checks,
        profile=profile,
        records=records,
        trust_stores=stores,
        revocation_files=revocation,
        routers=routers,
        credentials=of_devices,
        library=library,
        nmap=nmap,
        terms=chosen.terms,
        caller=caller(),
        earlier=earlier,
        deadline=wish.deadline,
    )
    return Prepared(request=request, intent=intent)


def once_more(wish: "Wish", intent: Intent) -> ScanRequest:
    """Another run like the one that was settled and agreed to. Raises BadInput where nobody allows it any more."""
    require_authority(intent.scope, utc_now())
    return _settle(wish, intent).request


def rules_left_out(left_out: Sequence[LeftOut]) -> tuple[Notice, ...]:
    """Rules of --fingerprints that take part in nothing, the first few by name."""
    if not left_out:
        return ()
    named = "; ".join(f"{rule.where} ({rule.why})" for rule in left_out[:_RULES_NAMED])
    more = f" and {len(left_out) - _RULES_NAMED} more" if len(left_out) > _RULES_NAMED else ""
    return (Notice(about="fingerprints", text=f"rules that no linear-time pattern can express: {named}{more}"),)


def _other_programs(nmap: Nmap | None, scope: Scope) -> tuple[Notice, ...]:
    """What may be started besides us: which version, with which words."""
    if nmap is None:
        return ()
    words = " ".join(command(nmap, "ADDRESS", 0, rate=scope.pace.attempts_per_second, seconds=LONGEST, proxy=0))
    text = (
        f"{nmap.name} is asked about services that nothing of ours recognises; what it says is its opinion. One "
        "connection that it closes at once is its own, whatever else it says goes through our door. Its words, its "
        f"port and ours as 0: {words}"
    )
    return (Notice(about="nmap", text=text),)


def read_ports(text: str) -> tuple[int, ...]:
    """A port list (``80,443,8000-8100``). Raises BadInput."""
    found: dict[int, None] = {}
    for word in text.split(","):
        first, _, last = word.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise BadInput(f"--ports '{text[:60]}' is no port list: write it like 80,443,8000-8100")
        low, high = int(first), int(last or first)
        if not 0 < low <= high < 65536:
            raise BadInput(f"--ports '{word.strip()[:20]}' is no port or range between 1 and 65535")
        found.update(dict.fromkeys(range(low, high + 1)))
    refused = sorted(found.keys() & ports.FRAGILE)
    if refused:
        raise BadInput(
            f"--ports {refused[0]} belongs to printers or industrial devices that a probe can harm: leave it out"
        )
    return tuple(found)


def _attached_words(wish: "Wish") -> tuple[str, ...]:
    networks = private_networks(attached_networks())
    if not networks:
        raise BadInput("this machine is attached to no private network: name a target, or try iotscan scan --lab")
    words = tuple(dict.fromkeys(str(n.network) for n in networks))
    listed = ", ".join(f"{n.network} ({n.interface})" for n in networks)
    print(f"No target was given. Directly attached private networks: {listed}", file=sys.stderr)
    if wish.yes:
        return words
    if not sys.stdin.isatty():
        raise BadInput("nobody is there to ask: name a target, or agree with --yes")
    print("Scan them? They must be yours, or you must be allowed to. [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise BadInput("not scanned: name a target, or answer yes")
    return words


def _links(targets: Targets) -> tuple[Attached, ...]:
    networks = [ip_network(n) for n in targets.networks]
    attached = ((link, ip_network(link.network)) for link in attached_networks())
    return tuple(link for link, here in attached if any(lies_in(n, here) or lies_in(here, n) for n in networks))


def state_directory() -> Path:
    """The folder of :func:`state_path`, made with mode 0700. Raises BadInput."""
    folder = state_path()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made ({error.strerror}): set XDG_STATE_HOME to a place of yours") from error
    return folder

"""What a resumed run needs to know besides its journal."""

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec

from iotscan import __version__
from iotscan.assess.check import Check
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.cli.caller import caller
from iotscan.cli.consent import confirm
from iotscan.cli.selection import choose_checks
from iotscan.cli.terms import Gating
from iotscan.data.credential_records import CredentialRecord, load_records
from iotscan.data.fingerprints.library import load_library
from iotscan.data.scope_file import read_scope
from iotscan.model.errors import BadInput
from iotscan.model.scope import Grants, Network, Scope, lies_in, utc_now
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.opinion.installed import find_nmap
from iotscan.observe.network.unit import Unit
from iotscan.scan.authority import require_authority
from iotscan.scan.neighbour_tables import routers_in
from iotscan.scan.request import Plan, ScanRequest
from iotscan.scan.revocation_files import read_revocation_files
from iotscan.scan.since import Earlier, read_earlier
from iotscan.scan.targets import read_exclusions
from iotscan.scan.tenants import credentials_in
from iotscan.scan.trust_stores import read_trust_stores
from iotscan.store.claim import claimed
from iotscan.store.journal import NAME as JOURNAL
from iotscan.store.journal import read_journal
from iotscan.store.runs import find_run, write_whole

if TYPE_CHECKING:
    from iotscan.cli.launch import Wish

NAME = "recipe.json"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks judge, as the user chose them."""

    profile: str
    include: tuple[str, ...]
    skip: tuple[str, ...]
    folders: tuple[str, ...]
    gating: Gating = Gating()
    judges: bool = True
    """False for an inventory: no check is asked."""

    def load(self, output: Path) -> "Chosen":
        """The profile, the checks and the terms themselves; ``output`` is where runs are kept. Raises BadInput."""
        profile, checks = choose_checks(self.profile, [Path(f) for f in self.folders], self.include, self.skip)
        terms = self.gating.read(output, folders=[Path(f) for f in self.folders])
        terms.rules(profile)
        return Chosen(choice=self, profile=profile, checks=checks if self.judges else (), terms=terms)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a :class:`Choice` names, loaded: the terms and the profile are known to agree."""

    choice: Choice
    profile: Profile
    checks: tuple[Check, ...]
    terms: Terms


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """A scan as it was begun: kept in the run's folder as ``recipe.json``."""

    plan: Plan
    choice: Choice
    lab: bool

    def write(self, folder: Path) -> None:
        """Keep it in the run's folder."""
        write_whole(folder / NAME, msgspec.json.encode(self))


def resume(wish: "Wish", stack: ExitStack) -> tuple[ScanRequest, tuple[Found | Unit, ...]]:
    """The rest of an interrupted scan, exactly as it was begun, and what it had found. Raises BadInput.

    Its scope holds on; a scope file that it was begun under has to be given again, unchanged. A practice
    network is started anew when it is gone; ``stack`` stops it again.
    """
    from iotscan.observe.network.names import resolve

    place = find_run(wish.resume, wish.output, holding=JOURNAL)
    folder = place if place.is_dir() else place.parent
    stack.enter_context(claimed(folder))
    header, entries = read_journal(folder, msgspec.json.Decoder(Found | Unit))
    try:
        recipe = msgspec.json.decode((folder / NAME).read_bytes(), type=Recipe)
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{folder / NAME} cannot be read: start the scan anew") from error
    if recipe.plan.rehearses:
        raise BadInput(f"{folder} is a dry run: begin it anew, for what it would try is kept nowhere")
    chosen = recipe.choice.load(wish.output)
    if chosen.profile.sha256 != header.profile.sha256 or header.tool.version != __version__:
        raise BadInput("the profile or iotscan itself has changed since the run began: start the scan anew")
    if hashlib.sha256(msgspec.json.encode(header.scope)).hexdigest() != header.scope_sha256:
        raise BadInput(f"{folder / JOURNAL}:1 holds another scope than the run was begun in: start the scan anew")
    _require_the_same_scope(header.scope, wish.scope)
    _require_excluded(header.scope, anyio.run(partial(read_exclusions, wish.exclude, resolve=resolve)))
    require_authority(header.scope, utc_now())
    confirm(header.scope, yes=wish.yes)
    if recipe.lab:
        _start_lab(recipe.plan, stack)
    request = ScanRequest(
        header=header,
        folder=folder,
        plan=recipe.plan,
        checks=chosen.checks,
        profile=chosen.profile,
        records=records_for(header.scope, recipe.plan.records),
        trust_stores=read_trust_stores(recipe.plan.trust_stores),
        revocation_files=read_revocation_files(recipe.plan.crls, recipe.plan.ocsp_responses),
        routers=routers_in(Path(recipe.plan.communities), header.scope) if recipe.plan.communities else (),
        credentials=credentials_in(Path(recipe.plan.backend_credentials), recipe.plan.backends)
        if recipe.plan.backend_credentials
        else (),
        library=load_library([Path(f) for f in recipe.plan.fingerprints])[0],
        nmap=find_nmap() if recipe.plan.nmap else None,
        terms=chosen.terms,
        caller=caller(),
        deadline=wish.deadline,
    )
    return request, entries


def read_earlier_scan(named: str, output: Path, plan: Plan, grants: Grants = Grants()) -> Earlier:
    """The scan to go back to, with what holds for this plan, too. Raises BadInput."""
    place = find_run(named, output, holding=JOURNAL)
    folder = place if place.is_dir() else place.parent
    if not (folder / JOURNAL).is_file():
        raise BadInput(f"{folder} holds no {JOURNAL}: --since goes back to the folder of a scan that was made here")
    earlier = read_earlier(folder, utc_now())
    if earlier.header.command != "scan":
        raise BadInput(f"{folder} is a run of iotscan {earlier.header.command}: --since goes back to a scan")
    if earlier.header.tool.version != __version__:
        raise BadInput(f"{folder} was made by iotscan {earlier.header.tool.version}: --since goes back to its own runs")
    try:
        then = msgspec.json.decode((folder / NAME).read_bytes(), type=Recipe).plan
    except (OSError, msgspec.MsgspecError) as error:
        raise BadInput(f"{folder / NAME} cannot be read: leave out --since") from error
    given = {"login": (plan.records, then.records), "certificate": (_of_certificates(plan), _of_certificates(then))}
    started = datetime.fromisoformat(earlier.header.started)
    changed = {p for p, (now, before) in given.items() if now != before or is_newer(now, started)}
    # What is fetched is asked for anew: it may have been revoked since.
    return earlier.without(changed | ({"certificate"} if grants.fetch_revocation else set()))


def _of_certificates(plan: Plan) -> tuple[str, ...]:
    """The files by which certificates are judged."""
    return (*plan.trust_stores, *plan.crls, *plan.ocsp_responses)


def is_newer(given: Sequence[str], moment: datetime) -> bool:
    """Whether a file of these, or of a folder of these, was written or put there after a moment, or is gone."""
    try:
        places = [place for name in given for place in (Path(name), *Path(name).glob("*"))]
        return any(max(place.stat().st_mtime, place.stat().st_ctime) >= moment.timestamp() for place in places)
    except OSError:
        return True


def _require_the_same_scope(scope: Scope, given: Path | None) -> None:
    if scope.mandate is None:
        if given:
            raise BadInput("the run was begun without a scope file, and goes on without: leave out --scope")
        return
    if given is None:
        raise BadInput(f"the run was begun under {scope.mandate.file}: give it again with --scope FILE")
    now = read_scope(given).mandate
    if msgspec.structs.replace(now, file=scope.mandate.file) != scope.mandate:
        raise BadInput(f"{given} is not the scope file that the run was begun under: start the scan anew")


def _require_excluded(scope: Scope, wanted: Sequence[Network]) -> None:
    """A run goes on in the scope it was begun in: what is to be left alone now has to lie outside of it."""
    for network in wanted:
        inside = any(network.overlaps(ip_network(n)) for n in scope.include if ip_network(n).version == network.version)
        held = any(lies_in(network, ip_network(n)) for n in scope.exclude)
        if inside and not held:
            raise BadInput(f"{network} was not excluded when the run was begun, and it goes on as begun: start it anew")


def _start_lab(plan: Plan, stack: ExitStack) -> None:
    from iotscan.lab import network

    if not set(plan.addresses) <= set(stack.enter_context(network.running()).addresses):
        raise BadInput("the practice network is another one now: start the scan anew")


def records_for(scope: Scope, given: Sequence[str]) -> tuple[CredentialRecord, ...]:
    """The credential records that a scan may use: none without the grant, but what was ``given`` is read all the same.

    To read ours takes half a second, which a scan that tries no login does not have. Raises BadInput.
    """
    return load_records([Path(file) for file in given]) if scope.grants.default_creds or given else ()

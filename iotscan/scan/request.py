"""What one scan is asked to do, settled before anything is sent."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from iotscan.assess.check import Check
from iotscan.assess.profile import Profile
from iotscan.assess.terms import Terms
from iotscan.data.backend_credential_file import BackendCredential
from iotscan.data.communities import Router
from iotscan.data.credential_records import CredentialRecord
from iotscan.data.fingerprints.library import Library
from iotscan.model.audit import Caller
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.run import Run
from iotscan.model.scope import BackEnd
from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.opinion.installed import Nmap
from iotscan.scan.since import Earlier
from iotscan.scan.targets import MAX_HOSTS


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask and what.

    ``addresses`` are asked in this order, ``names`` are the host names the user gave for some. ``tcp``
    are the ports of the sweep, ``expected`` the protocol a port suggests, ``udp`` maps a protocol to its
    port. ``attached`` are the attached networks that hold some of them, ``links`` those to ask by multicast,
    too. ``records`` are files of further
    credential records, ``ledger`` the file where login tries are counted.
    """

    addresses: tuple[str, ...]
    most: int = MAX_HOSTS
    """Addresses that are taken in, however many answer, unless more of them were given."""
    names: dict[str, str] = {}
    links: tuple[Attached, ...] = ()
    attached: tuple[Attached, ...] = ()
    backends: tuple[BackEnd, ...] = ()
    """Servers that devices talk to, whose addresses are among ``addresses``."""
    resolver: str = ""
    """The address that is asked what the DNS says of their names; empty where none is known."""
    own: tuple[str, ...] = ()
    """Addresses of this machine that nobody named: it is no device of the network that it looks at."""
    fragile: tuple[str, ...] = ()
    """Kinds of equipment that the profile allows to be asked in their own protocol: ``industrial``."""
    tcp: tuple[int, ...]
    only_these_ports: bool = False
    """The user chose them: images and lists that joined the scan add none."""
    listed_ports: dict[str, tuple[int, ...]] = {}
    """TCP ports that were open at an address by a list that the user gave: knocked on besides ``tcp``."""
    expected: dict[int, str] = {}
    udp: dict[str, int] = {}
    own_services: dict[str, str] = {}
    """Services of fragile equipment, asked in their own protocol where ``fragile`` allows: protocol -> ``tcp/502``."""
    records: tuple[str, ...] = ()
    trust_stores: tuple[str, ...] = ()
    """Files of roots that the user trusts."""
    crls: tuple[str, ...] = ()
    """Files of certificate revocation lists."""
    ocsp_responses: tuple[str, ...] = ()
    """Files of OCSP responses."""
    backend_credentials: str = ""
    """The file of credentials for back ends."""
    communities: str = ""
    """The file of routers that may be asked for their neighbours, with their communities."""
    fingerprints: tuple[str, ...] = ()
    """Folders of further rules that tell products."""
    listen: float = 0.0
    """Seconds that are listened for at least; while the other methods run in any case."""
    nmap: bool = False
    """The installed nmap is asked about services that nothing of ours recognises."""
    ledger: str
    login_gap: float = 2.0
    rehearses: bool = False
    """A dry run: no login is tried, and none noted in the ledger."""


class ScanRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a scan needs to know.

    ``header`` is the run before any device was seen: the images that joined it are in it.
    """

    header: Run
    folder: Path
    plan: Plan
    checks: tuple[Check, ...]
    profile: Profile
    records: tuple[CredentialRecord, ...] = ()
    """Documented default logins: ours, and those of the files in the plan."""
    trust_stores: tuple[tuple[str, str], ...] = ()
    """Roots that the user trusts: the name that a report gives them, and their file."""
    revocation_files: tuple[GivenFile, ...] = ()
    """CRLs and OCSP responses that the user gave."""
    credentials: tuple[BackendCredential, ...] = ()
    """What devices of the user log in with at back ends."""
    routers: tuple[Router, ...] = ()
    """Routers that are asked for their neighbours."""
    library: Library | None = None
    """The rules by which products are told: ours, and those of the folders in the plan."""
    nmap: Nmap | None = None
    """The nmap that is asked about what nothing of ours recognises, where the plan wants one."""
    terms: Terms = Terms()
    caller: Caller = Caller()
    """Who asked, for the audit log."""
    earlier: Earlier | None = None
    """The scan to go back to where a service is the same still."""
    rehearse: Callable[[PlannedLogin], None] | None = None
    """Told what would be tried, in a dry run."""
    deadline: float = 0.0
    """Seconds the whole scan may take; 0 for no limit."""

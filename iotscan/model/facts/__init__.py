"""Facts: one frozen type per thing observed, one file per protocol.

``AnyFact`` is the union that a run file decodes; a new fact type is added here and nowhere else.
"""

from iotscan.model.facts.adb import AdbServer
from iotscan.model.facts.fact import Fact, kind_of
from iotscan.model.facts.http import Challenge, Cookie, HttpServer, WellKnown
from iotscan.model.facts.image import Account, Accounts, KeyFile, PrivateKeys, Updater, Updaters
from iotscan.model.facts.login import DefaultLogin
from iotscan.model.facts.mqtt import MqttBroker
from iotscan.model.facts.naming import Announcement, Claim
from iotscan.model.facts.ports import OpenService, PortSweep
from iotscan.model.facts.snmp import SnmpAgent
from iotscan.model.facts.ssh import HostKey, SshServer
from iotscan.model.facts.statement import DisclosureProcess, KeyCustody, SecureBootFuses, Statement
from iotscan.model.facts.telnet import TelnetServer
from iotscan.model.facts.tls import VERSIONS, Certificate, CertificateChain, Suite, TlsEndpoint
from iotscan.model.facts.update import Artefact, UpdateServer, UploadForm

AnyFact = (
    Accounts
    | AdbServer
    | Announcement
    | CertificateChain
    | DefaultLogin
    | DisclosureProcess
    | HttpServer
    | KeyCustody
    | MqttBroker
    | OpenService
    | PortSweep
    | PrivateKeys
    | SecureBootFuses
    | SnmpAgent
    | SshServer
    | TelnetServer
    | TlsEndpoint
    | Updaters
    | UpdateServer
    | WellKnown
)

FACT_TYPES: dict[str, type[Fact]] = {kind_of(t): t for t in AnyFact.__args__}
"""Every fact type by its kind."""

__all__ = [
    "FACT_TYPES",
    "VERSIONS",
    "Account",
    "Accounts",
    "AdbServer",
    "Announcement",
    "AnyFact",
    "Artefact",
    "Certificate",
    "CertificateChain",
    "Challenge",
    "Claim",
    "Cookie",
    "DefaultLogin",
    "DisclosureProcess",
    "Fact",
    "HostKey",
    "HttpServer",
    "KeyCustody",
    "KeyFile",
    "MqttBroker",
    "OpenService",
    "PortSweep",
    "PrivateKeys",
    "SecureBootFuses",
    "SnmpAgent",
    "SshServer",
    "Statement",
    "Suite",
    "TelnetServer",
    "TlsEndpoint",
    "UpdateServer",
    "Updater",
    "Updaters",
    "UploadForm",
    "WellKnown",
    "kind_of",
]

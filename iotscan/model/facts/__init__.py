"""Facts: one frozen type per thing observed, one file per protocol.

``AnyFact`` is the union that a run file decodes; a new fact type is added here and nowhere else.
"""

from iotscan.model.facts.access import AllowedCommand, AuthorizedKey, AuthorizedKeys, PrivilegeRule, PrivilegeRules
from iotscan.model.facts.accounts import Account, Accounts
from iotscan.model.facts.adb import AdbServer
from iotscan.model.facts.admin import AdminInterface, AdminInterfaces
from iotscan.model.facts.amqp import AmqpBroker
from iotscan.model.facts.api import ApiAnswer, ApiChallenge, ApiDocument, ApiScheme, GraphQlServer, WebApi
from iotscan.model.facts.backend import Backend, BackendKind, Backends, Pin, VerificationSwitch, VerificationSwitches
from iotscan.model.facts.boot import (
    BootKey,
    BootKeys,
    BootStage,
    BootStages,
    ControlTree,
    FitConfiguration,
    FitImage,
    FitImages,
    FitSignature,
)
from iotscan.model.facts.boot_settings import (
    BootEnvironment,
    BootEnvironments,
    BootMenu,
    BootMenus,
    CommandLine,
    KernelCommandLines,
)
from iotscan.model.facts.certificate import (
    Certificate,
    CertificateChain,
    Distrust,
    Extensions,
    MalformedCertificate,
    RevocationAnswer,
    RevocationStatus,
)
from iotscan.model.facts.client_authentication import ClientAuthentication
from iotscan.model.facts.coap import CoapResource, CoapResources, CoapServer
from iotscan.model.facts.code_signing import CodeSignature, SignedModules, SignedPrograms
from iotscan.model.facts.commissioning import Commissioning, CommissioningWindow
from iotscan.model.facts.confinement import AccessControl, MandatoryAccess, Watchdog, Watchdogs
from iotscan.model.facts.consoles import Console, Consoles
from iotscan.model.facts.data_store import DataStore
from iotscan.model.facts.debug_tools import BuildTrace, DebugTool, DebugTools
from iotscan.model.facts.device_api import DeviceApi
from iotscan.model.facts.disclosure import DisclosedKind, DisclosedThing, Disclosure
from iotscan.model.facts.enrolment import EnrolmentEndpoint, EnrolmentServer
from iotscan.model.facts.entropy import Entropy, MachineId, SeedFile
from iotscan.model.facts.exposure import Exposure, Exposures, Token, TokenUse
from iotscan.model.facts.fact import Fact, kind_of
from iotscan.model.facts.first_boot import FirstBoot, KeyMaker, PasswordMaker
from iotscan.model.facts.flash import FlashChip, FlashMount, RawFlash
from iotscan.model.facts.ftp import FtpPolicy, FtpTls
from iotscan.model.facts.ftp_server import FtpServer
from iotscan.model.facts.http import Challenge, Cookie, HttpServer, WellKnown
from iotscan.model.facts.identity import DeviceIdentities, DeviceIdentity
from iotscan.model.facts.image import KeyFile, PrivateKeys
from iotscan.model.facts.industrial import BacnetDevice, ControllerService, ModbusDevice
from iotscan.model.facts.integrity import (
    HashTree,
    KernelConfig,
    KernelConfigs,
    KernelModules,
    RootFileSystem,
    RootHash,
    RootIntegrity,
)
from iotscan.model.facts.kernel import Kernel, Kernels
from iotscan.model.facts.login import DefaultLogin
from iotscan.model.facts.login_guards import LoginGuard, LoginGuards, LoginService
from iotscan.model.facts.mqtt import MqttBroker
from iotscan.model.facts.mqtt_tenant import MqttTenant
from iotscan.model.facts.name_records import CaaRecord, NameRecords, TlsaRecord
from iotscan.model.facts.naming import Announcement, Claim
from iotscan.model.facts.oauth import OAuthDocument, PublishedKey, PublishedKeys, ResourceDocument
from iotscan.model.facts.onvif import OnvifService
from iotscan.model.facts.opc_ua import OpcUaEndpoint, OpcUaServer
from iotscan.model.facts.opinion import ServiceOpinion
from iotscan.model.facts.ota import HawkbitServer, OtaInterface, OtaSystem
from iotscan.model.facts.permission import ContainerPolicy, FileCapabilities, FileMode, FilePermissions, FileSignatures
from iotscan.model.facts.platform import OperatingSystem, Package, PackageDatabase, Packages, SoftwareSupport, Support
from iotscan.model.facts.ports import OpenService, PortSweep
from iotscan.model.facts.preshared import ConfiguredPsk, ConfiguredPsks, Lwm2mClient, Lwm2mClients
from iotscan.model.facts.program import Program, Programs
from iotscan.model.facts.protocol_use import (
    CoapExchange,
    HttpExchange,
    Lwm2mContact,
    MqttSession,
    NameQuestion,
    OtherTalk,
    ProtocolUse,
    TimeQuestion,
)
from iotscan.model.facts.psk import KnownPsk
from iotscan.model.facts.quic import QuicServer
from iotscan.model.facts.remote_shells import RemoteShell, RemoteShells
from iotscan.model.facts.retired import Updater, Updaters
from iotscan.model.facts.revocation_checking import PeerCheck, RevocationChecking
from iotscan.model.facts.rtsp import RtspChallenge, RtspServer
from iotscan.model.facts.secret import EmbeddedSecret, EmbeddedSecrets, SecretGroup
from iotscan.model.facts.signing import (
    ArtefactSignature,
    Payload,
    PublicKey,
    SignedArtefact,
    SigningCertificate,
    TrustedKey,
    TrustedKeys,
    UpdateArtefacts,
)
from iotscan.model.facts.small_servers import DnsServer, NtpServer, TftpServer
from iotscan.model.facts.snmp import SnmpAgent, SnmpEngine
from iotscan.model.facts.ssh import (
    GroupExchange,
    HostCertificate,
    HostKey,
    Ssh1,
    SshException,
    SshPolicy,
    SshServer,
    SshSetting,
)
from iotscan.model.facts.startup import (
    Listener,
    ScheduledJob,
    ScheduledJobs,
    StartedService,
    StartedServices,
)
from iotscan.model.facts.statement import DisclosureProcess, KeyCustody, SecureBootFuses, Statement
from iotscan.model.facts.storage import DiskUnlock, DiskUnlocks, KeyStores, KeyStoreUse, Mount, Mounts, Storage, Volume
from iotscan.model.facts.telnet import TelnetServer
from iotscan.model.facts.tls import (
    DTLS_VERSIONS,
    EVERY_VERSION,
    VERSIONS,
    AlpnTreatment,
    ClientCertificateRequest,
    DtlsServer,
    KeyExchange,
    Suite,
    SuiteList,
    TlsAttacks,
    TlsEndpoint,
    TlsHandshake,
)
from iotscan.model.facts.tls_use import ServerProof, TlsSession, TlsUse
from iotscan.model.facts.traffic import Peer, Talk, TrafficProfile, Use
from iotscan.model.facts.trust import RotationTool, RotationTools, TrustAnchor, TrustStore
from iotscan.model.facts.update import Artefact, UpdateServer, UploadForm
from iotscan.model.facts.update_systems import (
    HomemadeUpdate,
    UpdateSource,
    UpdateSystem,
    UpdateSystems,
    UpdateTrait,
)
from iotscan.model.facts.update_use import UpdateContact, UpdateUse
from iotscan.model.facts.upnp import UpnpGateway
from iotscan.model.facts.vantages import Disagreement, RunsImage, VantageComparison
from iotscan.model.facts.verified_boot import EfiBinaries, EfiBinary, EfiSignature, Vbmeta, VerifiedBootMetadata
from iotscan.model.facts.vpn import VpnTunnel, VpnTunnels, WeakProposal
from iotscan.model.facts.vulnerabilities import Advisory, AdvisoryData, AffectedPackage, KnownVulnerabilities
from iotscan.model.facts.websocket import WebSocketServer
from iotscan.model.facts.wireless import WirelessNetwork, WirelessNetworks

AnyFact = (
    Accounts
    | AdbServer
    | AdminInterfaces
    | AmqpBroker
    | Announcement
    | AuthorizedKeys
    | Backends
    | BacnetDevice
    | BootEnvironments
    | BootKeys
    | BootMenus
    | BootStages
    | CertificateChain
    | RevocationChecking
    | RevocationStatus
    | ClientAuthentication
    | CoapResources
    | CoapServer
    | Commissioning
    | ConfiguredPsks
    | Consoles
    | ContainerPolicy
    | ControllerService
    | DataStore
    | DebugTools
    | DefaultLogin
    | DeviceIdentities
    | Disclosure
    | DisclosureProcess
    | DiskUnlocks
    | DeviceApi
    | DnsServer
    | DtlsServer
    | EfiBinaries
    | EmbeddedSecrets
    | EnrolmentServer
    | Entropy
    | FilePermissions
    | FileSignatures
    | FirstBoot
    | FitImages
    | FtpPolicy
    | FtpServer
    | GraphQlServer
    | HawkbitServer
    | HttpServer
    | KernelCommandLines
    | KernelConfigs
    | KernelModules
    | Kernels
    | KeyCustody
    | KeyStores
    | KnownPsk
    | KnownVulnerabilities
    | LoginGuards
    | Lwm2mClients
    | MandatoryAccess
    | ModbusDevice
    | Mounts
    | MqttBroker
    | MqttTenant
    | NameRecords
    | OnvifService
    | OpcUaServer
    | OpenService
    | OperatingSystem
    | OtaInterface
    | Packages
    | PortSweep
    | PrivateKeys
    | PrivilegeRules
    | Programs
    | PublishedKeys
    | QuicServer
    | RawFlash
    | RemoteShells
    | RootIntegrity
    | RotationTools
    | RtspServer
    | ScheduledJobs
    | SecureBootFuses
    | ServiceOpinion
    | SignedModules
    | SignedPrograms
    | NtpServer
    | SnmpAgent
    | SnmpEngine
    | SoftwareSupport
    | SshPolicy
    | SshServer
    | StartedServices
    | Storage
    | TelnetServer
    | TftpServer
    | TlsAttacks
    | TlsEndpoint
    | TlsHandshake
    | TrustStore
    | TrustedKeys
    | UpdateArtefacts
    | UpdateServer
    | UpdateSystems
    | Updaters
    | UpnpGateway
    | VerificationSwitches
    | VerifiedBootMetadata
    | VpnTunnels
    | Watchdogs
    | WebApi
    | WebSocketServer
    | WellKnown
    | WirelessNetworks
    | Exposures
    | ProtocolUse
    | TlsUse
    | TrafficProfile
    | UpdateUse
    | RunsImage
    | VantageComparison
)

FACT_TYPES: dict[str, type[Fact]] = {kind_of(t): t for t in AnyFact.__args__}
"""Every fact type by its kind."""

__all__ = [
    "DTLS_VERSIONS",
    "EVERY_VERSION",
    "FACT_TYPES",
    "VERSIONS",
    "AccessControl",
    "Account",
    "Accounts",
    "AdbServer",
    "AdminInterface",
    "AdminInterfaces",
    "Advisory",
    "AdvisoryData",
    "AffectedPackage",
    "AllowedCommand",
    "AlpnTreatment",
    "AmqpBroker",
    "Announcement",
    "AnyFact",
    "ApiAnswer",
    "ApiChallenge",
    "ApiDocument",
    "ApiScheme",
    "Artefact",
    "ArtefactSignature",
    "AuthorizedKey",
    "AuthorizedKeys",
    "Backend",
    "BackendKind",
    "Backends",
    "BacnetDevice",
    "BootEnvironment",
    "BootEnvironments",
    "BootKey",
    "BootKeys",
    "BootMenu",
    "BootMenus",
    "BootStage",
    "BootStages",
    "BuildTrace",
    "CaaRecord",
    "Certificate",
    "CertificateChain",
    "Challenge",
    "Claim",
    "ClientAuthentication",
    "ClientCertificateRequest",
    "CoapExchange",
    "CoapResource",
    "CoapResources",
    "CoapServer",
    "CodeSignature",
    "CommandLine",
    "Commissioning",
    "CommissioningWindow",
    "ConfiguredPsk",
    "ConfiguredPsks",
    "Console",
    "Consoles",
    "ContainerPolicy",
    "ControlTree",
    "ControllerService",
    "Cookie",
    "DataStore",
    "DebugTool",
    "DebugTools",
    "DefaultLogin",
    "DeviceApi",
    "DeviceIdentities",
    "DeviceIdentity",
    "Disagreement",
    "DisclosedKind",
    "DisclosedThing",
    "Disclosure",
    "DisclosureProcess",
    "DiskUnlock",
    "DiskUnlocks",
    "Distrust",
    "DnsServer",
    "DtlsServer",
    "EfiBinaries",
    "EfiBinary",
    "EfiSignature",
    "EmbeddedSecret",
    "EmbeddedSecrets",
    "EnrolmentEndpoint",
    "EnrolmentServer",
    "Entropy",
    "Exposure",
    "Exposures",
    "Extensions",
    "Fact",
    "FileCapabilities",
    "FileMode",
    "FilePermissions",
    "FileSignatures",
    "FirstBoot",
    "FitConfiguration",
    "FitImage",
    "FitImages",
    "FitSignature",
    "FlashChip",
    "FlashMount",
    "FtpPolicy",
    "FtpServer",
    "FtpTls",
    "GraphQlServer",
    "GroupExchange",
    "HashTree",
    "HawkbitServer",
    "HomemadeUpdate",
    "HostCertificate",
    "HostKey",
    "HttpExchange",
    "HttpServer",
    "Kernel",
    "KernelCommandLines",
    "KernelConfig",
    "KernelConfigs",
    "KernelModules",
    "Kernels",
    "KeyCustody",
    "KeyExchange",
    "KeyFile",
    "KeyMaker",
    "KeyStoreUse",
    "KeyStores",
    "KnownPsk",
    "KnownVulnerabilities",
    "Listener",
    "LoginGuard",
    "LoginGuards",
    "LoginService",
    "Lwm2mClient",
    "Lwm2mClients",
    "Lwm2mContact",
    "MachineId",
    "MalformedCertificate",
    "MandatoryAccess",
    "ModbusDevice",
    "Mount",
    "Mounts",
    "MqttBroker",
    "MqttSession",
    "MqttTenant",
    "NameQuestion",
    "NameRecords",
    "NtpServer",
    "OAuthDocument",
    "OnvifService",
    "OpcUaEndpoint",
    "OpcUaServer",
    "OpenService",
    "OperatingSystem",
    "OtaInterface",
    "OtaSystem",
    "OtherTalk",
    "Package",
    "PackageDatabase",
    "Packages",
    "PasswordMaker",
    "Payload",
    "Peer",
    "PeerCheck",
    "Pin",
    "PortSweep",
    "PrivateKeys",
    "PrivilegeRule",
    "PrivilegeRules",
    "Program",
    "Programs",
    "ProtocolUse",
    "PublicKey",
    "PublishedKey",
    "PublishedKeys",
    "QuicServer",
    "RawFlash",
    "RemoteShell",
    "RemoteShells",
    "ResourceDocument",
    "RevocationAnswer",
    "RevocationChecking",
    "RevocationStatus",
    "RootFileSystem",
    "RootHash",
    "RootIntegrity",
    "RotationTool",
    "RotationTools",
    "RtspChallenge",
    "RtspServer",
    "RunsImage",
    "ScheduledJob",
    "ScheduledJobs",
    "SecretGroup",
    "SecureBootFuses",
    "SeedFile",
    "ServerProof",
    "ServiceOpinion",
    "SignedArtefact",
    "SignedModules",
    "SignedPrograms",
    "SigningCertificate",
    "SnmpAgent",
    "SnmpEngine",
    "SoftwareSupport",
    "Ssh1",
    "SshException",
    "SshPolicy",
    "SshServer",
    "SshSetting",
    "StartedService",
    "StartedServices",
    "Statement",
    "Storage",
    "Suite",
    "SuiteList",
    "Support",
    "Talk",
    "TelnetServer",
    "TftpServer",
    "TimeQuestion",
    "TlsAttacks",
    "TlsEndpoint",
    "TlsHandshake",
    "TlsSession",
    "TlsUse",
    "TlsaRecord",
    "Token",
    "TokenUse",
    "TrafficProfile",
    "TrustAnchor",
    "TrustStore",
    "TrustedKey",
    "TrustedKeys",
    "UpdateArtefacts",
    "UpdateContact",
    "UpdateServer",
    "UpdateSource",
    "UpdateSystem",
    "UpdateSystems",
    "UpdateTrait",
    "UpdateUse",
    "Updater",
    "Updaters",
    "UploadForm",
    "UpnpGateway",
    "Use",
    "VantageComparison",
    "Vbmeta",
    "VerificationSwitch",
    "VerificationSwitches",
    "VerifiedBootMetadata",
    "Volume",
    "VpnTunnel",
    "VpnTunnels",
    "Watchdog",
    "Watchdogs",
    "WeakProposal",
    "WebApi",
    "WebSocketServer",
    "WellKnown",
    "WirelessNetwork",
    "WirelessNetworks",
    "kind_of",
]

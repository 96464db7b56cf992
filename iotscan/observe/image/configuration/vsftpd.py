"""vsftpd (vsftpd.conf(5)): ``option=value``, the last one counts, and the defaults are those of the manual."""

from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import VERSIONS, CertificateChain, FtpPolicy, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.offer import Setup, endpoint_of
from iotscan.observe.image.configuration.openssl import Library, library_of
from iotscan.observe.image.configuration.places import Reading, faces_network
from iotscan.observe.image.configuration.version import program_bytes
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/vsftpd.conf", "/etc/vsftpd/vsftpd.conf")
_ON = ("yes", "true", "1")
_LISTS = (b"ECDHE-RSA-AES256-GCM-SHA384", b"DES-CBC3-SHA")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the file sets: option -> (value, line)."""

    path: str
    told: dict[str, tuple[str, int]]

    def says(self, name: str, *, default: bool) -> bool:
        """A boolean option."""
        return self.told[name][0].lower() in _ON if name in self.told else default

    def text(self, name: str, default: str = "") -> str:
        """The value of another option."""
        return self.told[name][0] if name in self.told else default

    def line(self, *names: str) -> int:
        """The line of the first of these options that is set; 0 where all are defaults."""
        return next((self.told[name][1] for name in names if name in self.told), 0)


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """The policy, and where TLS is on, the endpoint. Raises Unreadable."""
    given = [word for word in service.arguments if word.startswith("/")]
    path = next((p for p in (*given[:1], *_FILES) if tree.find(p) is not None), "")
    if not path:
        raise NotThere("vsftpd is started, and its configuration is not in the image")
    options = _options(tree, path)
    addresses = [options.text(name) for name in ("listen_address", "listen_address6") if options.text(name)]
    if addresses and not any(faces_network(address) for address in addresses):
        return
    ports = [socket.port for socket in service.sockets if socket.faces_network]
    port = options.text("listen_port", "21")
    for number in ports or ([] if service.sockets else [int(port) if port.isdecimal() else 21]):
        where = f"tcp/{number}"
        yield Configured(
            fact=_policy(options), path=path, line=options.line("anonymous_enable", "ssl_enable"), service=where
        )
        if options.says("ssl_enable", default=False):
            named = [
                certificates.Named(file=options.text(name), path=path, line=options.line(name))
                for name in ("rsa_cert_file", "dsa_cert_file")
                if options.text(name)
            ]
            fact = _endpoint(tree, options, named, service, library_of(tree, service.program))
            yield Configured(fact=fact, path=path, line=options.line("ssl_enable"), service=where)
            yield from certificates.chains(tree, named, where)


def _options(tree: Tree, path: str) -> Options:
    told: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(Reading(tree).lines(path), start=1):
        name, has_value, value = line.strip().partition("=")
        if has_value and not name.startswith("#"):
            told[name.strip()] = (value.strip(), number)
    return Options(path=path, told=told)


def _policy(options: Options) -> FtpPolicy:
    anonymous = options.says("anonymous_enable", default=True)
    uploads = ("anon_upload_enable", "anon_mkdir_write_enable", "anon_other_write_enable")
    writes = options.says("write_enable", default=False) and any(options.says(u, default=False) for u in uploads)
    is_on = options.says("ssl_enable", default=False)
    demands = is_on and options.says("force_local_logins_ssl", default=True)
    return FtpPolicy(
        anonymous=Answer.of(anonymous),
        anonymous_writes=Answer.of(anonymous and writes),
        tls=Answer.of("demanded" if demands else "offered" if is_on else "none"),
    )


def _endpoint(
    tree: Tree, options: Options, named: list[certificates.Named], service: Service, library: Library
) -> TlsEndpoint:
    """Its options name SSLv2 and SSLv3; of TLS they know one word for all versions (3.0.3).

    It asks every client for a certificate, and ``require_cert`` only whether there must be one; it has no prime.
    """
    is_on = options.says("ssl_tlsv1", default=True)
    versions: dict[str, bool | None] = dict.fromkeys(VERSIONS, is_on)
    versions |= {"SSLv2": options.says("ssl_sslv2", default=False), "SSLv3": options.says("ssl_sslv3", default=False)}
    setup = Setup(
        versions=versions,
        ciphers=options.text("ssl_ciphers") or _default_list(tree, service),
        keys=certificates.key_types(tree, named),
        has_prime=False,
        server_order=False,
        tickets=True,
        client_certificate=True,
        stapling=False,
        opening="" if options.says("implicit_ssl", default=False) else "ftp",
    )
    return endpoint_of(setup, library)


def _default_list(tree: Tree, service: Service) -> str | None:
    """Debian's is another than that of the manual: what the program itself holds."""
    data = program_bytes(tree, service.program)
    return next((name.decode("ascii") for name in _LISTS if b"\0" + name + b"\0" in data), None)


CONFIGURATION = Configuration(
    name="vsftpd", version=1, programs=("vsftpd",), gives=(FtpPolicy, TlsEndpoint, CertificateChain), read=read
)

"""TLS as web servers and tunnels are configured: inclusion, inheritance, defaults, and what stays open."""

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotscan.model.facts import RevocationStatus, TlsEndpoint
from iotscan.observe.heard import Heard
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.tls_servers import BY_NAME, a_server, chains, configured, endpoints, status_of
from tests.observe.network.tls_probes.servers import Credentials


@pytest.fixture(scope="module")
def rsa_pem(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Credentials(tmp_path_factory.mktemp("rsa"), rsa.generate_private_key(65537, 2048)).cert.read_bytes()


@pytest.fixture(scope="module")
def ec_pem(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Credentials(tmp_path_factory.mktemp("ec"), ec.generate_private_key(ec.SECP256R1())).cert.read_bytes()


def accepted(endpoint: TlsEndpoint) -> set[str]:
    return {name for name, answer in endpoint.versions.items() if answer.known}


def refused(endpoint: TlsEndpoint) -> set[str]:
    return {name for name, answer in endpoint.versions.items() if answer.known is False}


NGINX = """
user www-data;
include /etc/nginx/modules-enabled/*.conf;
events { worker_connections 768; }
http {
  ssl_protocols TLSv1.2; # all of them
  ssl_certificate /etc/ssl/device.pem;
  log_format main '$remote_addr { "$request" }; ';
  include sites-enabled/*;
}
stream { server { listen 8883 ssl; ssl_protocols TLSv1.1; proxy_pass 127.0.0.1:1883; } }
"""
SITES = """server { listen 80; return 301 https://$host; }
server {
  listen 443 ssl http2; listen [::]:443 ssl; listen 127.0.0.1:8443 ssl; listen unix:/run/x ssl;
  ssl_protocols TLSv1.2 TLSv1.3;
}
server { listen 443 ssl; listen 444 ssl; server_name other; ssl_ciphers kRSA; ssl_certificate other.pem; }
server { listen 445 ssl; ssl_certificate /data/made-at-start.pem; }
"""


def nginx(folder: Path, pem: bytes, *, needs: str = "libssl.so.3", version: str = "1.22.1-9") -> dict[str, TlsEndpoint]:
    files = {
        "etc/nginx/nginx.conf": NGINX,
        "etc/nginx/sites-enabled/site": SITES,
        "etc/nginx/sites-available/unused": "server { listen 9443 ssl; }",
        "etc/ssl/device.pem": pem,
        "etc/nginx/other.pem": pem,
        **status_of(nginx_common=version, libssl3="3.0.15", libssl1_1="1.1.1n"),
    }
    tree = a_server(folder, "/usr/sbin/nginx", files, needs=needs)
    found = configured("nginx", tree)
    assert [(service, path, line) for service, path, line, _ in chains(found)] == [
        ("tcp/443", "/etc/nginx/nginx.conf", 7),
        ("tcp/443", "/etc/nginx/sites-enabled/site", 6),
        ("tcp/444", "/etc/nginx/sites-enabled/site", 6),
    ]
    assert {(c.service, c.path, c.line) for c in found if isinstance(c.fact, TlsEndpoint)} == {
        ("tcp/443", "/etc/nginx/sites-enabled/site", 3),
        ("tcp/443", "/etc/nginx/sites-enabled/site", 6),
        ("tcp/444", "/etc/nginx/sites-enabled/site", 6),
        ("tcp/445", "/etc/nginx/sites-enabled/site", 7),
        ("tcp/8883", "/etc/nginx/nginx.conf", 11),
    }
    return endpoints(found)


def test_nginx_inherits_and_includes(tmp_path: Path, rsa_pem: bytes) -> None:
    found = nginx(tmp_path, rsa_pem)
    assert accepted(found["tcp/443"]) == {"TLSv1.2", "TLSv1.3"}
    assert accepted(found["tcp/444"]) == {"TLSv1.2"}
    assert found["tcp/443"].forward_secrecy.known is True
    assert found["tcp/444"].forward_secrecy.known is False
    # OpenSSL 3 at its level takes no TLS 1.1, whatever the file says.
    assert accepted(found["tcp/8883"]) == set()


def test_nginx_with_a_key_that_a_start_makes(tmp_path: Path, rsa_pem: bytes) -> None:
    one = nginx(tmp_path, rsa_pem)["tcp/445"]
    assert one.forward_secrecy.known is True
    assert one.broken_ciphers.known is False
    assert not one.without_forward_secrecy.is_answered
    assert "key of its certificate" in one.without_forward_secrecy.detail


def test_nginx_with_a_key_for_which_static_rsa_is_nothing(tmp_path: Path, ec_pem: bytes) -> None:
    assert nginx(tmp_path, ec_pem)["tcp/443"].without_forward_secrecy.known is False


def test_nginx_on_a_library_that_is_not_known(tmp_path: Path, rsa_pem: bytes) -> None:
    found = nginx(tmp_path, rsa_pem, needs="")
    assert accepted(found["tcp/8883"]) == {"TLSv1.1"}
    assert not found["tcp/443"].versions["TLSv1.3"].is_answered
    assert not found["tcp/443"].secure_renegotiation.is_answered
    assert not found["tcp/443"].weak_ciphers.is_answered
    assert found["tcp/443"].forward_secrecy.known is True


def test_nginx_on_an_old_library(tmp_path: Path, rsa_pem: bytes) -> None:
    found = nginx(tmp_path, rsa_pem, needs="libssl.so.1.0.0", version="1.9.0")
    assert accepted(found["tcp/443"]) == {"TLSv1.2"}
    assert found["tcp/443"].weak_ciphers.known is True
    assert found["tcp/443"].extended_master_secret.known is False
    assert found["tcp/443"].dh_bits.known == 1024


def test_a_server_that_is_not_started_is_absent(tmp_path: Path) -> None:
    tree = a_server(tmp_path, "/bin/true", {"etc/nginx/nginx.conf": NGINX, "usr/sbin/nginx": "x"})
    assert heard_of(BY_NAME["nginx"], tree) == Heard()


def test_a_started_nginx_without_its_file_is_open(tmp_path: Path) -> None:
    missed = heard_of(BY_NAME["nginx"], a_server(tmp_path, "/usr/sbin/nginx", {})).missed
    assert {m.need for m in missed} == {"tls-endpoint", "certificate-chain", "revocation-status"}
    assert {m.reason for m in missed} == {"not_observable"}


def test_a_damaged_certificate_is_told_of_where_it_is_named(tmp_path: Path, rsa_pem: bytes) -> None:
    config = (
        "http { server { listen 443 ssl; ssl_certificate /c.pem; } server { listen 444 ssl; ssl_certificate /d; } }"
    )
    junk = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    files = {"etc/nginx/nginx.conf": config, "c.pem": junk + rsa_pem, "d": rsa_pem + junk}
    leaf, below = (fact for *_, fact in chains(configured("nginx", a_server(tmp_path, "/usr/sbin/nginx", files))))
    assert (leaf.certificates, [m.position for m in leaf.malformed]) == ((), [0])
    assert ([c.key_type for c in below.certificates], [m.position for m in below.malformed]) == (["rsa"], [1])


def test_a_certificate_in_der_with_something_behind_it_is_read(tmp_path: Path, rsa_pem: bytes) -> None:
    der = ssl.PEM_cert_to_DER_cert(rsa_pem.decode())
    config = "http { server { listen 443 ssl; ssl_certificate /c.der; } }"
    files = {"etc/nginx/nginx.conf": config, "c.der": der + b"\n"}
    (chain,) = (fact for *_, fact in chains(configured("nginx", a_server(tmp_path, "/usr/sbin/nginx", files))))
    assert chain.certificates[0].defects == ("bytes follow the certificate",)


def test_nginx_is_told_where_its_configuration_is(tmp_path: Path) -> None:
    files = {
        "etc/nginx/nginx.conf": "http { server { listen 443 ssl; } }",
        "opt/web.conf": "http { server { listen 8443 ssl; } }",
    }
    found = configured("nginx", a_server(tmp_path, "/usr/sbin/nginx -c /opt/web.conf", files))
    assert {c.service for c in found if isinstance(c.fact, TlsEndpoint)} == {"tcp/8443"}


def test_the_nginx_of_debian_has_no_listener_with_tls(tmp_path: Path) -> None:
    real = Path("/etc/nginx/nginx.conf")
    if not real.exists():
        pytest.skip("nginx.conf is missing (package nginx-common)")
    site = Path("/etc/nginx/sites-available/default").read_text()
    files = {"etc/nginx/nginx.conf": real.read_text(), "etc/nginx/sites-enabled/default": site}
    assert configured("nginx", a_server(tmp_path, "/usr/sbin/nginx", files)) == ()


LIGHTTPD = """
server.modules = ( "mod_access" )
server.modules += ( "mod_openssl" )
var.folder = "/etc/lighttpd"
server.port = 80
ssl.pemfile = var.folder + "/server.pem"
ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2",   # for all
                             "CipherString" => "EECDH+AESGCM" )
include "conf-enabled/*.conf"
include_shell "/usr/share/lighttpd/use-ipv6.pl 443"
$HTTP["url"] =~ "^/x/" { url.access-deny = ( "" ) } else { $HTTP["host"] == "a" { expire.url = ( ) } }
"""
MORE = """$SERVER["socket"] == "0.0.0.0:443" {
  ssl.engine = "enable"
  $HTTP["host"] == "other" { ssl.pemfile = "/etc/lighttpd/other.pem" }
}
$SERVER["socket"] == "[::]:8443" { ssl.engine = "enable" ssl.cipher-list = "kRSA" }
$SERVER["socket"] == "127.0.0.1:444" { ssl.engine = "enable" }
$SERVER["socket"] == ":445" { ssl.engine = "disable" }
"""


def lighttpd(folder: Path, pem: bytes, module: str = "mod_openssl") -> dict[str, TlsEndpoint]:
    files = {
        "etc/lighttpd/lighttpd.conf": LIGHTTPD.replace("mod_openssl", module),
        "etc/lighttpd/conf-enabled/10-ssl.conf": MORE,
        "etc/lighttpd/server.pem": pem,
        "etc/lighttpd/other.pem": pem,
        "usr/lib/lighttpd/mod_openssl.so": b"\x7fELF\0libssl.so.3\0",
        **status_of(lighttpd="1.4.69-1", libssl3="3.0.15"),
    }
    tree = a_server(folder, "/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf", files, needs="")
    found = configured("lighttpd", tree)
    assert {(c.service, c.path, c.line) for c in found if isinstance(c.fact, TlsEndpoint)} == {
        ("tcp/443", "/etc/lighttpd/conf-enabled/10-ssl.conf", 1),
        ("tcp/8443", "/etc/lighttpd/conf-enabled/10-ssl.conf", 5),
    }
    assert ("tcp/443", "/etc/lighttpd/conf-enabled/10-ssl.conf", 3) in [c[:3] for c in chains(found)]
    return endpoints(found)


def test_lighttpd_knows_sockets_variables_and_conditions(tmp_path: Path, rsa_pem: bytes) -> None:
    found = lighttpd(tmp_path, rsa_pem)
    assert accepted(found["tcp/443"]) == {"TLSv1.2", "TLSv1.3"}
    assert found["tcp/443"].without_forward_secrecy.known is False
    # A CipherString counts before the older ssl.cipher-list.
    assert found["tcp/8443"].without_forward_secrecy.known is False


def test_lighttpd_with_another_library_says_no_more_than_its_settings(tmp_path: Path, rsa_pem: bytes) -> None:
    one = lighttpd(tmp_path, rsa_pem, "mod_mbedtls")["tcp/443"]
    assert refused(one) == {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"}
    assert not one.forward_secrecy.is_answered


def test_the_lighttpd_of_debian_has_tls_where_it_is_enabled(tmp_path: Path) -> None:
    main, extra = Path("/etc/lighttpd/lighttpd.conf"), Path("/etc/lighttpd/conf-available/10-ssl.conf")
    if not main.exists() or not extra.exists():
        pytest.skip("lighttpd's files are missing (packages lighttpd, lighttpd-mod-openssl)")
    files: dict[str, str | bytes] = {"etc/lighttpd/lighttpd.conf": main.read_text()}
    command = "/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf"
    assert configured("lighttpd", a_server(tmp_path / "off", command, files)) == ()
    files |= {"etc/lighttpd/conf-enabled/10-ssl.conf": extra.read_text(), **status_of(lighttpd="1.4.69-1")}
    (found,) = configured("lighttpd", a_server(tmp_path / "on", command, files))
    assert isinstance(found.fact, TlsEndpoint)
    assert (found.service, found.path) == ("tcp/443", "/etc/lighttpd/conf-enabled/10-ssl.conf")
    assert refused(found.fact) == {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"}


STUNNEL = """; a comment
cert = /etc/stunnel/device.pem
sslVersionMin = TLSv1.2
[web]
accept = 443
connect = 127.0.0.1:80
[out]
client = yes
accept = 8883
connect = cloud.example:8883
[local]
accept = 127.0.0.1:9000
[mail]
accept = :::25
protocol = smtp
sslVersionMin = TLSv1.3
"""


def test_stunnel_has_services_and_what_stands_before_them(tmp_path: Path, rsa_pem: bytes) -> None:
    files = {
        "etc/stunnel/stunnel.conf": STUNNEL,
        "etc/stunnel/device.pem": rsa_pem,
        **status_of(stunnel4="3:5.68-2", libssl3="3.0.15"),
    }
    found = configured("stunnel", a_server(tmp_path, "/usr/bin/stunnel4 /etc/stunnel/stunnel.conf", files))
    said = endpoints(found)
    assert set(said) == {"tcp/443", "tcp/25"}
    assert accepted(said["tcp/443"]) == {"TLSv1.2", "TLSv1.3"}
    assert accepted(said["tcp/25"]) == {"TLSv1.3"}
    assert said["tcp/25"].opening == "smtp"
    assert said["tcp/443"].dh_bits.known == 0
    assert [c[:3] for c in chains(found)] == [
        ("tcp/443", "/etc/stunnel/stunnel.conf", 2),
        ("tcp/25", "/etc/stunnel/stunnel.conf", 2),
    ]


def test_stunnel_without_a_version_leaves_its_list_open(tmp_path: Path, rsa_pem: bytes) -> None:
    files = {"etc/stunnel/a.conf": STUNNEL, "etc/stunnel/device.pem": rsa_pem}
    one = endpoints(configured("stunnel", a_server(tmp_path, "/usr/bin/stunnel4", files, needs="")))["tcp/443"]
    assert not one.without_forward_secrecy.is_answered
    assert refused(one) == {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"}


HAPROXY = """
global
  crt-base /etc/ssl/private
  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
  ssl-default-bind-ciphers ECDHE+AESGCM
frontend web
  bind :80
  bind *:443,:::8443 ssl crt device.pem alpn h2 # all
  bind 127.0.0.1:9443 ssl crt device.pem
  bind :444 ssl crt /etc/haproxy/certs/ ciphers kRSA verify required ca-file /ca.pem
backend x
  server a 192.0.2.1:443 ssl verify none
"""


def test_haproxy_binds(tmp_path: Path, rsa_pem: bytes) -> None:
    files = {
        "etc/haproxy/haproxy.cfg": HAPROXY,
        "etc/ssl/private/device.pem": rsa_pem,
        "etc/haproxy/certs/a.pem": rsa_pem,
        **status_of(haproxy="2.6.12-1", libssl3="3.0.15"),
    }
    found = configured("haproxy", a_server(tmp_path, "/usr/sbin/haproxy -Ws -f $CONFIG", files))
    said = endpoints(found)
    assert set(said) == {"tcp/443", "tcp/8443", "tcp/444"}
    assert accepted(said["tcp/443"]) == {"TLSv1.2", "TLSv1.3"}
    assert said["tcp/443"].without_forward_secrecy.known is False
    assert said["tcp/443"].session_tickets.known is False
    assert said["tcp/444"].without_forward_secrecy.known is True
    assert said["tcp/444"].client_certificate.known is True
    assert [c[:3] for c in chains(found)] == [
        ("tcp/443", "/etc/haproxy/haproxy.cfg", 8),
        ("tcp/8443", "/etc/haproxy/haproxy.cfg", 8),
        ("tcp/444", "/etc/haproxy/haproxy.cfg", 10),
    ]


APACHE = """
ServerRoot "/etc/apache2"
Listen 80
<IfModule ssl_module>
  Listen 443
</IfModule>
<IfModule mod_gnutls.c>
  Listen 8443
</IfModule>
Include mods.load
SSLProtocol all -SSLv3 \\
  -TLSv1 -TLSv1.1
<IfModule mod_ssl.c>
  Listen 444
</IfModule>
IncludeOptional sites-enabled/*.conf
"""
HOSTS = """Define certs /etc/ssl/certs
<VirtualHost *:80>
</VirtualHost>
<VirtualHost _default_:444>
  SSLEngine on
  SSLCertificateFile ${certs}/device.pem
  <Directory />
    SSLCipherSuite NULL
  </Directory>
</VirtualHost>
<VirtualHost *:445>
  SSLEngine on
</VirtualHost>
"""


def test_apache_sections_modules_and_hosts(tmp_path: Path, rsa_pem: bytes) -> None:
    files = {
        "etc/apache2/apache2.conf": APACHE,
        "etc/apache2/mods.load": "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n",
        "etc/apache2/sites-enabled/default-ssl.conf": HOSTS,
        "etc/ssl/certs/device.pem": rsa_pem,
        "usr/lib/apache2/modules/mod_ssl.so": b"\x7fELF\0libssl.so.3\0",
        **status_of(apache2="2.4.71-1", libssl3="3.0.15"),
    }
    found = configured("apache", a_server(tmp_path, "/usr/sbin/apachectl start", files, needs=""))
    assert {(c.service, c.path, c.line) for c in found} == {
        ("tcp/444", "/etc/apache2/sites-enabled/default-ssl.conf", 4),
        ("tcp/444", "/etc/apache2/sites-enabled/default-ssl.conf", 6),
    }
    one = endpoints(found)["tcp/444"]
    assert accepted(one) == {"TLSv1.2", "TLSv1.3"}
    assert one.broken_ciphers.known is False


def test_uhttpd_says_where_and_with_which_certificate(tmp_path: Path, rsa_pem: bytes) -> None:
    uci = (
        "config uhttpd main\n list listen_http 0.0.0.0:80\n list listen_https 0.0.0.0:443\n list listen_https [::]:1\n"
    )
    files = {"etc/config/uhttpd": f"{uci} option cert /etc/uhttpd.crt\n", "etc/uhttpd.crt": rsa_pem}
    found = configured("uhttpd", a_server(tmp_path, "/usr/sbin/uhttpd -f", files))
    assert [(c.service, c.path, c.line) for c in found if not isinstance(c.fact, RevocationStatus)] == [
        ("tcp/443", "/etc/config/uhttpd", 3),
        ("tcp/443", "/etc/config/uhttpd", 5),
        ("tcp/1", "/etc/config/uhttpd", 4),
        ("tcp/1", "/etc/config/uhttpd", 5),
    ]
    assert not any(answer.is_answered for answer in endpoints(found)["tcp/443"].versions.values())


PIECES = """
http { |server { |listen 443 ssl;|listen ssl;|ssl_protocols ;|ssl_ciphers |"|'|\\|}|;|include *;|${|#|\n|{{{{{{{{{{{{{{|
ssl_certificate /etc/nginx/nginx.conf;|ssl_dhparam nginx.conf;|ssl_conf_command MinProtocol TLSv1.2;|é|
$SERVER["socket"] == ":443" {|ssl.engine = "enable"|ssl.pemfile = |( "a" => |((((((((((((((((|) |+ |var.a = var.a + |
<VirtualHost *:443>\n|</VirtualHost>\n|<IfModule !x>\n|Listen 443\n|SSLEngine on\n|SSLProtocol all x\n|Include .\n|
bind :1 ssl crt /c\n|include "*"|else {|[x]\n|accept = 443\n|cert = /c\n|sslVersion = x\n|options = NO_X\n|
include = /etc\n|[
"""
FILES = {"nginx": "etc/nginx/nginx.conf", "lighttpd": "etc/lighttpd/lighttpd.conf", "stunnel": "etc/stunnel/x.conf"}
FILES |= {"haproxy": "etc/haproxy/haproxy.cfg", "apache": "etc/apache2/apache2.conf", "uhttpd": "etc/config/uhttpd"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FILES)), st.lists(st.sampled_from(PIECES.strip().split("|")), max_size=30))
def test_any_file_ends(tmp_path: Path, name: str, pieces: list[str]) -> None:
    folder = tmp_path / name
    if not folder.exists():
        a_server(folder, f"/usr/sbin/{name.replace('apache', 'apache2')}", {})
    tree = a_root(folder, {FILES[name]: "".join(pieces)})
    heard_of(BY_NAME[name], tree)


def test_more_listeners_than_any_device_has_are_not_worked_out(tmp_path: Path) -> None:
    config = "http{" + "server{listen 443 ssl;}" * 1000 + "}"
    tree = a_server(tmp_path, "/usr/sbin/nginx", {"etc/nginx/nginx.conf": config})
    assert {m.reason for m in heard_of(BY_NAME["nginx"], tree).missed} == {"unreadable"}

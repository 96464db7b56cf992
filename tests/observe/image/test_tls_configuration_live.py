"""The configured endpoint against the observed one: the same file, read by us and served by the daemon itself."""

import shutil
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.observe.image.tls_servers import (
    a_server,
    answered,
    chains,
    configured,
    disagreements,
    endpoints,
    observed,
    status_of,
)
from tests.observe.network.tls_probes.servers import HOST, Credentials, free_port, running


@pytest.fixture(scope="module")
def rsa_credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("rsa"), rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def ec_credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("ec"), ec.generate_private_key(ec.SECP256R1()))


def installed(program: str) -> dict[str, bytes]:
    """The daemon's own file, so that its version and its library are those that run."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin")
    return {path.lstrip("/"): Path(path).read_bytes()} if path else {}


NGINX = {
    "default": "",
    "debian": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;",
    "old": "ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers ALL:!aNULL:@SECLEVEL=0; ssl_session_tickets off;",
    "static-first": "ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256;"
    " ssl_prefer_server_ciphers on;",
    "static-only": "ssl_protocols TLSv1.2; ssl_ciphers kRSA+AESGCM;",
    "newest": "ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;",
    "ccm": "ssl_ciphers 'ECDHE+AESCCM:AESCCM8'; ssl_ecdh_curve secp384r1:X25519;",
    "null": "ssl_protocols TLSv1.2; ssl_ciphers eNULL:@SECLEVEL=0;",
    "weak-curve": "ssl_protocols TLSv1.2; ssl_ecdh_curve prime192v1:prime256v1; ssl_ciphers ECDHE:@SECLEVEL=0;",
}


@pytest.mark.parametrize("key", ["rsa", "ec"])
@pytest.mark.parametrize("name", NGINX)
def test_nginx(tmp_path: Path, name: str, key: str, rsa_credentials: Credentials, ec_credentials: Credentials) -> None:
    if key == "ec" and name not in ("default", "ccm", "old"):
        return
    credentials = rsa_credentials if key == "rsa" else ec_credentials
    port, folder = free_port(), tmp_path / "run"
    folder.mkdir()
    temporary = "".join(f"{w}_temp_path {folder}/{w}; " for w in ("proxy", "fastcgi", "uwsgi", "scgi"))
    config = f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; {temporary}
  {NGINX[name]}
  server {{
    listen {HOST}:{port} ssl;
    ssl_certificate {credentials.cert}; ssl_certificate_key {credentials.key};
  }}
}}
"""
    (folder / "nginx.conf").write_text(config)
    outside = config.replace(f"{HOST}:{port}", str(port))
    files = {
        "etc/nginx/nginx.conf": outside,
        str(credentials.cert).lstrip("/"): credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15"),
        **installed("nginx"),
    }
    tree = a_server(tmp_path / "root", "/usr/sbin/nginx -g 'daemon off;'", files)
    found = configured("nginx", tree)
    said = endpoints(found)[f"tcp/{port}"]
    command = ["nginx", "-e", str(folder / "first.log"), "-c", str(folder / "nginx.conf")]
    with running(command, port, "nginx-light"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    ((service, path, line, chain),) = chains(found)
    assert (service, path, line) == (f"tcp/{port}", "/etc/nginx/nginx.conf", 8)
    assert chain.leaf.key_type == key


STUNNEL = {
    "default": "",
    "newest-min": "sslVersionMin = TLSv1.3",
    "old": "sslVersionMin = TLSv1\nciphers = ALL:!aNULL\nsecurityLevel = 0",
    "one": "sslVersion = TLSv1.2\nciphers = kRSA:ECDHE-RSA-AES128-GCM-SHA256\noptions = CIPHER_SERVER_PREFERENCE",
    "barred": "options = NO_TLSv1_2\nciphersuites = TLS_AES_128_GCM_SHA256",
    "mutual": "verifyChain = yes\nCAfile = {cert}\ncurves = P-256",
    "prime": "ciphers = DHE-RSA-AES128-GCM-SHA256",
    "psk-old": "PSKsecrets = {secrets}\nciphers = PSK:kECDHEPSK:kRSAPSK\nsslVersionMin = TLSv1",
    "psk-and-key": "PSKsecrets = {secrets}\nciphers = PSK:HIGH:!aNULL\nsslVersionMin = TLSv1\nsslVersionMax = TLSv1.2",
    "psk": "PSKsecrets = {secrets}\nciphers = PSK:kECDHEPSK:@SECLEVEL=0\nsslVersion = TLSv1.2",
}


@pytest.mark.parametrize("name", STUNNEL)
def test_stunnel(tmp_path: Path, name: str, rsa_credentials: Credentials) -> None:
    port = free_port()
    secrets = tmp_path / "secrets"
    secrets.write_text("device:0123456789abcdef0123456789abcdef\n")
    secrets.chmod(0o600)
    more = STUNNEL[name].format(cert=rsa_credentials.cert, secrets=secrets)
    own = "" if name in ("psk", "psk-old") else f"cert = {rsa_credentials.cert}\nkey = {rsa_credentials.key}\n"
    config = f"foreground = yes\npid =\n{more}\n[device]\naccept = {HOST}:{port}\nconnect = 127.0.0.1:9\n{own}"
    (tmp_path / "stunnel.conf").write_text(config)
    files = {
        "etc/stunnel/device.conf": config.replace(f"{HOST}:{port}", str(port)),
        str(rsa_credentials.cert).lstrip("/"): rsa_credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15", stunnel4="3:5.68-2+deb12u1"),
        **installed("stunnel4"),
    }
    found = configured("stunnel", a_server(tmp_path / "root", "/usr/bin/stunnel4", files))
    said = endpoints(found)[f"tcp/{port}"]
    with running(["stunnel4", str(tmp_path / "stunnel.conf")], port, "stunnel4"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    assert len(chains(found)) == (0 if name in ("psk", "psk-old") else 1)


LIGHTTPD = {
    "default": "",
    "old": 'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "CipherString" => "ALL:@SECLEVEL=0")',
    "listed": 'ssl.openssl.ssl-conf-cmd = ("Protocol" => "-ALL, TLSv1.2", "Options" => "-SessionTicket")',
    "order": 'ssl.openssl.ssl-conf-cmd = ("Options" => "ServerPreference", "CipherString" => "AES128-SHA:ECDHE")',
    "high": 'ssl.cipher-list = "HIGH"',
    "newest": 'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.3", "Ciphersuites" => "TLS_AES_128_GCM_SHA256")',
    "static": 'ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "TLSv1.2", "CipherString" => "AES128-SHA:ECDHE+AESGCM")',
}


@pytest.mark.parametrize("name", LIGHTTPD)
def test_lighttpd(tmp_path: Path, name: str, rsa_credentials: Credentials) -> None:
    port = free_port()
    config = f"""server.document-root = "{tmp_path}"
server.port = {port}
server.bind = "{HOST}"
server.modules = ("mod_openssl")
ssl.engine = "enable"
ssl.pemfile = "{rsa_credentials.cert}"
ssl.privkey = "{rsa_credentials.key}"
{LIGHTTPD[name]}
"""
    (tmp_path / "lighttpd.conf").write_text(config)
    module = Path("/usr/lib/lighttpd/mod_openssl.so")
    if not module.exists():
        pytest.skip("needs mod_openssl: apt install lighttpd-mod-openssl")
    files = {
        "etc/lighttpd/lighttpd.conf": config.replace(f'server.bind = "{HOST}"', "#"),
        "usr/lib/lighttpd/mod_openssl.so": module.read_bytes(),
        str(rsa_credentials.cert).lstrip("/"): rsa_credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15", lighttpd="1.4.69-1"),
    }
    tree = a_server(tmp_path / "root", "/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf", files, needs="")
    found = configured("lighttpd", tree)
    said = endpoints(found)[f"tcp/{port}"]
    with running(["lighttpd", "-D", "-f", str(tmp_path / "lighttpd.conf")], port, "lighttpd-mod-openssl"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    ((service, path, line, _),) = chains(found)
    assert (service, path, line) == (f"tcp/{port}", "/etc/lighttpd/lighttpd.conf", 6)


HAPROXY = {
    "default": ("", ""),
    "debian": (
        "ssl-default-bind-ciphers ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256\n"
        "ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        "",
    ),
    "old": ("ssl-default-bind-options ssl-min-ver TLSv1.0", "ciphers ALL:@SECLEVEL=0"),
    "one": ("ssl-default-bind-options prefer-client-ciphers", "force-tlsv12 ciphers AES128-SHA:ECDHE curves P-384"),
    "newest": ("", "ssl-min-ver TLSv1.3 ciphersuites TLS_AES_128_GCM_SHA256"),
    "prime": ("tune.ssl.default-dh-param 2048", "ciphers DHE+AESGCM no-tlsv13"),
}


@pytest.mark.parametrize("name", HAPROXY)
def test_haproxy(tmp_path: Path, name: str, rsa_credentials: Credentials) -> None:
    port = free_port()
    usual, own = HAPROXY[name]
    pem = tmp_path / "both.pem"
    pem.write_bytes(rsa_credentials.cert.read_bytes() + rsa_credentials.key.read_bytes())
    config = (
        f"global\n  crt-base {tmp_path}\n{usual}\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n"
        f"  timeout server 5s\nfrontend device\n  bind {HOST}:{port} ssl crt both.pem {own}\n"
    )
    (tmp_path / "haproxy.cfg").write_text(config)
    files = {
        "etc/haproxy/haproxy.cfg": config.replace(f"{HOST}:{port}", f":{port}"),
        str(pem).lstrip("/"): pem.read_bytes(),
        **status_of(libssl3="3.0.15", haproxy="2.6.12-1+deb12u4"),
    }
    tree = a_server(tmp_path / "root", "/usr/sbin/haproxy -f /etc/haproxy/haproxy.cfg", files)
    found = configured("haproxy", tree)
    said = endpoints(found)[f"tcp/{port}"]
    with running(["haproxy", "-db", "-f", str(tmp_path / "haproxy.cfg")], port, "haproxy"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    assert len(chains(found)) == 1


APACHE = {
    "debian": "SSLCipherSuite HIGH:!aNULL\nSSLProtocol all -SSLv3\nSSLSessionTickets off",
    "default": "",
    "old": "SSLProtocol +TLSv1 +TLSv1.1 +TLSv1.2\nSSLCipherSuite ALL:@SECLEVEL=0\nSSLHonorCipherOrder on",
    "newest": "SSLProtocol TLSv1.3\nSSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256",
    "static": "SSLProtocol -all +TLSv1.2\nSSLCipherSuite AES128-SHA:ECDHE+AESGCM\nSSLHonorCipherOrder on",
    "mutual": "SSLVerifyClient require\nSSLCACertificateFile {cert}\nSSLOpenSSLConfCmd Curves P-384",
}


@pytest.mark.parametrize("name", APACHE)
def test_apache(tmp_path: Path, name: str, rsa_credentials: Credentials) -> None:
    port = free_port()
    program = shutil.which("apache2")
    if program is None:
        pytest.skip("needs apache2: apt install apache2-bin")
    modules = Path(program).resolve().parents[1] / "lib/apache2/modules"
    load = "".join(f"LoadModule {m}_module {modules}/mod_{m}.so\n" for m in ("mpm_event", "authz_core", "ssl"))
    config = f"""ServerRoot {tmp_path}
PidFile {tmp_path}/pid
ErrorLog {tmp_path}/error.log
ServerName device
{load}Listen {HOST}:{port}
<IfModule mod_ssl.c>
{APACHE[name].format(cert=rsa_credentials.cert)}
</IfModule>
<VirtualHost *:{port}>
  SSLEngine on
  SSLCertificateFile {rsa_credentials.cert}
  SSLCertificateKeyFile {rsa_credentials.key}
</VirtualHost>
"""
    (tmp_path / "apache2.conf").write_text(config)
    files = {
        "etc/apache2/apache2.conf": config.replace(f"{HOST}:{port}", str(port)).replace(str(modules), "/usr/lib"),
        "usr/lib/mod_ssl.so": (modules / "mod_ssl.so").read_bytes(),
        str(rsa_credentials.cert).lstrip("/"): rsa_credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15", apache2_bin="2.4.71-1"),
    }
    found = configured("apache", a_server(tmp_path / "root", "/usr/sbin/apachectl start", files, needs=""))
    said = endpoints(found)[f"tcp/{port}"]
    with running(["apache2", "-X", "-f", str(tmp_path / "apache2.conf")], port, "apache2-bin"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    assert len(chains(found)) == 1


MOSQUITTO = {
    "default": "",
    "list": "ciphers ECDHE+AESGCM:AES128-SHA\nciphers_tls1.3 TLS_AES_128_GCM_SHA256",
    "newest": "tls_version tlsv1.3",
    "mutual": "cafile {cert}\nrequire_certificate true",
    "psk": "psk_hint boiler",
}


@pytest.mark.parametrize("name", MOSQUITTO)
def test_mosquitto(tmp_path: Path, name: str, rsa_credentials: Credentials) -> None:
    port = free_port()
    secrets = tmp_path / "secrets"
    secrets.write_text("device:0123456789abcdef0123456789abcdef\n")
    secrets.chmod(0o644)
    tmp_path.chmod(0o755)
    own = "" if name == "psk" else f"certfile {rsa_credentials.cert}\nkeyfile {rsa_credentials.key}\n"
    more = MOSQUITTO[name].format(cert=rsa_credentials.cert)
    passwords = f"psk_file {secrets}\n" if name == "psk" else ""
    config = f"user root\nlistener {port} {HOST}\n{own}{more}\n{passwords}allow_anonymous false\n"
    (tmp_path / "mosquitto.conf").write_text(config)
    files = {
        "etc/mosquitto/mosquitto.conf": config.replace(f" {HOST}", ""),
        str(rsa_credentials.cert).lstrip("/"): rsa_credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15", mosquitto="2.0.11-1.2+deb12u1"),
    }
    tree = a_server(tmp_path / "root", "/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", files)
    found = configured("mosquitto", tree)
    said = endpoints(found)[f"tcp/{port}"]
    with running(["mosquitto", "-c", str(tmp_path / "mosquitto.conf")], port, "mosquitto"):
        seen = observed(port)
    assert disagreements(said, seen) == []
    assert answered(said) >= 18
    assert len(chains(found)) == (0 if name == "psk" else 1)


def test_vsftpd_against_what_is_known_of_the_daemon(tmp_path: Path, rsa_credentials: Credentials) -> None:
    """The truth of the TLS lab, which was asked of the running daemon."""
    truth = yaml.safe_load((Path(__file__).parents[2] / "tls_lab/truth/vsftpd.yaml").read_text())
    config = truth["files"]["vsftpd.conf"].replace("listen_address=$host\n", "").replace("$port", "21")
    config = config.replace("$rsa_cert", "/etc/ssl/device.pem")
    files = {
        "etc/vsftpd.conf": config,
        "etc/ssl/device.pem": rsa_credentials.cert.read_bytes(),
        **status_of(libssl3="3.0.15", vsftpd="3.0.3-13+b2"),
    }
    said = endpoints(configured("vsftpd", a_server(tmp_path, "/usr/sbin/vsftpd /etc/vsftpd.conf", files)))["tcp/21"]
    assert {name for name, answer in said.versions.items() if answer.known} == set(truth["versions"])
    assert said.opening == "ftp"
    # PyYAML reads the words yes and no as keys that are truth values.
    known = dict.fromkeys(truth[True], True) | dict.fromkeys(truth[False], False)
    ours = {name: getattr(said, name).known for name in known if getattr(said, name).is_answered}
    assert ours == {name: known[name] for name in ours}
    assert len(ours) >= 20

"""The configured endpoint against the observed one: the same file, read by us and served by the daemon itself."""

import shutil
from pathlib import Path

import pytest
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

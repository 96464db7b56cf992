"""A real nginx for one server block, and the key and certificate that daemons behind TLS show."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.observe.network.daemons import accepts, free_port, running, tool


def make_certificate(folder: Path) -> tuple[str, str]:
    """Paths of a new RSA key and a self-signed certificate."""
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    command = [tool("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=b"]
    subprocess.run([*command, "-days", "2", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


@contextmanager
def nginx(folder: Path, lines: str) -> Iterator[int]:
    """Serve ``folder``; ``PORT`` in the lines of the server block stands for the port, which is yielded."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events {}\n"
        f"http {{ access_log off; types {{ text/html html; }} client_body_temp_path {folder}/b;\n"
        f"proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;\n"
        f"scgi_temp_path {folder}/s; server {{ root {folder}; {lines.replace('PORT', str(port))} }} }}\n"
    )
    command = [tool("nginx", "nginx-light"), "-c", str(config), "-p", str(folder), "-e", str(folder / "error.log")]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port

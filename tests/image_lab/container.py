"""A container image of a gateway service: an old base, a secret deleted in a later layer, verification switched off.

An OCI layout made by umoci: a base layer, a layer with a key and a configuration, a layer that takes the key away.
"""

import shutil
from pathlib import Path

from tests.image_lab.build import Workshop, put

OS_RELEASE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.14.2\nPRETTY_NAME="Alpine Linux v3.14"\n'
INSTALLED = """\
C:Q1pTi3xEKZ5Kl0kMGrNsgKKPi1Lgk=
P:musl
V:1.2.2-r3
A:x86_64
T:the musl c library (libc) implementation
L:MIT
o:musl

C:Q1vYs9rBvbPXQWRkmBqgkpaBuGcvc=
P:openssl
V:1.1.1l-r0
A:x86_64
T:Toolkit for Transport Layer Security (TLS)
L:OpenSSL
o:openssl

"""
REPOSITORIES = "https://dl-cdn.alpinelinux.org/alpine/v3.14/main\n"
NGINX = """\
user nginx;
events {}
http {
    server {
        listen 8443 ssl;
        ssl_certificate /certs/tls.crt;
        ssl_certificate_key /run/secrets/tls.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;
    }
}
"""
SETTINGS = """\
broker: mqtts://broker.acme-gateways.com:8883
api: https://api.acme-gateways.com/v1
tls:
  verify: false
"""
CLIENT = """\
import requests

requests.post("https://api.acme-gateways.com/v1/readings", json={}, verify=False)
"""


def build(shop: Workshop) -> Path:
    """Build the layout."""
    shop.run("umoci", "init", "--layout", "oci")
    shop.run("umoci", "new", "--image", "oci:gateway")
    shop.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "tls.key")
    base = shop.root(
        "base",
        {
            "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnginx:x:100:101:nginx:/var/lib/nginx:/sbin/nologin\n",
            "etc/shadow": "root:*::0:::::\nnginx:!::0:::::\n",
            "etc/group": "root:x:0:\nnginx:x:101:\n",
            "etc/os-release": OS_RELEASE,
            "etc/apk/repositories": REPOSITORIES,
            "etc/apk/keys/alpine-devel.rsa.pub": "-----BEGIN PUBLIC KEY-----\n",
            "lib/apk/db/installed": INSTALLED,
        },
        modes={"etc/shadow": 0o640},
    )
    (base / "sbin/init").unlink()
    service = shop.folder / "service"
    put(service, "etc/nginx/nginx.conf", NGINX)
    put(service, "usr/sbin/nginx", "#!/bin/sh\n", 0o755)
    put(service, "app/settings.yaml", SETTINGS)
    put(service, "app/client.py", CLIENT)
    put(service, "app/tls.key", (shop.folder / "tls.key").read_bytes(), 0o600)
    put(service, "etc/old.conf", "gone = soon\n")
    for folder, target in ((base, "/"), (service, "/")):
        shop.run("umoci", "insert", "--rootless", "--image", "oci:gateway", folder, target)
    shop.run("umoci", "insert", "--rootless", "--image", "oci:gateway", "--whiteout", "/etc/old.conf")
    shop.run("umoci", "insert", "--rootless", "--image", "oci:gateway", "--whiteout", "/app/tls.key")
    shop.run("umoci", "config", "--image", "oci:gateway", "--config.entrypoint", "/usr/sbin/nginx",
             "--config.exposedports", "8443/tcp")  # fmt: skip
    shutil.rmtree(base)
    shutil.rmtree(service)
    return shop.folder / "oci"

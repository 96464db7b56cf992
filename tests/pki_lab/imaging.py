"""An image whose nginx and mosquitto are configured with certificates of the lab, and what our inspectors say of it."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from iotscan.assess.assessing import assess
from iotscan.assess.check import Policy
from iotscan.assess.evidence import Evidence
from iotscan.model.device import Image
from iotscan.model.facts import CertificateChain
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.observe.image.configuration import all_configurations
from iotscan.observe.image.messages import Said
from iotscan.observe.image.posture import Posture, posture
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.looking import a_root, heard_of
from tests.observe.image.test_startup import add_links
from tests.pki_lab.judging import checks
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import Kind, Scene

IMAGE = "img-lab"
INITTAB = """\
::respawn:/usr/sbin/nginx -g 'daemon off;'
::respawn:/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf
"""
SERVER = "server {{ listen {port} ssl; ssl_certificate /etc/ssl/{name}.pem; ssl_certificate_key /data/{name}.key; }}\n"
LISTENER = "listener {port}\ncertfile /etc/ssl/{name}.pem\nkeyfile /data/{name}.key\n"
WEB, BROKER = 20000, 30000
"""First ports of the two daemons."""


def an_image(folder: Path, pki: Pki, web: Mapping[str, Scene], broker: Mapping[str, Scene]) -> FolderTree:
    """A small root file system: nginx with a server for each scene in ``web``, mosquitto with one for each in
    ``broker``, on ports in their order.
    """
    pems = {f"etc/ssl/{n}.pem": pki.leaf(s.leaf).chain.read_bytes() for n, s in {**web, **broker}.items()}
    servers = "".join(SERVER.format(port=WEB + n, name=name) for n, name in enumerate(web))
    listeners = "".join(LISTENER.format(port=BROKER + n, name=name) for n, name in enumerate(broker))
    tree = a_root(
        folder,
        {
            "bin/busybox": b"\x7fELF",
            "etc/inittab": INITTAB,
            "etc/debian_version": "12.1\n",
            "usr/sbin/nginx": b"\x7fELF\0libssl.so.3\0",
            "usr/sbin/mosquitto": b"\x7fELF\0libssl.so.3\0",
            "etc/nginx/nginx.conf": f"events {{}}\nhttp {{\n{servers}}}\n",
            "etc/mosquitto/mosquitto.conf": listeners,
            **pems,
        },
    )
    add_links(folder, {"sbin/init": "/bin/busybox"})
    return tree


def look(tree: FolderTree) -> Posture:
    """What the inspectors of both daemons bring back."""
    inspectors = [i for i in all_configurations() if i.name in ("nginx", "mosquitto")]
    said = [Said(inspector=i.name, heard=heard_of(i, tree), subject=Subject(image=IMAGE)) for i in inspectors]
    return posture(said, (), IMAGE)


def results(seen: Posture, policy: Kind, as_of: datetime) -> Mapping[int, tuple[Result, ...]]:
    """What the checks about certificates say of it, by the port that is configured."""
    observations, attempts = seen
    evidence = Evidence([], [Image(id=IMAGE, source="lab", format="folder")], observations, attempts, as_of)
    found = defaultdict(list)
    for result in assess(evidence, checks(), policy=Policy(kind=policy)):
        found[result.subject.path, result.subject.line].append(result)
    places = [o.subject for o in observations if isinstance(o.fact, CertificateChain)]
    return {place.port: tuple(found[place.path, place.line]) for place in places}

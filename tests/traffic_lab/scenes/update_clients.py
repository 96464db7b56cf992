"""A device fetches updates over HTTP with wget and apt-get: bundles with and without a signature, by the real tools."""

from pathlib import Path

from tests.lan.network import Machine, poll
from tests.traffic_lab.stage import Stage

TOOLS = {
    "wget": "wget", "curl": "curl",
    "apt-get": "apt", "apt-ftparchive": "apt-utils", "cpio": "cpio", "openssl": "openssl",
    "mkimage": "u-boot-tools", "mender-artifact": "mender-artifact", "rauc": "rauc", "mksquashfs": "squashfs-tools",
}  # fmt: skip

SERVER = """
import http.server


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST


http.server.ThreadingHTTPServer(("", 80), Handler).serve_forever()
"""


def play(stage: Stage) -> None:
    """Six files, three looks at a hawkBit, a manifest, a repository; what is no update although it is called so; and a
    firmware that is sent away, alone and in a form.
    """
    device, server = stage.near("device", 21), stage.far("server", 80)
    folder = stage.folder / "www"
    (folder / "files").mkdir(parents=True)
    _make_files(server, folder / "files")
    _make_repository(server, folder / "debian")
    (folder / "ota").mkdir()
    (folder / "ota" / "latest.json").write_text('{"version": "2.1", "url": "http://203.0.113.80/files/plain.swu"}')
    (folder / "firmware.bin").write_text("<!doctype html><html>welcome</html>")
    (folder / "DEFAULT" / "controller" / "v1").mkdir(parents=True)
    (folder / "DEFAULT" / "controller" / "v1" / "dev-21").write_text('{"config": {"polling": {"sleep": "00:05:00"}}}')
    program = stage.folder / "server.py"
    program.write_text(SERVER)
    server.start("sh", "-c", f"cd {folder} && exec python3 {program}")
    base = "http://203.0.113.80"

    def get(path: str) -> bool:
        words = ("wget", "-q", "-t1", "-T5", "-O", "/dev/null", "--header", "Host: updates.example")
        return device.run(*words, f"{base}/{path}").returncode == 0

    poll("the server answers", lambda: get("ota/latest.json"))
    for name in sorted(p.name for p in (folder / "files").iterdir()):
        assert get(f"files/{name}"), name
    for _ in range(3):
        assert get("DEFAULT/controller/v1/dev-21")
    assert get("firmware.bin")
    assert not get("fw/missing.bin")
    image = folder / "files" / "a-file"
    for words in (("-T", f"{image}", f"{base}/backup"), ("-F", f"file=@{image}", f"{base}/restore")):
        assert device.run("curl", "-sf", "-m", "10", *words).returncode == 0
    _update(device, stage.folder / "apt", base)


def _make_files(machine: Machine, folder: Path) -> None:
    work = folder.parent.parent / "work"
    work.mkdir()
    script = f"""
set -eu; cd {work}
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=maker -days 30 2>/dev/null
head -c 200000 /dev/urandom > rootfs.img
printf 'software = {{ version = "2.1"; images: ( {{ filename = "rootfs.img"; }} ); }}\\n' > sw-description
openssl cms -sign -in sw-description -out sw-description.sig -signer cert.pem -inkey key.pem \\
  -outform DER -nosmimecap -binary
printf 'sw-description\\nrootfs.img\\n' | cpio -o -H crc --quiet > {folder}/plain.swu
printf 'sw-description\\nsw-description.sig\\nrootfs.img\\n' | cpio -o -H crc --quiet > {folder}/signed.swu
mkimage -A arm -T firmware -C none -n test -d rootfs.img {folder}/a-file >/dev/null
mender-artifact write rootfs-image -t board -n release-2 -f rootfs.img -o {folder}/update.mender >/dev/null 2>&1
mkdir bundle; head -c 300000 /dev/urandom > bundle/rootfs.img
printf '%s\\n' '[update]' compatible=board version=2.1 '[bundle]' format=plain '[image.rootfs]' filename=rootfs.img \\
  > bundle/manifest.raucm
rauc --cert=cert.pem --key=key.pem bundle bundle {folder}/update.raucb >/dev/null 2>&1
"""
    machine.run("sh", "-c", script, check=True)


def _make_repository(machine: Machine, folder: Path) -> None:
    suite = folder / "dists" / "stable"
    (suite / "main" / "binary-amd64").mkdir(parents=True)
    script = f"""
set -eu; cd {folder}
: > dists/stable/main/binary-amd64/Packages
apt-ftparchive -o APT::FTPArchive::Release::Codename=stable -o APT::FTPArchive::Release::Suite=stable \\
  -o APT::FTPArchive::Release::Components=main -o APT::FTPArchive::Release::Architectures=amd64 \\
  release dists/stable > Release
mv Release dists/stable/Release
"""
    machine.run("sh", "-c", script, check=True)


def _update(device: Machine, folder: Path, base: str) -> None:
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "sources").write_text(f"deb [trusted=yes] {base}/debian stable main\n")
    words = [f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}", f"Dir::Etc::SourceList={folder}/sources"]
    words += ["Dir::Etc::SourceParts=-", "APT::Sandbox::User=root", "Acquire::Languages=none", "Acquire::Retries=0"]
    device.run("apt-get", *(x for word in words for x in ("-o", word)), "update")

"""The hosts of the topic of logins: ``login_hosts.py NAME PASSWORD FOLDER ADDRESS``, until killed.

All show themselves as one product, whose documented user is ``root``. ``FOLDER/logins.log`` has a line for each
try; ``FOLDER/harm`` is written where an account was locked.
"""

import socketserver
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.observe.network.login_site import Answer, LoginSite, login_site  # the tree is on the path now

PRODUCT, USER = "SNT-V704 Network Station", "root"
LOCKS_AT = 3


class Site(LoginSite):
    """The product's web login, which locks an account at its third failure."""

    title, user = PRODUCT, USER

    def __init__(self, password: str, folder: Path) -> None:
        super().__init__(password)
        self.folder = folder

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        if method == "POST":
            note(self.folder, form.get("login", ""))
        return super().answer(method, path, cookies, form)

    def post(self, form: dict[str, str]) -> Answer:
        answer = super().post(form)
        if self.failures[USER] >= LOCKS_AT:
            (self.folder / "harm").write_text("the account root is locked")
            return 200, (), "This account has been locked."
        return answer


class Rogue(Site):
    """Lets in whoever comes."""

    def is_right(self, form: dict[str, str]) -> bool:
        return True


class Honeypot(Site):
    """Refuses the first, and lets in all that come later."""

    def is_right(self, form: dict[str, str]) -> bool:
        return len(self.tried) > 1


class Everywhere(Site):
    """Answers everything with its login page, 200 and a cookie."""

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        super().answer(method, path, cookies, form)
        return 200, (("Set-Cookie", "sid=always; HttpOnly"),), self.page()


class Scripted(Site):
    """Has a script send its form."""

    more = ' onsubmit="return encrypt(this)"'


SITES = {"form": Site, "rogue": Rogue, "honeypot": Honeypot, "everywhere": Everywhere, "scripted": Scripted}


def note(folder: Path, user: str) -> None:
    with (folder / "logins.log").open("a") as log:
        log.write(f"{user}\n")


class Ftp(socketserver.StreamRequestHandler):
    """FTP of the product; ``slow`` answers a known user late, which is how it shows that it is locked."""

    password, folder, is_slow = "", Path(), False

    def handle(self) -> None:
        self.say("220 SNT-V704 FTP server ready")
        user = ""
        for line in self.rfile:
            verb, _, word = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            if verb.upper() == "USER":
                user = word
                self.say("331 Password please")
            elif verb.upper() == "PASS":
                self.judge(user, word)
            elif verb.upper() == "QUIT":
                self.say("221 Bye")
                return
            else:
                self.say("530 Please log in")

    def judge(self, user: str, password: str) -> None:
        if user.lower() not in ("anonymous", "ftp"):
            note(self.folder, user)
        if self.is_slow and user == USER:
            time.sleep(6)
        is_right = (user, password) == (USER, self.password)
        self.say("230 Welcome" if is_right else "530 Login incorrect")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def main(name: str, password: str, folder: Path, address: str) -> None:
    """Serve until killed."""
    if name in SITES:
        with login_site(SITES[name](password, folder), at=(address, 80)):
            threading.Event().wait()
    Ftp.password, Ftp.folder, Ftp.is_slow = password, folder, name == "slow"
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer((address, 21), Ftp).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])

from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts import DefaultLogin, HttpServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Missed
from tests.observe.network.acme import PASSWORD, USER, record, verdict
from tests.observe.network.login_site import INSIDE, Answer, LoginSite, login_site
from tests.observe.network.proof import proves

SHOWS = HttpServer(tls=False, status=302, title="Acme Cam", has_login_form=True)


def ask(folder: Path, site: LoginSite, *records: object, protocol: str = "HTTP/1.1") -> DefaultLogin | Missed:
    with login_site(site, protocol=protocol) as port:
        return verdict(folder, port, "http", [SHOWS], *records)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/1.0"])
def test_a_true_default_is_found_and_every_session_ended(tmp_path: Path, protocol: str) -> None:
    site = LoginSite()
    found = ask(tmp_path, site, protocol=protocol)
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account, found.tries) == ("accepted", USER, 3)
    assert (found.action, found.fields) == ("/login", ("login", "pw"))
    assert [user == USER for user in site.tried] == [False, True, False]
    assert site.sessions == set()


def test_a_changed_password_is_not_claimed(tmp_path: Path) -> None:
    found = ask(tmp_path, LoginSite("changed"))
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.tries) == ("rejected", 2)


class Anybody(LoginSite):
    def is_right(self, form: dict[str, str]) -> bool:
        return True


class AfterTwo(LoginSite):
    """A honeypot: whoever comes third is let in, and everybody after."""

    def is_right(self, form: dict[str, str]) -> bool:
        return len(self.tried) > 1


@pytest.mark.parametrize("site", [Anybody(), AfterTwo()])
def test_whoever_is_let_in_proves_no_default(tmp_path: Path, site: LoginSite) -> None:
    found = ask(tmp_path, site)
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("accepts_any", "")


class Everywhere(LoginSite):
    """Answers everything with one page of status 200: the form, with words of a success."""

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        super().answer(method, path, cookies, form)
        return 200, (("Set-Cookie", "sid=always"),), self.page()


class Redirecting(LoginSite):
    """Sends who failed to the front page like anybody else, with a cookie."""

    def post(self, form: dict[str, str]) -> Answer:
        return 302, (("Location", "/"), ("Set-Cookie", "sid=nothing")), ""


@pytest.mark.parametrize("site", [Everywhere(), Redirecting()])
def test_neither_words_nor_a_redirect_nor_200_are_a_success(tmp_path: Path, site: LoginSite) -> None:
    found = ask(tmp_path, site)
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"


class OwnPage(LoginSite):
    """Shows who failed another page from then on, without a form."""

    def front(self, cookies: dict[str, str]) -> Answer:
        return (200, (), "<p>That was wrong.</p>") if cookies.get("sid") == "bad" else super().front(cookies)

    def post(self, form: dict[str, str]) -> Answer:
        return self.let_in() if self.is_right(form) else (302, (("Location", "/"), ("Set-Cookie", "sid=bad")), "")


class ByAddress(LoginSite):
    """Lets in the address, not the browser."""

    is_open = False
    inside = INSIDE.replace("/logout", "/exit?logout")

    def front(self, cookies: dict[str, str]) -> Answer:
        return (200, (), self.inside) if self.is_open else super().front(cookies)

    def let_in(self) -> Answer:
        self.is_open = True
        return super().let_in()


class Elsewhere(LoginSite):
    action = "https://203.0.113.9/login"


class Scripted(LoginSite):
    more = ' onsubmit="return hash(this)"'


class NewPassword(LoginSite):
    user_field = '<input name="login"><input type="password" name="new">'


class Captcha(LoginSite):
    user_field = '<input name="login"><input name="code">'


@pytest.mark.parametrize(
    ("site", "reason", "tries"),
    [
        (OwnPage(), Reason.UNREADABLE, 1),
        (Elsewhere(), Reason.NOT_OBSERVABLE, 0),
        (Scripted(), Reason.NOT_OBSERVABLE, 0),
        (NewPassword(), Reason.NOT_OBSERVABLE, 0),
        (Captcha(), Reason.NOT_OBSERVABLE, 0),
    ],
)
def test_what_is_not_plain_is_no_verdict(tmp_path: Path, site: LoginSite, reason: Reason, tries: int) -> None:
    missed = ask(tmp_path, site)
    assert isinstance(missed, Missed)
    assert (missed.reason, len(site.tried)) == (reason, tries)


class Settings(LoginSite):
    """Asks nobody for a login, and keeps what its form is sent."""

    fields = '<input name="station"><input type="password" name="pass">'

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        self.requests.append((method, path))
        return 200, (), f'<form method="post" action="{self.action}">{self.fields}<input type="submit"></form>'


class OfWifi(Settings):
    action, fields = "/cgi-bin/x", '<input name="wl_ssid"><input type="password" name="pass">'


class Saving(Settings):
    action = "/saveNetwork"


class ToItself(Settings):
    action = "/settings"


@pytest.mark.parametrize("site", [OfWifi(), Saving(), ToItself()])
def test_an_open_page_of_settings_is_sent_nothing(tmp_path: Path, site: Settings) -> None:
    missed = ask(tmp_path, site)
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.NOT_OBSERVABLE
    assert {method for method, _ in site.requests} == {"GET"}


def test_a_form_that_goes_to_a_page_of_settings_is_sent_nothing(tmp_path: Path) -> None:
    site = Settings()
    site.action = ""
    missed = ask(tmp_path, site, msgspec.structs.replace(record(), path="/settings"))
    assert isinstance(missed, Missed)
    assert {method for method, _ in site.requests} == {"GET"}


def test_one_that_lets_in_the_address_is_no_rogue(tmp_path: Path) -> None:
    found = ask(tmp_path, ByAddress())
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"


class Banning(LoginSite):
    """Shows a page of its own to everybody from the second failure on, in words that nobody lists."""

    def front(self, cookies: dict[str, str]) -> Answer:
        return (200, (), "<h1>Zugang gesperrt</h1>") if len(self.tried) > 1 else super().front(cookies)

    def post(self, form: dict[str, str]) -> Answer:
        return 302, (("Location", "/"),), ""


class NoWayOut(ByAddress):
    """As its page names no way out, it may as well be one for who is shut out."""

    inside = INSIDE.replace("logout", "bye")


class SecondFactor(LoginSite):
    """The password is right, and is not enough."""

    def front(self, cookies: dict[str, str]) -> Answer:
        if cookies.get("sid") not in self.sessions:
            return super().front(cookies)
        return 200, (), '<form method="post">Code: <input name="otp_code"><a href="/logout">Cancel</a></form>'


class AlwaysTheForm(LoginSite):
    """Its front page is the login page, for who is in as well; who is in is sent to another."""

    def front(self, cookies: dict[str, str]) -> Answer:
        return 200, (), self.page()

    def answer(self, method: str, path: str, cookies: dict[str, str], form: dict[str, str]) -> Answer:
        if path == "/home" and cookies.get("sid") in self.sessions:
            return 200, (), INSIDE
        return super().answer(method, path, cookies, form)

    def let_in(self) -> Answer:
        status, (_, cookie), body = super().let_in()
        return status, (("Location", "/home"), cookie), body


class TheFormAndACookie(AlwaysTheForm):
    """The same, and who is in is sent there, too: only a cookie tells."""

    def let_in(self) -> Answer:
        return LoginSite.let_in(self)


class SaysIt(AlwaysTheForm):
    """The same, with an answer of its own to the form."""

    def let_in(self) -> Answer:
        return 200, (), "<p>Welcome.</p>"

    def post(self, form: dict[str, str]) -> Answer:
        return self.let_in() if self.is_right(form) else (200, (), f"<p>No {form['login']} at 12:07:{len(self.tried)}.")


@pytest.mark.parametrize(
    "site", [Banning("changed"), NoWayOut(), SecondFactor(), AlwaysTheForm(), TheFormAndACookie(), SaysIt()]
)
def test_what_may_be_either_is_no_verdict(tmp_path: Path, site: LoginSite) -> None:
    missed = ask(tmp_path, site)
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


@pytest.mark.parametrize("site", [AlwaysTheForm("changed"), TheFormAndACookie("changed"), SaysIt("changed")])
def test_who_is_told_what_a_stranger_is_told_was_refused(tmp_path: Path, site: LoginSite) -> None:
    found = ask(tmp_path, site)
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"


class WithScript(LoginSite):
    script = "<script src=/login.js></script>"


def test_a_refusal_proves_nothing_where_a_script_may_send_another_form(tmp_path: Path) -> None:
    missed = ask(tmp_path, WithScript("changed"))
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE)
    (tmp_path / "ledger").unlink()
    found = ask(tmp_path, WithScript())
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"


class Locking(LoginSite):
    """Locks an account at its third failure, and says so."""

    status, words = 200, "This account has been locked."

    def post(self, form: dict[str, str]) -> Answer:
        if self.failures[form["login"]] >= 2:
            return self.status, (), self.words + self.page()
        return super().post(form)


class Throttling(Locking):
    status, words = 429, ""


@pytest.mark.parametrize("site", [Locking("changed"), Throttling("changed")])
def test_a_locked_account_is_left_alone(tmp_path: Path, site: LoginSite) -> None:
    site.failures[USER] = 2
    missed = ask(tmp_path, site)
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.LOCKED_OUT
    assert isinstance(again := ask(tmp_path, site), Missed)
    assert again.reason is Reason.BUDGET
    assert site.tried.count(USER) == 1


def test_an_account_that_locks_after_three_is_not_locked_by_us(tmp_path: Path) -> None:
    site = Locking("changed")
    outcomes = [ask(tmp_path, site, record((USER, "x"), (USER, "y"))) for _ in range(3)]
    assert site.failures[USER] == 2
    assert isinstance(outcomes[-1], Missed)


class NoUser(LoginSite):
    user_field = ""


def test_a_password_alone_is_one_account_and_the_made_up_one_counts(tmp_path: Path) -> None:
    site = NoUser("changed")
    for _ in range(3):
        ask(tmp_path, site, record((USER, "x"), ("root", "y")))
    assert len(site.tried) == 2, "its only account has missed twice then"


def test_a_password_alone_is_found(tmp_path: Path) -> None:
    found = ask(tmp_path, NoUser())
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.fields) == ("accepted", ("", "pw"))


def test_nothing_goes_anywhere_but_to_the_site(tmp_path: Path) -> None:
    site = LoginSite()
    ask(tmp_path, site)
    assert {path for _, path in site.requests} == {"/", "/login", "/logout"}
    assert PASSWORD not in repr(site.requests)


def test_the_command_shows_it_and_only_it(tmp_path: Path) -> None:
    with login_site(LoginSite()) as port:
        found = verdict(tmp_path, port, "http", [SHOWS])
        assert isinstance(found, DefaultLogin)
        assert proves(found, port, PASSWORD)
        assert not proves(found, port, "wrong")


class Warns(LoginSite):
    """Says on its login page what comes of too many attempts."""

    script = "<p>After too many attempts your account is temporarily locked; try again later.</p>"


def test_a_login_page_that_warns_of_a_lock_out_is_none(tmp_path: Path) -> None:
    found = ask(tmp_path, Warns("changed"))
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"

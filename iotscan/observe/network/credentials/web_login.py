"""The login of a web page, whichever way it asks: HTTP Basic and Digest, or a form."""

from typing import Final

from iotscan.data.credential_records import Pair
from iotscan.observe.network.credentials.form_login import FormLogin
from iotscan.observe.network.credentials.http_login import HttpLogin
from iotscan.observe.network.credentials.reaction import Reaction, Sign
from iotscan.observe.network.probe import Door


class WebLogin:
    """The login that one page asks for. Without a challenge, its form is looked for."""

    protocol: Final = "http"

    def __init__(self, door: Door, path: str = "/", *, has_form: bool = False) -> None:
        self._challenged = HttpLogin(door, path)
        self.form = FormLogin(door, path)
        self.is_form = has_form
        self.path = path

    @property
    def sole_account(self) -> str:
        """See :class:`FormLogin`."""
        return self.form.sole_account if self.is_form else ""

    async def offer(self, pair: Pair | None) -> Reaction:
        """Raises DialError."""
        if self.is_form:
            return await self.form.offer(pair)
        reaction = await self._challenged.offer(pair)
        if pair is not None or reaction.sign is not Sign.NO_LOGIN:
            return reaction
        self.is_form = True
        return await self.form.offer(None)

"""Exchange: one caller's request on its way, over all its attempts."""

from collections.abc import Mapping
from operator import is_

from fairlead.gateway.authorise import Target, authorise, provider_headers, target_of
from fairlead.gateway.budgets import Share
from fairlead.model.connection import Connection
from fairlead.model.credentials import Credentials
from fairlead.model.exchange import FixedHeaders, OnWait, Request, Response
from fairlead.model.provider import Provider, Reply


class Exchange:
    """One caller's request: what does not change between its attempts, and their patience."""

    def __init__(
        self,
        provider: Provider,
        connection: Connection,
        request: Request,
        redirects: int,
        *,
        decompress: bool,
        on_wait: OnWait | None,
        patience_seconds: float,
        is_patient: bool,
    ) -> None:
        self.is_patient = is_patient
        #: times that it was sent again, but for those that the vendor refused a patient caller
        self.attempt = 0
        self.refusals = 0
        #: what its units are paid from, None = nobody counts
        self.share: Share | None = None
        self.on_wait = on_wait
        #: left for further waits
        self.patience_seconds = patience_seconds
        self.provider = provider
        self.connection = connection
        self.request = request
        self.redirects = redirects
        self.decompress = decompress
        self.target: Target = target_of(provider, request.url, connection.connection_config)

    def reply(self, answer: Response) -> Reply:
        """Return an answer as hooks see it."""
        return Reply(
            status=answer.status,
            headers=answer.headers,
            url=answer.url.partition("?")[0],
            method=self.request.method.upper(),
        )

    def dressed(self, credentials: Credentials) -> tuple[FixedHeaders, frozenset[str]]:
        """Return the request's headers with ours, and which of them carry secrets.

        For a caller who sends the same headers again they are the same as last time, while nothing
        that they are made of was replaced.
        """
        asked = self.request.headers
        if not isinstance(asked, FixedHeaders):
            return self._dress(credentials)
        key = (self.connection.id, self.target.audience)
        made_of = (self.provider, self.connection, credentials)
        last = asked.kept.get(key)
        if last is not None and all(map(is_, last[0], made_of)):
            made: tuple[FixedHeaders, frozenset[str]] = last[1]
            return made
        made = self._dress(credentials)
        asked.kept[key] = made_of, made
        return made

    def _dress(self, credentials: Credentials) -> tuple[FixedHeaders, frozenset[str]]:
        config = self.connection.connection_config
        secrets = authorise(self.provider, credentials, self.target, config)
        headers = _merged(provider_headers(self.provider, config) | secrets, self.request.headers)
        return FixedHeaders(headers), frozenset(name.lower() for name in secrets)


def _merged(ours: Mapping[str, str], callers: Mapping[str, str]) -> dict[str, str]:
    """Return both; the caller's win, but for a user agent that the provider prescribes.

    So does an Accept of the provider's over one that takes anything, as libraries send by default.
    """
    merged = {name.lower(): (name, value) for name, value in ours.items()}
    for name, value in callers.items():
        lower = name.lower()
        if lower in merged and (lower == "user-agent" or (lower == "accept" and "*/*" in value)):
            continue
        merged[lower] = (name, value)
    return dict(merged.values())

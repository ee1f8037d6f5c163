"""The platform's HTTP API as an application calls it, and the curl line of each call."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp

from fairlead_microsoft.demo.failure import StepFailed

#: seconds for one call
TIMEOUT = aiohttp.ClientTimeout(total=60)


class Api:
    """Calls of one application to one platform."""

    def __init__(self, session: aiohttp.ClientSession, origin: str, key: str) -> None:
        self.origin = origin
        self._session = session
        self._key = key
        #: value -> shell variable that stands for it in curl lines
        self.shell: dict[str, str] = {}

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Any:
        """Call and return the parsed answer; StepFailed if it is an error."""
        data = None if body is None else json.dumps(body).encode()
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if body else {})}
        answer = await self.raw(method, path, query=query, headers=sent, data=data)
        return json.loads(answer) if answer else None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> bytes:
        """Call and return the bytes of the answer; StepFailed if it is an error."""
        sent = {**(headers or {}), "Authorization": f"Bearer {self._key}"}
        url = self.origin + _with_query(path, query)
        try:
            async with self._session.request(
                method, url, headers=sent, data=data, timeout=TIMEOUT
            ) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StepFailed(f"{method} {path}: the platform did not answer ({error})") from error
        if response.status >= 400:
            said = answer[:600].decode(errors="replace")
            raise StepFailed(f"{method} {path} answered {response.status}: {said}")
        return answer

    def curl(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        options: str = "-s",
    ) -> str:
        """Return the line that makes the same call by hand; `$FAIRLEAD` and `$AUTH` are given."""
        words = [f"curl {options}"]
        if method != "GET":
            words.append(f"-X {method}")
        words.append(self._in_double_quotes(f"$FAIRLEAD{_with_query(path, query)}"))
        words.append('-H "$AUTH"')
        for name, value in (headers or {}).items():
            words.append(f"-H {self._in_double_quotes(f'{name}: {value}')}")
        if body is not None:
            words.append("-H 'Content-Type: application/json'")
            words.append(f"-d {self._in_single_quotes(json.dumps(body))}")
        return " ".join(words)

    def _in_double_quotes(self, text: str) -> str:
        for value, variable in self.shell.items():
            text = text.replace(value, f"${variable}")
        return f'"{text}"'

    def _in_single_quotes(self, text: str) -> str:
        quoted = shlex.quote(text)
        for value, variable in self.shell.items():
            # Out of the single quotes, where the shell expands, and in again.
            quoted = quoted.replace(value, f"'\"${variable}\"'")
        return quoted


def _with_query(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path

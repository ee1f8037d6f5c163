"""Writes answers in the form that is asked for: three forms of JSON, or Atom.

https://www.odata.org/documentation/odata-version-3-0/json-verbose-format/ and
https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints;
light JSON as in https://www.microsoft.com/microsoft-365/blog/2014/08/13/json-light-support-rest-sharepoint-api-released/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from m365sim.graph.reply import Reply
from m365sim.rest.atom import atom, atom_error
from m365sim.rest.errors import RestError
from m365sim.rest.values import Complex, Entity, Feed, Result, Several

Form = Literal["verbose", "minimal", "none", "atom"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to write answers to one request."""

    form: Form
    base: str  # the address of the site's `_api`
    mark: str = "odata."  # "@odata." for clients that say they speak version 4

    @classmethod
    def of(cls, headers: dict[str, str], base: str) -> Dialect:
        """Read from headers what is asked for; Atom is the default."""
        accept = headers.get("accept", "").lower().replace(" ", "")
        mark = "@odata." if headers.get("odata-version", "").startswith("4") else "odata."
        form: Form = "atom"
        if "application/json" in accept or "text/json" in accept:
            form = "minimal"
            if "odata=verbose" in accept:
                form = "verbose"
            elif "nometadata" in accept or "odata.metadata=none" in accept:
                form = "none"
        return cls(form, base, mark)

    # -- answers

    def reply(self, result: Result) -> Reply:
        """Answer with a value."""
        if self.form == "atom":
            body = atom(result, self.base)
            kind = "application/atom+xml;type=entry;charset=utf-8"
            if isinstance(result.value, Feed):
                kind = "application/atom+xml;type=feed;charset=utf-8"
            elif not isinstance(result.value, Entity):
                kind = "application/xml;charset=utf-8"
        else:
            body, kind = orjson.dumps(self._top(result)), self._json_type()
        headers = [(b"content-type", kind.encode()), *result.headers]
        if isinstance(result.value, Entity) and result.value.etag:
            headers.append((b"etag", result.value.etag.encode()))
        return Reply(result.status, body, headers)

    def error(self, error: RestError) -> Reply:
        """Answer with an error."""
        if self.form == "atom":
            body, kind = atom_error(error), "application/xml;charset=utf-8"
        else:
            message = {"lang": "en-US", "value": error.message}
            name = "error" if self.form == "verbose" or self.mark != "odata." else "odata.error"
            body = orjson.dumps({name: {"code": error.code, "message": message}})
            kind = self._json_type()
        return Reply(error.status, body, [(b"content-type", kind.encode()), *error.headers])

    def _json_type(self) -> str:
        names = {"verbose": "verbose", "minimal": "minimalmetadata", "none": "nometadata"}
        name = names[self.form]
        streaming = "" if name == "verbose" else "streaming=true;"
        return f"application/json;odata={name};{streaming}charset=utf-8"

    # -- JSON

    def _top(self, result: Result) -> Any:
        value = result.value
        if self.form == "verbose":
            inner = self._verbose(value)
            if not isinstance(value, (Entity, Feed)):
                inner = {result.name or "value": inner}
            return {"d": inner}
        head: dict[str, Any] = {}
        if self.form == "minimal":
            head[f"{self.mark}metadata" if self.mark == "odata." else "@odata.context"] = (
                f"{self.base}/$metadata{_fragment(value)}"
            )
        if isinstance(value, Feed):
            head["value"] = [self._light(one) for one in value.entities]
            if value.next_link is not None:
                head[f"{self.mark}nextLink"] = value.next_link
            return head
        if isinstance(value, (Entity, Complex)):
            return head | self._light(value)
        if value is None:
            return head | {f"{self.mark}null": True}
        return head | {"value": self._light(value)}

    def _verbose(self, value: Any) -> Any:
        match value:
            case Entity():
                uri = value.address(self.base)
                meta = {"id": uri, "uri": uri}
                if value.etag is not None:
                    meta["etag"] = value.etag
                shown: dict[str, Any] = {"__metadata": meta | {"type": value.type}}
                for link in value.links:
                    shown[link] = {"__deferred": {"uri": f"{uri}/{link}"}}
                return shown | {k: self._verbose(v) for k, v in value.values.items()}
            case Feed():
                found: dict[str, Any] = {"results": [self._verbose(e) for e in value.entities]}
                return found | ({"__next": value.next_link} if value.next_link else {})
            case Complex():
                inner = {k: self._verbose(v) for k, v in value.values.items()}
                return {"__metadata": {"type": value.type}} | inner
            case Several():
                listed = [self._verbose(one) for one in value.values]
                return {
                    "__metadata": {"type": f"Collection({value.type})"},
                    "results": listed,
                }
        return value

    def _light(self, value: Any) -> Any:
        match value:
            case Entity():
                head: dict[str, Any] = {}
                if self.form == "minimal":
                    uri = value.address(self.base)
                    kind = f"#{value.type}" if self.mark != "odata." else value.type
                    head = {f"{self.mark}type": kind, f"{self.mark}id": uri}
                    if value.etag is not None:
                        head[f"{self.mark}etag"] = value.etag
                    head[f"{self.mark}editLink"] = value.uri
                return head | {k: self._light(v) for k, v in value.values.items()}
            case Feed():
                return [self._light(one) for one in value.entities]
            case Complex():
                return {k: self._light(v) for k, v in value.values.items()}
            case Several():
                return [self._light(one) for one in value.values]
        return value


def _fragment(value: Any) -> str:
    match value:
        case Entity():
            return f"#{value.type}/@Element"
        case Feed():
            return f"#{value.entities[0].type}" if value.entities else "#SP.ApiData"
        case Complex():
            return f"#{value.type}"
        case None:
            return "#Edm.Null"
    return f"#{edm(value)}"


def edm(value: Any) -> str:
    """Return the type of a value without parts."""
    if isinstance(value, bool):
        return "Edm.Boolean"
    return {int: "Edm.Int32", float: "Edm.Double"}.get(type(value), "Edm.String")

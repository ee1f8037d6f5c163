"""Clouds: the hosts of each Microsoft cloud, and of a custom one read from a JSON file.

Hosts follow https://learn.microsoft.com/graph/deployments and
https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges; GCC uses the
worldwide ones. `FAIRLEAD_MICROSOFT_CLOUD` names a cloud or the file.
"""

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fairlead.errors import OperatorError

VARIABLE = "FAIRLEAD_MICROSOFT_CLOUD"
TENANT = "{tenant}"
_FIELDS = ("login_url", "graph_url", "sharepoint_url")

#: a name (in punycode, if it must be), or an address
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|[0-9a-f:.]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one cloud's services live; URLs without a trailing slash."""

    name: str
    login_url: str
    graph_url: str
    #: with `{tenant}` in its first label
    sharepoint_url: str
    #: origins of previews and media, called without credentials
    media_origins: tuple[str, ...] = ()

    @property
    def is_global(self) -> bool:
        """Is this the cloud whose Graph an unqualified scope means?"""
        return self.name == "global"

    @property
    def is_named(self) -> bool:
        """Is this one of Microsoft's own clouds besides the global one?"""
        return self.name not in ("global", "custom")

    @property
    def sharepoint_origins(self) -> str:
        """Pattern of all SharePoint hosts: of every tenant, `-my` and `-admin` included."""
        scheme, _, rest = self.sharepoint_url.partition("://")
        return f"{scheme}://*.{rest.partition('.')[2]}"


_MEDIA = ("https://*.svc.ms",)
GLOBAL = Cloud(
    "global",
    "https://login.microsoftonline.com",
    "https://graph.microsoft.com",
    "https://{tenant}.sharepoint.com",
    _MEDIA,
)
CLOUDS: Mapping[str, Cloud] = {
    "global": GLOBAL,
    "gcc-high": Cloud(
        "gcc-high",
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
        "https://{tenant}.sharepoint.us",
        _MEDIA,
    ),
    "dod": Cloud(
        "dod",
        "https://login.microsoftonline.us",
        "https://dod-graph.microsoft.us",
        "https://{tenant}.sharepoint-mil.us",
        _MEDIA,
    ),
    "china": Cloud(
        "china",
        "https://login.partner.microsoftonline.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://{tenant}.sharepoint.cn",
        _MEDIA,
    ),
}


def chosen_cloud(environ: Mapping[str, str] | None = None) -> Cloud:
    """Return the cloud that FAIRLEAD_MICROSOFT_CLOUD names, by default the global one.

    OperatorError begins with the variable's name and says what is wrong.
    """
    value = (os.environ if environ is None else environ).get(VARIABLE, "").strip()
    if not value:
        return GLOBAL
    if value in CLOUDS:
        return CLOUDS[value]
    return _custom(Path(value).expanduser())


def _custom(path: Path) -> Cloud:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise _wrong(
            f"is '{path}': neither {', '.join(CLOUDS)} nor the path of a file that exists"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"names {path}, which cannot be read as text: {error}") from error
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(f"names {path}, which is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise _wrong(f"names {path}, which must hold a JSON object with {', '.join(_FIELDS)}")
    if unknown := sorted(set(values) - set(_FIELDS)):
        raise _wrong(f"names {path}, which has unknown fields: {', '.join(unknown)}")
    if missing := [field for field in _FIELDS if field not in values]:
        raise _wrong(f"names {path}, which lacks {', '.join(missing)}")
    login_url, graph_url, sharepoint_url = (
        _checked_url(path, field, values[field]) for field in _FIELDS
    )
    return Cloud("custom", login_url, graph_url, sharepoint_url)


def _checked_url(path: Path, field: str, value: object) -> str:
    where = f"names {path}, whose {field}"
    if not isinstance(value, str):
        raise _wrong(f"{where} is not a string")
    is_template = field == "sharepoint_url"
    if is_template and TENANT not in value:
        raise _wrong(f"{where} lacks {TENANT}")
    try:
        parts = urlsplit(value.replace(TENANT, "tenant") if is_template else value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _wrong(f"{where} is not a URL: {error}") from error
    if parts.scheme not in ("https", "http") or not host:
        raise _wrong(f"{where} is not an https URL: {value}")
    if not _HOST.fullmatch(host):
        raise _wrong(f"{where} has a host that is no name of plain letters and digits: {value}")
    if parts.scheme == "http" and not _is_loopback(host):
        raise _wrong(f"{where} must use https (http is for loopback hosts only): {value}")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise _wrong(f"{where} must be a scheme and a host, nothing after them: {value}")
    if is_template and not _is_in_first_label(value):
        raise _wrong(f"{where} must have {TENANT} in the first label of its host: {value}")
    return value.rstrip("/")


def _is_in_first_label(url: str) -> bool:
    first, dot, rest = url.partition("://")[2].partition(".")
    return first.count(TENANT) == 1 and bool(dot) and bool(rest) and TENANT not in rest


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(problem: str) -> OperatorError:
    return OperatorError(f"{VARIABLE} {problem}", code="invalid_setting")

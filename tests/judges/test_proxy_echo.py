"""What the proxy passes on, seen from the vendor's side: an address of its own that echoes.

It stands for the vendor in a fairlead of its own, so that nothing else is asked of it.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from judged_world import World, client, free_port, listening, platform

TOKEN = "opaque-token-of-megan"
KEY = "echoed"


@pytest.fixture(scope="module")
def echo(begin: Any, world: Any, tmp_path_factory: Any) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("echoed")
    with listening() as vendor:
        port = urlsplit(vendor.url).port
        cloud = {
            "login_url": world.login_url,
            "graph_url": vendor.url,
            "sharepoint_url": f"http://{{tenant}}.localhost:{port}",
        }
        cloud_file = folder / "cloud.json"
        cloud_file.write_text(json.dumps(cloud))
        host = f"http://127.0.0.1:{free_port()}"
        with (
            client(host) as product,
            platform(folder, product, {}, microsoft_cloud=str(cloud_file)),
        ):
            ours = World(host, product, world.cloud, vendor, vendor)
            ours.integration(KEY)
            credentials = {"type": "OAUTH2", "access_token": TOKEN}
            ours.imported(KEY, "megan", credentials=credentials)
            yield begin(
                "echo.js",
                host=host,
                integration=KEY,
                connection="megan",
                open=f"http://contoso.localhost:{port}",
            ).end()


def headers(said: Any, call: str) -> dict[str, str]:
    return dict(said.value(call)["data"]["headers"])


def test_address(echo: Any) -> None:
    paths = {
        "headers": "/a/b%2Fc?x=1%2B1&y=z",
        "paramsText": "/p?search=*&q=a%20b",
        "paramsObject": "/p?a=1&%24top=5&q=%C3%A4%26b",
    }
    for call, path in paths.items():
        assert echo.value(call)["data"]["path"] == path, call


def test_headers(echo: Any) -> None:
    sent = headers(echo, "headers")
    assert (sent["prefer"], sent["x-own"], sent["if-match"]) == ("a=b", "ours", '"1"')
    assert sent["authorization"] == f"Bearer {TOKEN}"
    assert sent["user-agent"].startswith("ISV|fairlead|")
    assert headers(echo, "ownAuthorization")["authorization"] == "Basic eDp5"
    for call in echo.calls:
        names = set(headers(echo, call))
        assert not {"cookie", "connection-id", "provider-config-key", "retries"} & names
        assert not [name for name in names if name.startswith(("nango", "base-url", "decompress"))]
        assert "judged-secret" not in str(echo.value(call)["data"])


def test_compressed(echo: Any) -> None:
    for call in ("compressed", "decompressed"):
        assert echo.value(call)["data"]["path"] == "/gzip", call
        assert "gzip" in headers(echo, call)["accept-encoding"]
    assert "content-encoding" not in echo.value("decompressed")["headers"]


def test_an_open_host_gets_no_credentials(echo: Any) -> None:
    sent = echo.value("openBase")["data"]
    assert sent["path"] == "/open"
    assert sent["headers"]["host"].startswith("contoso.localhost:")
    assert "authorization" not in sent["headers"]


@pytest.mark.parametrize(
    ("call", "method", "kind", "body"),
    [
        ("json", "POST", "application/json", '{"a":1,"ä":[null,1.5]}'.encode()),
        ("text", "POST", "application/x-www-form-urlencoded", b"hello"),
        ("typedText", "PUT", "application/xml", b"<a/>"),
        ("buffer", "PUT", "application/x-www-form-urlencoded", b"\x00\xff\n"),
        ("patch", "PATCH", "application/json", b'{"a":1}'),
        ("delete", "DELETE", "application/json", b'{"a":1}'),
        ("deletePlain", "DELETE", None, b""),
    ],
)
def test_body(echo: Any, call: str, method: str, kind: str | None, body: bytes) -> None:
    sent = echo.value(call)["data"]
    assert sent["method"] == method
    assert sent["headers"].get("content-type") == kind
    assert sent["body"].encode("latin-1") == body

"""`$batch`, as https://learn.microsoft.com/sharepoint/dev/sp-add-ins/make-batch-requests-with-the-rest-apis has it."""

import re

import orjson
import pytest

from m365sim.throttle.limits import Limits

BASE = "https://contoso.sharepoint.com/sites/marketing/_api"
PLAIN = "application/json;odata=nometadata"


def request(line, body=b"", **headers):
    head = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", "", line]
    return "\r\n".join([*lines, *head, "", ""]).encode() + body


def multipart(mark, *parts):
    whole = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts)
    return whole + b"--" + mark + b"--\r\n"


async def send(api, *parts, status=200, kind="multipart/mixed; boundary=batch_1", body=None):
    body = multipart(b"batch_1", *parts) if body is None else body
    answer = await api.call("POST", "$batch", headers={"content-type": kind}, content=body)
    assert answer.status_code == status, answer.text
    if status != 200:
        return answer.json()
    mark = answer.headers["content-type"].partition("boundary=")[2]
    assert mark.startswith("batchresponse_")
    found = []
    for part in answer.content.split(b"--" + mark.encode())[1:-1]:
        head, _, rest = part.lstrip().partition(b"\r\n\r\n")
        assert head == b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary"
        status_line, _, content = rest.partition(b"\r\n\r\n")
        code = re.match(rb"HTTP/1\.1 (\d{3}) ", status_line)[1]
        content = content.strip()
        found.append((int(code), orjson.loads(content) if content[:1] == b"{" else content))
    return found


async def test_two_reads(api):
    one = request(
        f"GET {BASE}/Web/lists/getbytitle('Documents')?$select=Title HTTP/1.1", Accept=PLAIN
    )
    two = request(f"GET {BASE}/Web/lists/getbytitle('None%20such') HTTP/1.1", Accept=PLAIN)
    found = await send(api, one, two)
    assert found[0] == (200, {"Title": "Documents"})
    assert found[1][0] == 404
    assert found[1][1]["odata.error"]["code"] == "-1, System.ArgumentException"


async def test_change_sets_are_not_rolled_back_and_come_back_flat(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    items = f"{BASE}/web/lists/getbytitle('Boats')/items"
    json = {"Accept": PLAIN, "Content_Type": PLAIN}
    changes = multipart(
        b"changeset_2",
        request(f"POST {items} HTTP/1.1", b'{"Title": "Sloop"}', **json),
        request(f"POST {items} HTTP/1.1", b'{"Nonsense": 1}', **json),
        request(f"MERGE {items}(1) HTTP/1.1", b'{"Title": "Ketch"}', **json, If_Match="*"),
        request(f"POST {items}(1)/recycle HTTP/1.1", **json),
    )
    head = b"Content-Type: multipart/mixed; boundary=changeset_2\r\n\r\n"
    read = request(f"GET {items}?$select=Title HTTP/1.1", Accept=PLAIN)
    found = await send(api, head + changes, read)
    assert [code for code, _ in found] == [201, 400, 204, 200, 200]
    assert found[0][1]["Title"] == "Sloop"
    assert found[4][1] == {"value": []}


async def test_what_is_refused(api, world):
    read = request(f"GET {BASE}/web HTTP/1.1", Accept=PLAIN)
    assert (await send(api, read, kind="application/json", status=415))["odata.error"]
    await send(api, body=b"nothing", status=400)
    await send(api, request("nonsense"), status=400)
    await send(api, *[read] * 101, status=400)
    change = b"Content-Type: multipart/mixed; boundary=c\r\n\r\n" + multipart(b"c", read)
    await send(api, change, status=400)
    elsewhere = request("GET https://contoso.sharepoint.com/_api/web HTTP/1.1", Accept=PLAIN)
    ((code, _),) = await send(api, elsewhere)
    assert code == 400
    ((code, _),) = await send(api, request(f"GET {BASE}/web/nothing HTTP/1.1", Accept=PLAIN))
    assert code == 404
    assert world.faults.traffic.not_modelled


@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
async def test_line_ends(api, eol):
    body = multipart(b"batch_1", request(f"GET {BASE}/web?$select=Title HTTP/1.1", Accept=PLAIN))
    found = await send(api, body=body.replace(b"\r\n", eol))
    assert found == [(200, {"Title": "Marketing"})]


async def test_each_request_is_charged(api, world):
    world.throttle.turn_on(limits=Limits(4, 100, 100))
    read = request(f"GET {BASE}/web HTTP/1.1", Accept=PLAIN)
    found = await send(api, read, read, read)
    assert [code for code, _ in found] == [200, 200, 429]

"""What is downloaded through `_api` is sent as it is read."""

from __future__ import annotations

import httpx
import pytest

from m365sim.files.blob import CHUNK, FileBlob, MemoryBlob
from m365sim.files.problems import Missing
from m365sim.harness import Wishes, started
from m365sim.rest.contents import content_reply


def test_no_more_than_a_piece_is_in_memory(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * (CHUNK // 64))
    size = path.stat().st_size
    reply = content_reply(FileBlob(path, size), [], 5, size - 1, 206)
    assert reply.body == b""
    assert reply.headers == [(b"content-length", str(size - 6).encode())]
    pieces = list(reply.pieces)
    assert max(map(len, pieces)) <= CHUNK
    assert b"".join(pieces) == path.read_bytes()[5:-1]


def test_nothing_is_sent_of_what_is_not_there(tmp_path):
    gone = tmp_path / "gone.txt"
    with pytest.raises(Missing):
        content_reply(FileBlob(gone, 3), [])
    assert content_reply(MemoryBlob(b""), []).whole() == b""
    assert content_reply(None, []).whole() == b""


def test_a_large_file_a_range_and_an_empty_one_come_whole(tmp_path):
    content = bytes(range(256)) * 4096
    (tmp_path / "large.bin").write_bytes(content)
    (tmp_path / "empty.txt").write_bytes(b"")
    with started(Wishes(library=tmp_path)) as sim, httpx.Client() as http:
        drive = sim.tenant.call(
            lambda w: w.content.site_at(w.content.host, "/sites/mirror").drives[0].url_name
        )
        token = sim.tenant.token("megan", resource="sharepoint", scopes=["AllSites.Read"])
        http.headers["Authorization"] = f"Bearer {token}"

        def get(name, **headers):
            place = f"/sites/mirror/{drive}/{name}"
            web = f"http://127.0.0.1:{sim.tenant.sharepoint_url.rpartition(':')[2]}/sites/mirror"
            url = f"{web}/_api/web/getfilebyserverrelativepath(decodedurl='{place}')/$value"
            headers["Host"] = sim.tenant.sharepoint_url.removeprefix("http://")
            return http.get(url, headers=headers)

        assert get("large.bin").content == content
        part = get("large.bin", Range="bytes=1000-400000")
        assert (part.status_code, part.content) == (206, content[1000:400_001])
        assert get("empty.txt").content == b""
        sim.tenant.call(lambda w: (tmp_path / "large.bin").unlink())
        assert get("large.bin").status_code == 404

from __future__ import annotations

import ssl
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from m365sim.clock import SystemClock, VirtualClock
from m365sim.internet.authority import PRIVATE_FILE, PUBLIC_FILE, Authority, BadAuthority

GRAPH = "graph.microsoft.com"


def shake_hands(authority, host, *, strict=False):
    """Connect to a host in memory, as a client that trusts the authority and no other."""
    trusting = ssl.create_default_context(cafile=authority.ca_file)
    if strict:
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=host)
    server = authority.context_for(host).wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        waiting = 0
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting += 1
        if not waiting:
            return client.getpeercert()
    raise AssertionError("the handshake does not end")


def test_it_is_made_once(tmp_path):
    folder = tmp_path / "new" / "ca"
    first = Authority.in_folder(folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    second = Authority.in_folder(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert set(before) == {PRIVATE_FILE, PUBLIC_FILE}
    assert first.ca_file == second.ca_file == folder / PUBLIC_FILE


def test_only_its_owner_can_read_the_key(tmp_path):
    folder = tmp_path / "ca"
    Authority.in_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / PRIVATE_FILE).stat().st_mode) == 0o600
    assert b"PRIVATE" not in (folder / PUBLIC_FILE).read_bytes()


def test_many_at_once_agree_on_one(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Authority.in_folder(tmp_path), range(16)))
    pem = made[0].ca_file.read_bytes()
    assert pem in (tmp_path / PRIVATE_FILE).read_bytes()
    for authority in made:
        shake_hands(authority, GRAPH)
    assert {file.name for file in tmp_path.iterdir()} == {PRIVATE_FILE, PUBLIC_FILE}


@pytest.mark.parametrize(
    "host",
    [
        GRAPH,
        "login.microsoftonline.com",
        "contoso.sharepoint.com",
        "contoso-my.sharepoint.com",
        "a" * 63 + ".sharepoint.com",
        "dod-graph.microsoft.us",
    ],
)
def test_clients_that_trust_it_accept_its_certificates(tmp_path, host):
    authority = Authority.in_folder(tmp_path)
    certificate = shake_hands(authority, host, strict=True)
    assert certificate["subjectAltName"] == (("DNS", host),)


@pytest.mark.parametrize("host", ["example.com", "www.microsoft.com", "evilsharepoint.com"])
def test_it_is_worthless_for_other_names(tmp_path, host):
    authority = Authority.in_folder(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake_hands(authority, host)


def test_a_host_gets_one_certificate(tmp_path):
    authority = Authority.in_folder(tmp_path)
    assert authority.context_for(GRAPH) is authority.context_for(GRAPH)
    assert authority.context_for(GRAPH) is not authority.context_for("contoso.sharepoint.com")


def test_it_is_renewed_before_it_ends(tmp_path):
    clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
    first = Authority.in_folder(tmp_path, clock).ca_file.read_bytes()
    clock.advance(timedelta(days=300))
    assert Authority.in_folder(tmp_path, clock).ca_file.read_bytes() == first
    clock.advance(timedelta(days=40))
    second = Authority.in_folder(tmp_path, clock).ca_file.read_bytes()
    assert second != first
    ends = x509.load_pem_x509_certificate(second).not_valid_after_utc
    assert ends - clock.now() > timedelta(days=300)


def test_certificates_are_good_for_a_client_whose_clock_is_slow(tmp_path):
    authority = Authority.in_folder(tmp_path)
    starts = ssl.cert_time_to_seconds(shake_hands(authority, GRAPH)["notBefore"])
    assert starts <= (SystemClock().now() - timedelta(hours=23)).timestamp()


def test_a_missing_public_file_is_written_again(tmp_path):
    authority = Authority.in_folder(tmp_path)
    before = authority.ca_file.read_bytes()
    authority.ca_file.unlink()
    assert Authority.in_folder(tmp_path).ca_file.read_bytes() == before


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadAuthority, match=r"cannot use .*file: File exists"):
        Authority.in_folder(tmp_path / "file")


def test_a_file_that_is_no_key(tmp_path):
    (tmp_path / PRIVATE_FILE).write_text("something of somebody else's")
    with pytest.raises(BadAuthority, match="holds no key and certificate; delete it"):
        Authority.in_folder(tmp_path)


def test_a_key_of_another_make(tmp_path):
    Authority.in_folder(tmp_path / "one")
    Authority.in_folder(tmp_path / "two")
    one = (tmp_path / "one" / PRIVATE_FILE).read_bytes()
    two = (tmp_path / "two" / PRIVATE_FILE).read_bytes()
    mixed = one.partition(b"-----BEGIN CERT")[0] + two[two.index(b"-----BEGIN CERT") :]
    (tmp_path / "one" / PRIVATE_FILE).write_bytes(mixed)
    with pytest.raises(BadAuthority, match="was not made by m365sim"):
        Authority.in_folder(tmp_path / "one")

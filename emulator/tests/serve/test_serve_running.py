import asyncio
import socket
import time
from datetime import UTC, datetime

import httpx
import pytest

from m365sim.clock import VirtualClock
from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID
from m365sim.faults import Fault
from m365sim.server import Options, PortInUse, running
from m365sim.testing import delegated_token, taken_port
from m365sim.world import Urls, build_world


async def test_a_client_walks_from_discovery_to_a_file(tmp_path):
    async with running(Options()) as cloud, httpx.AsyncClient() as http:
        assert cloud.cloud == {
            "login_url": cloud.urls.login,
            "graph_url": cloud.urls.graph,
            "sharepoint_url": cloud.urls.sharepoint,
        }
        assert "{tenant}" in cloud.urls.sharepoint
        document = (
            await http.get(f"{cloud.urls.login}/{TENANT_ID}/v2.0/.well-known/openid-configuration")
        ).json()
        assert document["token_endpoint"].startswith(cloud.urls.login)
        token = (
            await http.post(
                document["token_endpoint"],
                data={
                    "grant_type": "client_credentials",
                    "client_id": DAEMON_APP_ID,
                    "client_secret": "daemon-secret~for-tests-only",
                    "scope": f"{cloud.urls.graph}/.default",
                },
            )
        ).json()["access_token"]
        auth = {"Authorization": f"Bearer {token}"}
        site = f"{cloud.urls.graph}/v1.0/sites/contoso.sharepoint.com:/sites/marketing"
        found = (await http.get(site, headers=auth)).json()
        assert found["webUrl"] == "https://contoso.sharepoint.com/sites/marketing"
        drive = f"{cloud.urls.graph}/v1.0/sites/{found['id']}/drive"
        response = await http.get(f"{drive}/root:/Welcome.md:/content", headers=auth)
        assert response.status_code == 302
        target = response.headers["location"]
        origin = cloud.urls.sharepoint_of("contoso")
        assert target.startswith(f"{origin}/sites/marketing/")
        by_ip = target.replace("contoso.localhost", "127.0.0.1")
        file = await http.get(by_ip, headers={"Host": origin.removeprefix("http://")})
        assert file.text.startswith("# Marketing")


async def test_control_sees_what_was_asked_and_is_out_of_reach_of_faults():
    async with running() as cloud, httpx.AsyncClient() as http:
        cloud.world.faults.add(Fault(status=503, count=None))
        refused = await http.get(
            f"{cloud.urls.login}/{TENANT_ID}/v2.0/.well-known/openid-configuration"
        )
        assert refused.status_code == 503
        seen = (await http.get(f"{cloud.control_url}/_m365sim/requests")).json()
        assert seen["counts"][0]["surface"] == "login"


async def test_what_is_not_modelled_is_counted():
    async with running() as cloud, httpx.AsyncClient() as http:
        await http.post(f"{cloud.urls.login}/common/oauth2/v2.0/nothing")
        seen = (await http.get(f"{cloud.control_url}/_m365sim/requests")).json()
        assert seen["notModelled"][0]["route"] == "/common/oauth2/v2.0/nothing"


async def test_a_world_of_ones_own_gets_the_addresses_of_its_ports():
    world = build_world(clock=VirtualClock(datetime(2026, 6, 1, tzinfo=UTC)))
    assert world.urls == Urls()
    async with running(world) as cloud, httpx.AsyncClient() as http:
        assert cloud.world is world
        auth = {"Authorization": f"Bearer {delegated_token(world)}"}
        response = await http.get(f"{cloud.urls.graph}/v1.0/sites/root", headers=auth)
        assert response.status_code == 200


async def test_starting_and_stopping_is_quick():
    starts, stops = [], []
    for _ in range(4):
        began = time.perf_counter()
        async with running() as cloud, httpx.AsyncClient() as http:
            started = time.perf_counter()
            await http.get(f"{cloud.urls.graph}/v1.0/sites/root")  # leaves an idle connection open
            asked = time.perf_counter()
        starts.append(started - began)
        stops.append(time.perf_counter() - asked)
    assert min(starts) < 0.5
    assert min(stops) < 0.1


async def test_what_does_not_end_is_cut_off_when_the_cloud_stops():
    async with httpx.AsyncClient() as http:
        async with running() as cloud:
            cloud.world.faults.add(Fault(delay=3600))
            asking = asyncio.create_task(http.get(f"{cloud.urls.graph}/v1.0/sites/root"))
            async with asyncio.timeout(20):
                while not cloud.world.faults.log:  # noqa: ASYNC110 - the script has no event
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            assert (await asking).status_code == 500


async def test_the_ports_are_free_again_afterwards():
    async with running() as cloud:
        port = int(cloud.urls.login.rpartition(":")[2])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


@pytest.mark.parametrize("offset", [0, 3])
async def test_a_port_that_is_taken_is_named(offset):
    with taken_port(free_below=offset) as port, pytest.raises(PortInUse) as refused:
        async with running(port=port - offset):
            pass
    assert refused.value.port == port


async def test_a_folder_is_followed_while_serving(tmp_path):
    (tmp_path / "one.txt").write_text("one")
    async with running(Options(library=tmp_path)) as cloud:
        (drive,) = [d for d in cloud.world.content.drives() if d.site.path == "/sites/mirror"]
        (tmp_path / "two.txt").write_text("two")
        async with asyncio.timeout(20):
            while len(drive.children(drive.root.uid)) < 2:  # noqa: ASYNC110 - the disk has no event
                await asyncio.sleep(0.02)


async def test_an_error_in_the_block_still_shuts_down():
    with pytest.raises(RuntimeError, match="mine"):
        async with running() as cloud:
            raise RuntimeError("mine")
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as http:
            await http.get(cloud.urls.login)


async def test_a_connection_cut_on_purpose_is_not_logged_as_an_error(caplog):
    world = build_world()
    async with running(world) as cloud, httpx.AsyncClient() as http:
        world.faults.add(Fault(host="graph", cut_after=5))
        auth = {"Authorization": f"Bearer {delegated_token(world)}"}
        with pytest.raises(httpx.HTTPError):
            await http.get(f"{cloud.urls.graph}/v1.0/sites/root", headers=auth)
    assert "Exception in ASGI application" not in caplog.text

"""Which cloud, and what an operator is told who names a wrong one."""

import json

import pytest

from fairlead.errors import OperatorError
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import CLOUDS, GLOBAL, VARIABLE, chosen_cloud

GOOD = {
    "login_url": "http://127.0.0.1:8001/",
    "graph_url": "http://localhost:8001",
    "sharepoint_url": "http://{tenant}.sharepoint.localhost:8002",
}


@pytest.fixture
def named(tmp_path):
    """Returns the cloud that a file of that content makes."""

    def choose(content: object):
        file = tmp_path / "cloud.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return chosen_cloud({VARIABLE: str(file)})

    return choose


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}, {VARIABLE: " "}, {VARIABLE: "global"}])
def test_global_is_the_default(environ):
    assert chosen_cloud(environ) is GLOBAL


@pytest.mark.parametrize(
    ("name", "login", "graph", "sharepoint"),
    [
        ("global", "login.microsoftonline.com", "graph.microsoft.com", "*.sharepoint.com"),
        ("gcc-high", "login.microsoftonline.us", "graph.microsoft.us", "*.sharepoint.us"),
        ("dod", "login.microsoftonline.us", "dod-graph.microsoft.us", "*.sharepoint-mil.us"),
        (
            "china",
            "login.partner.microsoftonline.cn",
            "microsoftgraph.chinacloudapi.cn",
            "*.sharepoint.cn",
        ),
    ],
)
def test_hosts_of_microsofts_clouds(name, login, graph, sharepoint):
    cloud = chosen_cloud({VARIABLE: name})
    assert cloud.login_url == f"https://{login}"
    assert cloud.graph_url == f"https://{graph}"
    assert cloud.sharepoint_origins == f"https://{sharepoint}"
    assert name in CLOUDS


def test_a_custom_cloud_comes_from_a_file(named):
    cloud = named(GOOD)
    assert cloud.name == "custom"
    assert cloud.login_url == "http://127.0.0.1:8001"
    assert cloud.sharepoint_origins == "http://*.sharepoint.localhost:8002"
    assert not cloud.is_global


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "graph.localhost"]
)
def test_http_is_fine_on_loopback(named, host):
    assert named({**GOOD, "graph_url": f"http://{host}:1"}).graph_url == f"http://{host}:1"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("no json", "is not JSON"),
        ("[]", "must hold a JSON object with login_url, graph_url, sharepoint_url"),
        ({}, "lacks login_url, graph_url, sharepoint_url"),
        ({k: v for k, v in GOOD.items() if k != "graph_url"}, "lacks graph_url"),
        ({**GOOD, "colour": 1}, "has unknown fields: colour"),
        ({**GOOD, "graph_url": 7}, "whose graph_url is not a string"),
        ({**GOOD, "graph_url": "graph.example"}, "whose graph_url is not an https URL"),
        ({**GOOD, "graph_url": "ftp://graph.example"}, "whose graph_url is not an https URL"),
        ({**GOOD, "graph_url": "https://"}, "whose graph_url is not an https URL"),
        ({**GOOD, "graph_url": "https://a b"}, "whose graph_url has a host that is no name"),
        ({**GOOD, "graph_url": "https://gr\u00e4ph"}, "whose graph_url has a host that is no name"),
        ({**GOOD, "sharepoint_url": "https://{tenant}.{x}"}, "has a host that is no name"),
        ({**GOOD, "graph_url": "http://graph.example"}, "whose graph_url must use https"),
        ({**GOOD, "graph_url": "http://128.0.0.1"}, "whose graph_url must use https"),
        ({**GOOD, "graph_url": "http://localhost.example"}, "whose graph_url must use https"),
        ({**GOOD, "graph_url": "https://h:port"}, "whose graph_url is not a URL"),
        ({**GOOD, "graph_url": "https://[::1"}, "whose graph_url is not a URL"),
        ({**GOOD, "login_url": "https://h/tenant"}, "whose login_url must be a scheme and a host"),
        ({**GOOD, "login_url": "https://u:p@h"}, "whose login_url must be a scheme and a host"),
        ({**GOOD, "sharepoint_url": "https://sp.example"}, "whose sharepoint_url lacks {tenant}"),
        ({**GOOD, "sharepoint_url": "https://{tenant}"}, "first label of its host"),
        ({**GOOD, "sharepoint_url": "https://sp.{tenant}.example"}, "first label of its host"),
        ({**GOOD, "sharepoint_url": "https://sp.example/{tenant}"}, "must be a scheme and a host"),
    ],
)
def test_a_malformed_file_is_told_with_the_variables_name(named, content, problem):
    with pytest.raises(OperatorError) as told:
        named(content)
    assert told.value.message.startswith(f"{VARIABLE} ")
    assert problem in told.value.message
    assert "\n" not in told.value.message


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(OperatorError, match=f"^{VARIABLE} is '.*nowhere.json': neither global"):
        chosen_cloud({VARIABLE: str(tmp_path / "nowhere.json")})
    with pytest.raises(OperatorError, match=f"^{VARIABLE} names .* cannot be read as text"):
        chosen_cloud({VARIABLE: str(tmp_path)})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OperatorError, match=f"^{VARIABLE} names .* cannot be read as text"):
        chosen_cloud({VARIABLE: str(tmp_path / "binary")})


def test_the_pack_reads_the_variable(monkeypatch):
    monkeypatch.setenv(VARIABLE, "china")
    provider = pack().providers["sharepoint-online"]
    assert provider.base_url == "https://microsoftgraph.chinacloudapi.cn"
    monkeypatch.setenv(VARIABLE, "mars")
    with pytest.raises(OperatorError, match=f"^{VARIABLE} is 'mars'"):
        pack()

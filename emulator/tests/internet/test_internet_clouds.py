from __future__ import annotations

import pytest

from m365sim.clouds import CLOUDS, GLOBAL, cloud_of
from m365sim.world import Urls


@pytest.mark.parametrize(
    ("cloud", "host", "surface"),
    [
        ("global", "login.microsoftonline.com", "login"),
        ("global", "LOGIN.Windows.NET", "login"),
        ("global", "sts.windows.net", "login"),
        ("global", "graph.microsoft.com", "graph"),
        ("global", "graph.microsoft.com.", "graph"),
        ("global", "contoso.sharepoint.com", "sharepoint"),
        ("global", "contoso-my.sharepoint.com", "sharepoint"),
        ("global", "sharepoint.com", None),
        ("global", ".sharepoint.com", None),
        ("global", "a.b.sharepoint.com", None),
        ("global", "evilsharepoint.com", None),
        ("global", "graph.microsoft.us", None),
        ("global", "", None),
        ("us-gov-high", "graph.microsoft.us", "graph"),
        ("us-gov-high", "contoso.sharepoint.us", "sharepoint"),
        ("us-dod", "login.microsoftonline.us", "login"),
        ("us-dod", "dod-graph.microsoft.us", "graph"),
        ("us-dod", "contoso.sharepoint-mil.us", "sharepoint"),
        ("china", "login.partner.microsoftonline.cn", "login"),
        ("china", "login.chinacloudapi.cn", "login"),
        ("china", "microsoftgraph.chinacloudapi.cn", "graph"),
        ("china", "contoso.sharepoint.cn", "sharepoint"),
    ],
)
def test_hosts(cloud, host, surface):
    assert CLOUDS[cloud].surface_of(host) == surface


def test_a_cloud_is_found_by_any_of_its_hosts():
    assert cloud_of("contoso.sharepoint.cn") is CLOUDS["china"]
    assert cloud_of("graph.microsoft.com") is GLOBAL
    assert cloud_of("example.com") is None
    assert cloud_of("contoso.sharepoint.de") is None  # closed since 2021


def test_origins():
    assert Urls.of(GLOBAL).sharepoint_of("contoso") == "https://contoso.sharepoint.com"
    assert Urls.of(CLOUDS["us-dod"]).graph == "https://dod-graph.microsoft.us"

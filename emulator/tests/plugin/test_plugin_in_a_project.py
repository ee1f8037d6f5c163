"""The plugin in somebody else's project: its markers, its reports, its cost."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from m365sim.harness import LoopThread, Unwishable, Wishes, started
from m365sim.internet.authority import BadAuthority

pytest_plugins = ["pytester"]


def run(pytester: pytest.Pytester, code: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile("import pytest\n" + dedent(code))
    return pytester.runpytest(
        "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio", *options
    )


def test_a_folder_can_be_mirrored(pytester, tmp_path):
    (tmp_path / "note.txt").write_text("mirrored")
    ran = run(
        pytester,
        f"""
        @pytest.mark.m365(library={str(tmp_path)!r})
        def test_it(m365_tenant):
            assert m365_tenant.files("/sites/mirror")["/note.txt"]["size"] == 8
        """,
        "--strict-markers",
    )
    ran.assert_outcomes(passed=1)


def test_tenants_and_faults_come_from_files_beside_the_test(pytester):
    pytester.makefile(
        ".yaml",
        tenant="tenant: {name: fabrikam}\nusers: [{upn: fred, admin: true}]\n"
        "sites: [{path: /sites/dock, title: Dock, libraries: [{items: [{file: a.bin, size: 9}]}]}]\n",
        other="tenant: {name: northwind}\nusers: [{upn: nora}]\n",
        script="faults: [{host: graph, status: 418}]\n",
        bad="tenant: {name: fabrikam}\nsites:\n  - {path: /sites/x}\n",
    )
    ran = run(
        pytester,
        """
        import urllib.error, urllib.request
        import m365sim.harness

        @pytest.mark.m365(tenant="tenant.yaml", faults="script.yaml")
        def test_one(m365_tenant, m365_faults):
            assert m365_tenant.domain == "fabrikam.onmicrosoft.com"
            assert m365_tenant.files("/sites/dock")["/a.bin"]["size"] == 9
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{m365_tenant.graph_url}/v1.0/sites/root")
            assert refused.value.code == 418
            refused.value.close()
            with pytest.raises(m365sim.harness.Unwishable, match="no app of fabrikam.* has a redir"):
                m365_tenant.web_app

        @pytest.mark.m365(tenant=["tenant.yaml", "other.yaml"])
        def test_two(m365_tenant, m365_faults, request):
            assert m365_tenant.other("northwind").user("nora").id
            m365_faults.load(request.path.parent / "script.yaml")
            assert m365_tenant.call(lambda world: world.faults.rules[0].status) == 418

        @pytest.mark.m365(tenant="bad.yaml")
        def test_bad(m365_tenant):
            raise AssertionError
        """,
    )
    ran.assert_outcomes(passed=2, errors=1)
    assert "exception" not in ran.stdout.str()
    ran.stdout.fnmatch_lines(["*m365: *bad.yaml:3: sites[[]1].title: is missing*"])


REFUSED_WISHES = {
    "colour='red'": "there is no 'colour'; there are tenant, files,",
    "'red'": "takes keywords only",
    "library='/no/such'": "library: there is no folder /no/such",
    "cloud='mars'": "cloud: there is no 'mars'; there are global,",
    "auto_sign_in='eve'": "there is no user 'eve'; there are alex@",
    "now='soon'": "now: Invalid isoformat string: 'soon'",
    "files={'/sites/x/y': ''}": "no library lies at '/sites/x/y'; this site has /Shared",
    "files={'/sites/marketing': ''}": "'/sites/marketing' names no file",
    "files={'/sites/marketing/Shared Documents/a|': ''}": "a name must not contain '|'",
}


def test_a_wish_that_cannot_be_granted_is_one_sentence(pytester):
    tests = [
        f"@pytest.mark.m365({marker})\ndef test_{number}(m365_tenant):\n    raise AssertionError\n"
        for number, marker in enumerate(REFUSED_WISHES)
    ]
    ran = run(pytester, "\n".join(tests))
    ran.assert_outcomes(errors=len(REFUSED_WISHES))
    ran.stdout.fnmatch_lines([f"*m365*{said}*" for said in REFUSED_WISHES.values()])
    assert "Traceback" not in ran.stdout.str()


def test_a_test_that_fails_shows_what_it_asked(pytester):
    ran = run(
        pytester,
        """
        import urllib.request
        def test_it(m365_tenant, m365_faults):
            m365_faults.add(host="login", status=503)
            for path in ("/common/discovery/keys?x=1", "/common/unheard/of"):
                try:
                    urllib.request.urlopen(m365_tenant.login_url + path)
                except urllib.error.HTTPError as refused:
                    refused.close()
            raise AssertionError

        def test_other(m365_tenant):
            raise AssertionError
        """,
    )
    ran.assert_outcomes(failed=2)
    ran.stdout.fnmatch_lines(
        [
            "*m365sim: the last requests*",
            "503 GET login /common/discovery/keys?x=1  <- fault-1",
            "404 GET login /common/unheard/of",
            "not modelled: GET login /common/unheard/of",
            "*m365sim: the last requests*",
            "none",
        ]
    )


def test_a_project_that_does_not_use_it_pays_nothing():
    code = (
        "import sys, m365sim.pytest_plugin;"
        "print(sorted(name for name in sys.modules if name.startswith('m365sim')),"
        " any(name in sys.modules for name in ('starlette', 'uvicorn', 'orjson', 'asyncio')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "['m365sim', 'm365sim.pytest_plugin'] False\n"


def test_it_works_without_pytest(tmp_path):
    with started(Wishes(auto_sign_in="megan")) as sim:
        assert sim.environment == {}
        assert sim.tenant.truth()["sites"]
        assert sim.tenant.call(lambda _: sim.tenant.users)  # calls within calls do not wait
    with started(ca_dir=tmp_path) as sim:
        assert sim.environment["SSL_CERT_FILE"] == str(tmp_path / "ca.pem")


def test_a_cloud_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "ca-key.pem").write_text("no key")
    with LoopThread() as loop:
        with pytest.raises(BadAuthority), started(ca_dir=tmp_path, loop=loop):
            pass
        with pytest.raises(Unwishable), started(Wishes(now="soon"), loop=loop):
            pass
        with started(loop=loop) as sim:
            assert sim.tenant.id

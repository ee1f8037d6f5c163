"""The command line: what it prints, and that whatever a person can mend is one line and code 2."""

import base64
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from fairlead import __version__
from fairlead.cli import demos
from fairlead.store import migrate
from fairlead.vault import Vault
from fairlead.vault.vault import key_id

Run = Callable[..., tuple[int, str, str]]
ENCRYPTION_KEY = base64.b64encode(bytes(32)).decode()
SECRET_KEY = "s3cr3t-key-of-the-tests"


def test_version(run: Run) -> None:
    assert run("--version") == (0, f"fairlead {__version__}\n", "")


def test_an_unknown_command_says_so(run: Run) -> None:
    code, _, err = run("sail")
    assert code == 2
    assert "No such command 'sail'" in err


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"encryption_key": ENCRYPTION_KEY}, "FAIRLEAD_SECRET_KEY is not set"),
        ({"secret_key": SECRET_KEY}, "FAIRLEAD_ENCRYPTION_KEY is not set"),
        ({"secret_key": "short"}, "FAIRLEAD_SECRET_KEY is shorter than 16 characters"),
        ({"encryption_key": "?"}, "FAIRLEAD_ENCRYPTION_KEY is not base64"),
        ({"encryption_key": "aGFsZg=="}, "FAIRLEAD_ENCRYPTION_KEY holds 4 bytes, not 32"),
        ({"database_url": "mysql://x"}, "FAIRLEAD_DATABASE_URL must begin with sqlite:///"),
        ({"server_url": "example.com"}, "FAIRLEAD_SERVER_URL must begin with http"),
        ({"worker_slots": "many"}, "FAIRLEAD_WORKER_SLOTS "),
    ],
)
def test_a_setting_that_is_missing_or_malformed_is_one_line(
    run: Run, env: dict[str, str], message: str
) -> None:
    code, out, err = run("serve", "--port", "0", **env)
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead: {message}")
    assert err.count("\n") == 1


def test_a_port_in_use_is_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run(
            "serve", "--port", str(port), encryption_key=ENCRYPTION_KEY, secret_key=SECRET_KEY
        )
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead: cannot listen on 127.0.0.1 port {port}: ")
    assert err.count("\n") == 1


def test_a_worker_on_sqlite_refuses_and_says_what_to_do(run: Run) -> None:
    code, out, err = run("worker", encryption_key=ENCRYPTION_KEY, secret_key=SECRET_KEY)
    assert (code, out) == (2, "")
    assert "FAIRLEAD_DATABASE_URL" in err
    assert "postgresql://" in err
    assert err.count("\n") == 1


def test_upgrade_brings_a_new_database_to_the_newest_revision(run: Run) -> None:
    code, out, _ = run("db", "current")
    assert code == 0
    assert "no schema yet" in out
    code, out, _ = run("db", "upgrade")
    assert code == 0
    assert out.endswith(f"the schema is at {migrate.head()}\n")
    assert run("db", "upgrade")[1] == "the schema was up to date\n"
    assert run("db", "current")[1] == f"{migrate.head()} (newest)\n"


def test_current_says_when_a_revision_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def older(_: str) -> str:
        return "0000"

    monkeypatch.setattr(migrate, "current", older)
    assert "0000; the newest is" in run("db", "current")[1]


def test_a_database_of_a_newer_version_is_one_line(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "fairlead.sqlite")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = 'ffff'")
    keys = {"encryption_key": ENCRYPTION_KEY, "secret_key": SECRET_KEY}
    for command in (("db", "upgrade"), ("serve", "--port", "0")):
        code, out, err = run(*command, **keys)
        assert (code, out) == (2, "")
        assert err.startswith("fairlead: FAIRLEAD_DATABASE_URL: the database's schema")
        assert "'ffff'" in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["current", "upgrade"])
def test_a_database_out_of_reach_is_one_line_without_the_password(run: Run, command: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        url = f"postgresql://somebody:topsecret@127.0.0.1:{port}/fairlead"
        code, out, err = run("db", command, database_url=url)
    assert (code, out) == (2, "")
    assert "FAIRLEAD_DATABASE_URL" in err
    assert "topsecret" not in err
    assert err.count("\n") == 1


class Entry:
    """An entry point that gives a demo."""

    name = "one"

    def __init__(self, code: int) -> None:
        self.code = code
        self.options: dict[str, Any] = {}

    def load(self) -> Callable[..., int]:
        def demo(**options: Any) -> int:
            self.options = options
            return self.code

        return demo


def test_the_demo_of_a_pack_gets_the_options_and_gives_the_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = Entry(7)
    monkeypatch.setattr(demos, "entry_points", lambda group: [entry] * (group == demos.GROUP))
    code, _, _ = run("demo", "--once", "--library", str(tmp_path), "--port", "3210")
    assert code == 7
    assert entry.options == {
        "library": tmp_path.resolve(),
        "once": True,
        "port": 3210,
        "keep": None,
    }


def test_without_a_pack_there_is_no_demo(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demos, "entry_points", lambda group: [])
    code, out, err = run("demo")
    assert (code, out) == (2, "")
    assert "no installed pack brings a demo" in err


def test_a_library_that_is_not_there_is_refused(run: Run) -> None:
    code, _, err = run("demo", "--library", "nowhere")
    assert code == 2
    assert "nowhere" in err


OLD_KEY = base64.b64encode(b"o" * 32).decode()


def test_the_vaults_status_and_rotation(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade")
    keys = {"encryption_key": ENCRYPTION_KEY, "encryption_old_keys": OLD_KEY}

    def seal(key: str) -> None:
        with closing(sqlite3.connect(tmp_path / "fairlead.sqlite")) as file, file:
            envelope = Vault.of(key).seal(b"s", row="integration:1:client_secret:i")
            file.execute("DELETE FROM integrations")
            file.execute("DELETE FROM environments")
            file.execute("INSERT INTO environments VALUES (1, 'dev', 0)")
            file.execute(
                "INSERT INTO integrations (id, environment_id, unique_key, provider, display_name,"
                " client_secret, forward_webhooks, config, custom, created_at, updated_at)"
                " VALUES (1, 1, 'i', 'p', 'P', ?, 1, '{}', '{}', 0, 0)",
                (envelope,),
            )

    new, old = (key_id(base64.b64decode(key)) for key in (ENCRYPTION_KEY, OLD_KEY))
    seal(OLD_KEY)
    assert run("vault", "status", **keys)[1].splitlines() == [
        f"{new}  0 sealed values  current (FAIRLEAD_ENCRYPTION_KEY)",
        f"{old}  1 sealed values  old (FAIRLEAD_ENCRYPTION_OLD_KEYS); run: fairlead vault rotate",
    ]
    code, out, err = run("vault", "rotate", **keys)
    assert (code, err) == (0, "1 sealed anew, now integrations.client_secret\n")
    assert out.splitlines() == [
        f"1 values sealed anew under {new}",
        "the old keys seal nothing any more; remove FAIRLEAD_ENCRYPTION_OLD_KEYS",
    ]
    assert "0 sealed values  old" in run("vault", "status", **keys)[1]
    alone = {"encryption_key": ENCRYPTION_KEY, "encryption_old_keys": ""}
    assert run("vault", "status", **alone)[1].count("\n") == 1
    seal(OLD_KEY)
    assert "NOT AT HAND; needed for integrations.client_secret" in run("vault", "status")[1]
    code, _, err = run("vault", "rotate")
    assert code == 2
    assert "No key at hand opens 1 in integrations.client_secret" in err
    assert run("vault", "status", encryption_key="")[0] == 2


@pytest.mark.parametrize("keys", ["?", "aGFsZg==", f"{OLD_KEY},x"])
def test_old_keys_that_are_malformed(run: Run, keys: str) -> None:
    code, _, err = run("vault", "status", encryption_key=ENCRYPTION_KEY, encryption_old_keys=keys)
    assert code == 2
    assert err.startswith("fairlead: FAIRLEAD_ENCRYPTION_OLD_KEYS")
    assert err.count("\n") == 1
    assert keys not in err


def test_a_keys_life_on_the_command_line(run: Run, tmp_path: Path) -> None:
    run("db", "upgrade", encryption_key=ENCRYPTION_KEY)
    assert run("credentials", "list", "i")[2] == "fairlead: There is no environment 'dev'\n"
    with closing(sqlite3.connect(tmp_path / "fairlead.sqlite")) as file, file:
        file.execute("INSERT INTO environments VALUES (1, 'dev', 0)")
        file.execute(
            "INSERT INTO integrations (id, environment_id, unique_key, provider, display_name,"
            " forward_webhooks, config, custom, created_at, updated_at)"
            " VALUES (1, 1, 'i', 'sharepoint-online-oauth2-cc', 'P', 1, '{}', '{}', 0, 0)",
        )
    assert "there is no key yet" in run("credentials", "list", "i")[1]
    assert "There is no key to be replaced" in run("credentials", "rotate", "i")[2]
    code, out, _ = run("credentials", "new-certificate", "i", "--days", "30", "--name", "nightly")
    assert code == 0
    pem, _, rest = out.partition("\nkey ")
    public = x509.load_pem_x509_certificate(pem.encode())
    assert public.subject.rfc4514_string() == "CN=nightly"
    assert "PRIVATE" not in out
    key = rest.partition("\n")[0]
    thumbprint = public.fingerprint(hashes.SHA1()).hex().upper()
    assert f"thumbprint {thumbprint}" in rest
    code, out, _ = run("credentials", "rotate", "i", "--out", "next.cer")
    assert (code, out.splitlines()[0]) == (0, "wrote next.cer")
    assert "until then the old key goes on" in out
    following = x509.load_der_x509_certificate((tmp_path / "next.cer").read_bytes())
    assert following != public
    # nobody is connected: there is nobody to ask for
    assert run("credentials", "activate", "i", thumbprint)[1] == f"{thumbprint} signs now\n"
    listed = run("credentials", "list", "i")[1].splitlines()
    assert [line.split()[1] for line in listed] == ["next", "active"]
    code, _, err = run("credentials", "retire", "i", key)
    assert code == 2
    assert "This key signs now" in err
    assert "is retired" in run("credentials", "retire", "i", key, "--force")[1]
    assert run("credentials", "export", "i", key)[1] == pem + "\n"
    assert "cannot be written" in run("credentials", "export", "i", key, "--out", "no/x.pem")[2]
    for wrong in (("list", "j"), ("list", "i", "--connection", "c"), ("export", "i", "x")):
        code, _, err = run("credentials", *wrong)
        assert code == 2
        assert err.startswith("fairlead: There is no ")

"""`fairlead config`: what a server would go by."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

from fairlead.settings import Settings

Run = Callable[..., tuple[int, str, str]]
ENCRYPTION_KEY = base64.b64encode(bytes(32)).decode()
SECRET_KEY = "s3cr3t-key-of-the-tests"


def test_secrets_are_masked(run: Run) -> None:
    code, out, _ = run("config", "show", "--json", secret_key=SECRET_KEY, worker_slots="3")
    told = {one["variable"]: one for one in json.loads(out)}
    assert code == 0
    assert SECRET_KEY not in out
    assert told["FAIRLEAD_SECRET_KEY"] == {
        "variable": "FAIRLEAD_SECRET_KEY",
        "value": "********",
        "is_set": True,
    }
    assert told["FAIRLEAD_WORKER_SLOTS"]["value"] == 3
    assert not told["FAIRLEAD_ACTION_SLOTS"]["is_set"]
    assert set(told) == {f"FAIRLEAD_{name.upper()}" for name in Settings.model_fields}


def test_whether_a_server_could_start(run: Run, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.sqlite"
    keys = {"secret_key": SECRET_KEY, "encryption_key": ENCRYPTION_KEY, "database_url": url}
    code, out, _ = run("config", "check", **keys)
    assert (code, out.startswith("well: ")) == (0, True)
    (tmp_path / "new.sqlite").write_text("")
    code, _, said = run("config", "check", "--json", **keys)
    assert (code, "fairlead db upgrade" in said) == (2, True)


def test_what_is_missing(run: Run) -> None:
    code, _, said = run("config", "check", secret_key=SECRET_KEY)
    assert (code, "FAIRLEAD_ENCRYPTION_KEY is not set" in said) == (2, True)

"""`fairlead dev`: serve, and start anew whenever a file of one's own packs changes.

Changes are seen by [watchfiles](https://watchfiles.helpmanual.io). The server is a process of its
own, so that a restart forgets everything of the old code; its runs are released and go on.
"""

import shlex
import sys
from pathlib import Path

import watchfiles
from watchfiles.main import FileChange

from fairlead.cli.server import say
from fairlead.sdk.own_packs import folders_of
from fairlead.settings import Settings, SettingsInvalid

#: milliseconds in which changes count as one
_DEBOUNCE = 300
#: seconds that the server is given to finish its batches
_GRACE = 15
_KINDS = (".toml", ".json", ".yaml", ".yml")


def dev(settings: Settings, host: str, port: int) -> None:
    """Serve until Ctrl-C; SettingsInvalid if there is nothing to watch."""
    folders = watched(settings)
    for folder in folders:
        say(f"fairlead watches {folder}")
    if "server_url" not in settings.model_fields_set:
        say(
            "Vendors cannot reach this machine: for notifications, and callbacks that must be "
            "https, open a tunnel to this port and set FAIRLEAD_SERVER_URL to its address."
        )
    command = [sys.executable, "-m", "fairlead.cli", "serve", "--host", host, "--port", str(port)]
    watchfiles.run_process(
        *folders,
        target=shlex.join(command),
        target_type="command",
        callback=_tell,
        watch_filter=watchfiles.PythonFilter(extra_extensions=_KINDS),
        debounce=_DEBOUNCE,
        sigint_timeout=_GRACE,
    )


def watched(settings: Settings) -> list[Path]:
    """Return the folders whose files are one's own packs, and the file of providers."""
    folders = [folder for place in settings.packs for folder in folders_of(place)]
    if settings.providers_file is not None:
        folders.append(settings.providers_file)
    if not folders:
        raise SettingsInvalid(
            "FAIRLEAD_PACKS is not set; name the folder of your pack in it (fairlead init makes "
            "one), or use: fairlead serve"
        )
    return folders


def _tell(changes: set[FileChange]) -> None:
    names = ", ".join(sorted({Path(path).name for _, path in changes}))
    say(f"fairlead restarts: {names} changed")

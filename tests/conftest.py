"""Fixtures of every test in this folder."""

import sys
from pathlib import Path

# Tests are imported one by one (importmode=importlib), so the folder of plugins is named here.
sys.path.insert(0, str(Path(__file__).parent / "plugins"))

pytest_plugins = ["both_clients", "certificates", "clinic", "databases", "store_world"]

"""What runs fairlead elsewhere is whole: image, compose file, chart. None of it is built here."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from fairlead.cli.commands import app
from fairlead.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/fairlead"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
TEMPLATES = sorted((CHART / "templates").glob("*.yaml"))


def names_a_command(words: list[str]) -> bool:
    command: Any = get_command(app)
    for word in words:
        if not hasattr(command, "commands"):
            options = {name for one in command.params for name in one.opts}
            return words[-2] in options
        if word not in command.commands:
            return False
        command = command.commands[word]
    return not hasattr(command, "commands")


def is_setting(name: str) -> bool:
    return name.removeprefix("FAIRLEAD_").lower() in Settings.model_fields


def test_the_image_has_two_stages_and_no_rights() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert len(re.findall(r"^FROM ", text, re.MULTILINE)) == 2
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert "--require-hashes" in text
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)
    assert names_a_command(["serve", "--host", "0.0.0.0"])
    for name in re.findall(r"FAIRLEAD_\w+(?==)", text):
        assert is_setting(name), name
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            kept = (ROOT / ".dockerignore").read_text().split()
            assert f"!{source}" in kept, source


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_whole(name: str) -> None:
    service = SERVICES[name]
    assert service["profiles"] in (["small"], ["full"])
    for other in service.get("depends_on", {}):
        assert SERVICES[other]["profiles"] == service["profiles"]
    for volume in service.get("volumes", ()):
        assert volume.partition(":")[0] in COMPOSE["volumes"]
    if service.get("build"):
        assert names_a_command(service.get("command", ["serve"]))
        assert service["cap_drop"] == ["ALL"]
        for variable in service["environment"]:
            assert is_setting(variable), variable


def test_small_is_one_process_and_full_is_many() -> None:
    by = {name: service["profiles"][0] for name, service in SERVICES.items()}
    assert [name for name, profile in by.items() if profile == "small"] == ["fairlead"]
    assert {"database", "api", "worker"} <= {n for n, profile in by.items() if profile == "full"}
    assert "sqlite" not in str(SERVICES["api"]["environment"])


def rendered(path: Path) -> list[dict[str, Any]]:
    """Return a template's documents, with its actions struck out: what is left must be YAML."""
    text = re.sub(r"^ *\{\{-? ?(if|end|range).*\}\}\n", "", path.read_text(), flags=re.MULTILINE)
    text = re.sub(
        r"^( *)\{\{- include \"fairlead\.(\w+)\".*\}\}$", r"\1\2: {}", text, flags=re.MULTILINE
    )
    text = re.sub(r"\{\{-.*?\}\}", "{}", text)
    text = re.sub(r"\{\{.*?\}\}", "x", text)
    return [one for one in yaml.safe_load_all(text) if one]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_is_whole(path: Path) -> None:
    for document in rendered(path):
        assert {"apiVersion", "kind", "metadata", "spec"} <= set(document)
        pod = document["spec"].get("template", {}).get("spec")
        if pod is None:
            continue
        [container] = pod["containers"]
        assert {"image", "env", "security"} <= set(container)
        assert names_a_command(container["args"])
        known = {volume["name"] for volume in pod.get("volumes", ())}
        assert {mount["name"] for mount in container.get("volumeMounts", ())} <= known


def test_templates_name_values_and_parts_that_exist() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    text = "\n".join(path.read_text() for path in (CHART / "templates").iterdir())
    for dotted in re.findall(r"\.Values\.([\w.]+)", text):
        found: Any = values
        for part in dotted.split("."):
            assert part in found, dotted
            found = found[part]
    parts = set(re.findall(r'define "([\w.]+)"', text))
    assert set(re.findall(r'include "([\w.]+)"', text)) == parts
    assert text.count("{{") == len(re.findall(r"\{\{.*?\}\}", text))
    for name in re.findall(r"name: (FAIRLEAD_\w+)", text):
        assert is_setting(name), name
    assert "runAsNonRoot: true" in text
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["name"] == "fairlead"

"""Guides: each provider has one, and each field that points into it finds its section."""

import re

import pytest

from fairlead.model.provider import Provider
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.providers import providers

ALL = providers(GLOBAL)


@pytest.mark.parametrize("provider", ALL, ids=lambda each: each.name)
def test_sections(provider: Provider) -> None:
    assert provider.guide
    anchors = [section.anchor for section in provider.guide.sections]
    assert len(anchors) == len(set(anchors)) > 3
    assert all(re.fullmatch(r"[a-z0-9-]+", anchor) for anchor in anchors)
    fields = [*provider.connection_config.values(), *provider.credential_fields.values()]
    pointed = {field.section for field in fields if field.section}
    assert pointed <= set(anchors)
    assert pointed
    for section in provider.guide.sections:
        assert section.paragraphs or section.steps or section.terms
        assert all(url.startswith("https://") for url in section.links.values())
        texts = [provider.guide.lead, *section.paragraphs, *section.steps, *section.terms.values()]
        assert all(text.endswith(".") for text in texts), section.title

"""Guide: what a person must know to connect with a provider, as data of its pack."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GuideSection:
    """One question of the person who connects, and its answer."""

    #: in the page's address, `^[a-z0-9-]+$`
    anchor: str
    title: str
    paragraphs: tuple[str, ...] = ()
    #: done one after the other
    steps: tuple[str, ...] = ()
    #: name → what it means; a list of terms, for example what is asked for and why
    terms: Mapping[str, str] = field(default_factory=dict)
    #: text → address
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guide:
    """A page for the person who connects."""

    #: one sentence: what this is about
    lead: str
    sections: tuple[GuideSection, ...] = ()

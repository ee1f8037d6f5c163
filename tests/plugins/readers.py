"""Two products that follow a copy: one by its changes, one by the webhooks about its runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fairlead.model.batch import BatchCounts
from fairlead.model.record import Record


@dataclass
class Follower:
    """Follows the changes by cursor, after every commit, and notices one that is none."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    cursor: int = 0
    seen: BatchCounts = field(default_factory=BatchCounts)

    def take(self, page: Iterable[Record]) -> None:
        """Believe a page of changes; each must be one."""
        for record in page:
            assert record.position > self.cursor, "a page goes back"
            self.cursor = record.position
            before = self.held.pop(record.id, None)
            if record.last_action == "DELETED":
                assert before is not None, f"{record.id} was deleted, and was not there"
                self.seen += BatchCounts(deleted=1)
                continue
            self.held[record.id] = record.content
            if record.last_action == "ADDED":
                assert before is None, f"{record.id} was added, and was there"
                self.seen += BatchCounts(added=1)
            else:
                assert before is not None, f"{record.id} was updated, and was not there"
                assert before != record.content, f"{record.id} was updated to what it was"
                self.seen += BatchCounts(updated=1)

    def forget(self) -> None:
        """Forget all: the product had the platform's records removed."""
        self.held.clear()

    def begin(self) -> None:
        """Count anew."""
        self.seen = BatchCounts()


@dataclass
class Listener:
    """Hears of runs by webhook, and asks then for what changed since the moment that is named."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, records: Iterable[Record]) -> None:
        for record in records:
            if record.last_action == "DELETED":
                self.held.pop(record.id, None)
            else:
                self.held[record.id] = record.content

"""Ten thousand hourly syncs, all made at one moment, do not start together."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from fairlead.engine.scheduler import schedule_id
from fairlead.model.schedule import Schedule, ScheduleState
from fairlead.settings import Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MANY = 10_000


def test_slots_are_spread_evenly() -> None:
    spread = Settings().schedule_spread
    offsets = [
        Schedule(
            id=schedule_id(number, "books", "base"),
            environment_id=1,
            connection_pk=number,
            integration_key="k",
            sync_name="books",
            frequency="1h",
            state=ScheduleState.STARTED,
            next_run_at=NOON,
            created_at=NOON,
            updated_at=NOON,
        ).offset(spread)
        for number in range(MANY)
    ]
    width = timedelta(hours=1) * spread
    assert all(timedelta() <= offset < width for offset in offsets)
    # in each tenth of the spread about a tenth of them
    tenths = Counter(offset * 10 // width for offset in offsets)
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < MANY / 10 * 1.2
    # and no crowd at any second
    seconds = Counter(int(offset.total_seconds()) for offset in offsets)
    assert max(seconds.values()) < 4 * MANY / width.total_seconds()
    assert len(seconds) > width.total_seconds() * 0.95

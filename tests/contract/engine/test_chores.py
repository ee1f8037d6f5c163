"""What whoever works does every hour, by a clock of ours: alarms, the end of keys, clearing up."""

from datetime import datetime, timedelta

from engine_world import START, World, until


async def test_every_hour_of_the_clock(world: World) -> None:
    done: list[datetime] = []

    async def chore() -> None:
        done.append(world.clock.now())

    object.__setattr__(world.settings, "tick_seconds", 0.01)
    engine = world.engine(hourly=(chore,))
    await engine.start(work=True)

    async def times(number: int) -> None:
        async def is_so() -> bool:
            return len(done) >= number

        await until(is_so)

    await times(1)
    world.advance(minutes=59, seconds=59)
    world.advance(seconds=1)
    await times(2)
    # set back by a day: not until tomorrow, but now
    world.advance(days=-1)
    await times(3)
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert done == [START, START + hour, START + hour - day]
    await engine.stop()


async def test_a_chore_that_breaks_is_tried_again(world: World) -> None:
    done: list[str] = []

    async def broken() -> None:
        done.append("broken")
        raise RuntimeError("x")

    object.__setattr__(world.settings, "tick_seconds", 0.01)
    engine = world.engine(hourly=(broken,))
    await engine.start(work=True)

    async def tried() -> bool:
        return len(done) == 1

    await until(tried)
    world.advance(hours=1)

    async def again() -> bool:
        return len(done) == 2

    await until(again)
    await engine.stop()

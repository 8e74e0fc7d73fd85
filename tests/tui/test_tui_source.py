import asyncio
from collections.abc import AsyncIterator

from solard.core.view import SiteView
from tests.tui.pictures import HOME
from tui.source import DaemonWentAway, ViewSource, follow, sentence


class _Flaky:
    """Answers with one picture at every third try."""

    def __init__(self) -> None:
        self.tries = 0

    async def stream(self) -> AsyncIterator[SiteView]:
        self.tries += 1
        if self.tries % 3:
            raise ConnectionRefusedError("nobody listens")
        yield HOME


async def test_it_comes_back_after_a_daemon_that_was_away() -> None:
    source, views, lost = _Flaky(), [], []
    done = asyncio.Event()

    def on_view(view: SiteView) -> None:
        views.append(view)
        done.set()

    task = asyncio.create_task(
        follow(_as_source(source), on_view, lambda error, retry_s: lost.append((error, retry_s)))
    )
    await asyncio.wait_for(done.wait(), 10)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert views == [HOME]
    assert lost[:2] == [("nobody listens", 0.2), ("nobody listens", 0.4)]
    assert lost[2:] in ([], [("the daemon closed the stream", 0.2)])


def test_an_error_becomes_a_sentence_without_its_full_stop() -> None:
    assert sentence(DaemonWentAway("gone.")) == "gone"
    assert sentence(TimeoutError()) == "TimeoutError"


def _as_source(flaky: _Flaky) -> ViewSource:
    return flaky  # type: ignore[return-value]

"""How far a replay has come: kept whole, found again, never taken for another's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.replay import state as state_module
from connectors.replay.recording import Recording
from connectors.replay.state import Acknowledged, ReplayStates
from streams.contract.ids import is_exercise_id
from streams.errors import NoRoom, Occupied, WrongInput
from tests.support.clock import StillClock


@pytest.fixture
def clock() -> StillClock:
    return StillClock("2026-03-01T01:02:03.500Z")


@pytest.fixture
def states(tmp_path: Path, clock: StillClock) -> ReplayStates:
    return ReplayStates(tmp_path / "data", clock)


@pytest.fixture
def storm(tmp_path: Path) -> Recording:
    path = tmp_path / "storm.ndjson"
    path.write_bytes(b"0123456789")
    return Recording(path, "storm")


def test_an_exercise_is_called_after_its_recording_and_utc_start(states: ReplayStates, storm: Recording) -> None:
    assert states.new(storm, real=False, rebase=False).exercise == "storm-20260301T010203Z"


def test_two_in_the_same_second_are_two_exercises(states: ReplayStates, storm: Recording) -> None:
    names = [states.new(storm, real=False, rebase=False).exercise for _ in range(3)]

    assert names == ["storm-20260301T010203Z", "storm-20260301T010204Z", "storm-20260301T010205Z"]


def test_the_longest_name_of_a_recording_still_gives_an_id(states: ReplayStates, storm: Recording) -> None:
    long = Recording(storm.path, "x" * 64)

    assert is_exercise_id(states.new(long, real=False, rebase=False).exercise)


def test_the_newest_that_was_cut_is_found_again_with_its_place(
    states: ReplayStates, storm: Recording, clock: StillClock
) -> None:
    for position in (10, 20, 30):
        state = states.new(storm, real=False, rebase=True)
        state.position, state.shift_ms, state.finished = position, 5, position == 30
        states.save(state)
        clock.move(60)

    found = ReplayStates(states._folder.parent, clock).newest_unfinished(storm, real=False)

    assert found is not None and (found.position, found.shift_ms, found.rebase) == (20, 5, True)


def test_a_run_as_reality_and_an_exercise_are_not_taken_for_each_other(states: ReplayStates, storm: Recording) -> None:
    exercise = states.new(storm, real=False, rebase=False)
    real = states.new(storm, real=True, rebase=False)

    assert states.newest_unfinished(storm, real=True) == real
    assert states.newest_unfinished(storm, real=False) == exercise


def test_a_place_in_a_file_that_has_changed_means_nothing(states: ReplayStates, storm: Recording) -> None:
    states.new(storm, real=False, rebase=False)

    storm.path.write_bytes(b"0123456789a")

    assert states.newest_unfinished(storm, real=False) is None


def test_a_torn_file_of_state_is_as_none(states: ReplayStates, storm: Recording) -> None:
    state = states.new(storm, real=False, rebase=False)
    (states._folder / f"{state.exercise}.json").write_text('{"exercise": "st')

    assert states.of(state.exercise) is None
    assert states.newest_unfinished(storm, real=False) is None


def test_a_run_is_played_by_one_process_at_a_time(states: ReplayStates, storm: Recording) -> None:
    state = states.new(storm, real=False, rebase=False)

    with states.held(state), pytest.raises(Occupied, match="storm-20260301T010203Z"), states.held(state):
        pass
    with states.held(state):
        state.finished = True


def test_a_name_that_is_no_id_is_refused(states: ReplayStates, storm: Recording) -> None:
    with pytest.raises(WrongInput, match="--exercise: is no id"):
        states.new(storm, real=False, rebase=False, exercise="../x")
    assert states.of("../x") is None


def test_a_loop_does_not_fill_the_folder(
    states: ReplayStates, storm: Recording, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "KEPT_FINISHED", 5)
    cut = states.new(storm, real=False, rebase=False)
    for _ in range(9):
        clock.move(1)
        state = states.new(storm, real=False, rebase=False)
        state.finished = True
        states.save(state)
    clock.move(1)
    states.new(storm, real=False, rebase=False)

    assert len(list(states._folder.glob("*.json"))) == 5 + 2
    assert states.of(cut.exercise) == cut


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path, clock: StillClock) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(NoRoom, match=r"file.*Choose another data folder"):
        ReplayStates(tmp_path / "file", clock)


@given(st.integers(0, 50), st.permutations(range(60)), st.integers(0, 60))
def test_the_place_is_before_the_first_record_that_the_broker_does_not_have(
    begin: int, order: list[int], count: int
) -> None:
    acknowledged, had = Acknowledged(begin), set[int]()

    for index in order[:count]:
        if index >= begin:
            had.add(index)
            acknowledged.add([index])
        first_missing = next(i for i in range(begin, 61) if i not in had)
        assert acknowledged.position == first_missing

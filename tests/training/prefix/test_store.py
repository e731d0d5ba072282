import multiprocessing
import os
from pathlib import Path

import pytest
import torch

from nas.training.prefix import store as store_module
from nas.training.prefix.store import FeatureStore, opened

SHAPE = (50, 4, 1, 1)
BYTES = 50 * 4 * 4
ROOM = 2 * BYTES + 600
"""For two arrays with their headers, not for three."""


def fill(target):
    target.fill_(1.5)


def use(store: FeatureStore, key: str, moment: int) -> Path:
    """As if the array was used then."""
    path = store.provide(key, SHAPE, torch.float32, fill)
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_was_written_is_read(tmp_path, dtype):
    numbers = torch.randn(SHAPE).to(dtype)
    path = FeatureStore(tmp_path / "new").provide("key", SHAPE, dtype, lambda target: target.copy_(numbers))
    assert torch.equal(opened(path, dtype), numbers)
    assert path.stat().st_size == numbers.nbytes + 128  # numpy's header


def test_it_is_written_once(tmp_path):
    store = FeatureStore(tmp_path)
    path = store.provide("key", SHAPE, torch.float32, fill)
    assert store.provide("key", SHAPE, torch.float32, pytest.fail) == path


def test_changes_do_not_reach_the_file(tmp_path):
    path = FeatureStore(tmp_path).provide("key", SHAPE, torch.float32, fill)
    opened(path, torch.float32).zero_()
    assert (opened(path, torch.float32) == 1.5).all()


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    def fail(target):
        raise RuntimeError("half way")

    store = FeatureStore(tmp_path)
    with pytest.raises(RuntimeError, match="half way"):
        store.provide("key", SHAPE, torch.float32, fail)
    assert [path.name for path in tmp_path.iterdir()] == ["key.lock"]
    assert store.provide("key", SHAPE, torch.float32, fill).exists()


def test_what_was_used_last_stays(tmp_path):
    store = FeatureStore(tmp_path, most=ROOM)
    old, new = use(store, "old", 1), use(store, "new", 2)
    mapped = opened(old, torch.float32)
    third = use(store, "third", 3)
    assert (old.exists(), new.exists(), third.exists()) == (False, True, True)
    assert (mapped == 1.5).all()  # who has it can read on
    assert not old.with_suffix(".lock").exists()
    use(store, "new", 4)
    use(store, "fourth", 5)
    assert sorted(path.stem for path in tmp_path.glob("*.npy")) == ["fourth", "new"]


def test_at_most_half_of_the_free_disk_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    store = FeatureStore(tmp_path)
    assert store.room() == 500
    use(store, "key", 1)
    assert store.room() == (1000 + BYTES + 128) // 2
    assert FeatureStore(tmp_path, most=300).room() == 300


def test_a_full_disk_is_an_error_and_not_a_killed_process(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        FeatureStore(tmp_path).provide("key", SHAPE, torch.float32, fill)
    assert not list(tmp_path.glob("*.npy"))


def test_old_remains_of_killed_processes_go(tmp_path):
    old, fresh = (tmp_path / f"{store_module._PARTIAL}{name}" for name in ("1-a.npy", "2-b.npy"))
    for path in (old, fresh):
        path.touch()
    os.utime(old, (1, 1))
    FeatureStore(tmp_path).provide("key", SHAPE, torch.float32, fill)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_two_processes_at_once_compute_it_once(tmp_path):
    context = multiprocessing.get_context("fork")
    started, go_on = context.Event(), context.Event()
    writes = context.Value("i", 0)

    def work():
        def write(target):
            writes.value += 1
            started.set()
            go_on.wait(60)
            target.fill_(1.5)

        path = FeatureStore(tmp_path).provide("key", SHAPE, torch.float32, write)
        assert (opened(path, torch.float32) == 1.5).all()

    processes = [context.Process(target=work) for _ in range(2)]
    for process in processes:
        process.start()
    assert started.wait(60)
    go_on.set()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert writes.value == 1

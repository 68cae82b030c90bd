"""Which precision a training computes in, and how it gets its batches."""

import numpy as np
import pytest

from friendbot import accelerator, backend
from friendbot.backend import keras
from friendbot.errors import ModelError


@pytest.mark.parametrize(
    ("asked", "able", "chosen"),
    [
        ("auto", True, "bfloat16"),
        ("auto", False, "float32"),
        ("bfloat16", True, "bfloat16"),
        ("float32", True, "float32"),
        ("float32", False, "float32"),
    ],
)
def test_auto_takes_bfloat16_where_it_is_fast(
    monkeypatch: pytest.MonkeyPatch, asked: str, able: bool, chosen: str
) -> None:
    monkeypatch.setattr(backend, "bfloat16", lambda: able)
    monkeypatch.setattr(backend, "gpu", lambda: None)
    assert accelerator.set_precision(asked) == chosen
    # On a CPU the layers' own products are lowered, and nothing else.
    assert keras.config.dtype_policy().name == "float32"


def test_bfloat16_is_refused_where_it_would_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "bfloat16", lambda: False)
    with pytest.raises(ModelError, match=r"set train\.precision to auto or float32"):
        accelerator.set_precision("bfloat16")


@pytest.mark.parametrize(
    ("flags", "able"), [("x86_64 avx2 fma", False), ("x86_64 avx512_bf16 fma", True), ("x86_64 amx_bf16", True)]
)
def test_a_processors_flags_say_whether_it_is(monkeypatch: pytest.MonkeyPatch, flags: str, able: bool) -> None:
    monkeypatch.setattr(backend, "_processor", lambda: flags)
    monkeypatch.setattr(backend, "gpu", lambda: None)
    assert backend.bfloat16() == able


def test_batches_come_whole_and_in_order_and_without_a_thread_that_an_epoch_would_wait_for() -> None:
    arrays = [np.arange(start, start + 12).reshape(6, 2) for start in (0, 100, 200)]
    windows, *rest = accelerator.feed(arrays, 2)
    assert rest == [None, None]
    assert [[part.tolist() for part in batch] for batch in windows.as_numpy_iterator()] == [
        [[[0, 1], [2, 3]], [[100, 101], [102, 103]], [[200, 201], [202, 203]]],
        [[[4, 5], [6, 7]], [[104, 105], [106, 107]], [[204, 205], [206, 207]]],
        [[[8, 9], [10, 11]], [[108, 109], [110, 111]], [[208, 209], [210, 211]]],
    ]
    assert windows.options().autotune.enabled is False

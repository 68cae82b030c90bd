"""Keras on TensorFlow, set up before its first import: quiet, deterministic, with a fixed number of threads."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # chatter such as "no GPU here"
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # its kernels round differently: never as the environment happens to say


@contextmanager
def _quiet() -> Iterator[None]:
    """Discard what C++ libraries write to stderr while they load; no variable silences it. Python's errors stay."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


with _quiet():
    import keras
    import tensorflow as tf

keras.config.set_floatx("float32")  # a person's ~/.keras/keras.json may say otherwise

__all__ = ["describe", "keras", "setup", "tf"]


def setup(threads: int) -> None:
    """Fix what a result's last bits depend on; call it once, before the first operation.

    One operation is split over `threads` threads, and operations follow each other: the sums' order is then fixed.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()


def describe() -> dict[str, str]:
    """What besides code, params and data decides the bits of a result: versions, processor and devices."""
    return {
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "processor": _processor(),
        "devices": ",".join(map(_device, tf.config.list_physical_devices())),
    }


def _device(device: Any) -> str:
    """Type of a device, and the model of a GPU."""
    return f"{device.device_type} {tf.config.experimental.get_device_details(device).get('device_name', '')}".strip()


def _processor() -> str:
    """Machine type and instruction set: libraries choose their kernels, and so their rounding, by it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{platform.machine()} {' '.join(sorted(flags.partition(':')[2].split()))}"

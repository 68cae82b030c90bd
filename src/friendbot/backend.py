"""Keras on the backend that `KERAS_BACKEND` names: quiet, deterministic, with a fixed number of threads.

Nothing else decides: not `~/.keras/keras.json`, not another variable of Keras's, not what else is installed.
"""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from friendbot.errors import FriendbotError

BACKENDS = {
    "tensorflow": "run `make setup`",
    "jax": "run `pip install jax`, or `pip install 'jax[cuda13]'` for an NVIDIA GPU",
    "torch": "run `pip install torch`",
}
"""The libraries that can train, and how to come by each; the first is the default."""

ROUNDING = (
    "DNNL_DEFAULT_FPMATH_MODE",
    "DNNL_MAX_CPU_ISA",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "NVIDIA_TF32_OVERRIDE",
    "ONEDNN_DEFAULT_FPMATH_MODE",
    "ONEDNN_MAX_CPU_ISA",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
"""Variables a person may have set, by which libraries choose how they round."""
DETERMINISTIC = "--xla_gpu_deterministic_ops=true"
"""To XLA, which JAX compiles with: no sums in random order, no kernels chosen by a race."""


class BackendError(FriendbotError):
    """`KERAS_BACKEND` names a library that is unknown or not installed."""


def _chosen() -> str:
    name = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if name not in BACKENDS:
        raise BackendError(f"KERAS_BACKEND is {name!r}; set it to {', '.join(BACKENDS)}, or unset it for tensorflow")
    if find_spec(name) is None:
        otherwise = "" if name == "tensorflow" else ", or unset KERAS_BACKEND to train on tensorflow"
        raise BackendError(f"{name} is not installed; {BACKENDS[name]}{otherwise}")
    return name


NAME = _chosen()
"""`tensorflow`, `jax` or `torch`."""
COMPILED = NAME == "jax"
"""For `compile(jit_compile=...)`: JAX is slow uncompiled, an LSTM compiled for TensorFlow or PyTorch no faster."""

os.environ["KERAS_BACKEND"] = NAME
os.environ["KERAS_HOME"] = os.devnull  # no keras.json is read there, and none is written
for variable in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED"):
    os.environ.pop(variable, None)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # chatter such as "no GPU here"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # its kernels round differently: never as the environment happens to say
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # PyTorch's threads sleep while they wait: a busy CPU gains tenfold
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"  # sums in a fixed order; cuBLAS reads it when it starts


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


if NAME != "tensorflow":
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # Keras imports it wherever it is installed: seconds
with _quiet():
    library: Any = importlib.import_module(NAME)
    if NAME == "torch":
        os.environ["KERAS_TORCH_DEVICE"] = "cuda" if library.cuda.is_available() else "cpu"
    import keras

tf: Any = library if NAME == "tensorflow" else None
"""TensorFlow, or None under another backend."""

__all__ = ["COMPILED", "NAME", "BackendError", "bfloat16", "describe", "gpu", "keras", "library", "setup", "tf"]


def setup(threads: int) -> None:
    """Fix what a result's last bits depend on; call it once, before the first operation.

    On TensorFlow, `threads` operations go on side by side, each on one thread: so no sum depends on how many there are.
    Elsewhere one operation is split over `threads` threads, in a fixed order.
    """
    match NAME:
        case "tensorflow":
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            tf.config.experimental.enable_op_determinism()
        case "jax":
            # XLA reads all three when the first operation starts it.
            os.environ["PJRT_NPROC"] = os.environ["NPROC"] = str(threads)
            flags = os.environ.get("XLA_FLAGS", "").split()
            if DETERMINISTIC not in flags:
                os.environ["XLA_FLAGS"] = " ".join([*flags, DETERMINISTIC])
        case "torch":
            library.set_num_threads(threads)
            library.use_deterministic_algorithms(True)
            library.backends.cudnn.benchmark = False  # else the fastest kernel of the moment is taken
            if library.cuda.is_available():
                library.set_float32_matmul_precision("high")  # TF32, as the other two do on a GPU
            library.utils.deterministic.fill_uninitialized_memory = False  # nothing of ours reads such memory


def gpu() -> str | None:
    """The model of the GPU that training runs on, or None."""
    match NAME:
        case "tensorflow":
            found = tf.config.list_physical_devices("GPU")
            return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU") if found else None
        case "jax":
            return library.devices()[0].device_kind if library.default_backend() == "gpu" else None
        case _:
            return library.cuda.get_device_name() if library.cuda.is_available() else None


def bfloat16() -> bool:
    """Whether training can multiply bfloat16 matrices fast: on a GPU, or on TensorFlow with a processor made for it."""
    return gpu() is not None or (
        NAME == "tensorflow" and not {"avx512_bf16", "amx_bf16"}.isdisjoint(_processor().split())
    )


def describe() -> dict[str, str]:
    """What besides code, params and data decides a result's bits: versions, processor, GPU, the user's variables."""
    versions = {NAME: str(library.__version__)}
    if NAME == "tensorflow":
        built = tf.sysconfig.get_build_info()
        versions |= {name: str(built.get(f"{name}_version")) for name in ("cuda", "cudnn")}
    elif NAME == "jax":
        versions["jaxlib"] = importlib.import_module("jaxlib").__version__
        versions["platform"] = library.devices()[0].client.platform_version
    elif NAME == "torch":
        versions["cuda"], versions["cudnn"] = str(library.version.cuda), str(library.backends.cudnn.version())
    return {
        "keras": keras.__version__,
        **versions,
        "numpy": np.__version__,
        "processor": _processor(),
        "gpu": gpu() or "none",
        **{name: os.environ[name] for name in ROUNDING if name in os.environ},
    }


def _processor() -> str:
    """Machine type and instruction set: libraries choose their kernels, and so their rounding, by it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return f"{platform.machine()} {' '.join(sorted(flags.partition(':')[2].split()))}"

"""The machine and the versions that a measured figure holds for."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROCESSOR_FILE = Path("/proc/cpuinfo")


def machine_text() -> str:
    """The processor's name and the number of CPUs."""
    return f"{_processor()}, {os.cpu_count()} CPUs"


def package_version(package: str) -> str:
    """The installed version, or "unknown" where the package is not installed by this name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def has_bf16() -> bool:
    """Whether the CPU computes in bfloat16 (AVX512-BF16 or AMX); False where that is not told."""
    lines = PROCESSOR_FILE.read_text("utf-8").splitlines() if PROCESSOR_FILE.exists() else []
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags)


def _processor() -> str:
    lines = PROCESSOR_FILE.read_text("utf-8").splitlines() if PROCESSOR_FILE.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()

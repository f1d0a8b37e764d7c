"""The machine that the figures are from."""
import os
import pathlib
import platform
import re

from engines import EngineError, progress

FLAGS = ["avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16"]
CPUS = pathlib.Path("/sys/devices/system/cpu")
BUSY_LOAD = 0.5
ALLOWED = sorted(os.sched_getaffinity(0))


def read(path):
    return path.read_text().strip() if path.is_file() else ""


def use_cpus(count):
    """Holds this process and those it starts to the last `count` allowed CPUs that share no core."""
    cores = {read(CPUS / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu): cpu for cpu in ALLOWED}
    if len(cores) < count:
        raise EngineError(f"{count} threads need {count} cores, and this process may use {len(cores)}")
    os.sched_setaffinity(0, sorted(cores.values())[-count:])


def warn_if_busy():
    load = os.getloadavg()[0]
    if load > BUSY_LOAD:
        progress(f"this machine is busy (load {load:.1f}): figures will be noisy")


def priority():
    """How all engines are put before other programs, as the command says it; "" when they are not."""
    if os.sched_getscheduler(0) == os.SCHED_FIFO:
        return "chrt -f"
    return f"nice -n {os.nice(0)}" if os.nice(0) < 0 else ""


def describe():
    info = read(pathlib.Path("/proc/cpuinfo"))

    def field(name):
        match = re.search(rf"^{name}\s*:\s*(.*)$", info, re.M)
        return match[1] if match else "unknown"

    present = set(field("flags").split())
    caches = [f"L{read(index / 'level')} {read(index / 'type').lower()} {read(index / 'size')}"
              for index in sorted((CPUS / "cpu0/cache").glob("index*")) if read(index / "type") != "Instruction"]
    return {"cpu": field("model name"), "family_model": f"{field('cpu family')}/{field('model')}",
            "flags": [flag for flag in FLAGS if flag in present], "caches": caches, "cpus": len(ALLOWED),
            "system": f"{platform.system()} {platform.release()}",
            "priority": priority(), "load": round(os.getloadavg()[0], 2)}

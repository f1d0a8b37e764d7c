"""Times engines in turn and says how sure the figures are.

A round is some runs of one engine in a row; its time is their median. Engines take turns by rounds, so that a machine
which slows down slows all of them. An engine's time is the median of its rounds, with their 10th and 90th percentile.
"""
import random

import numpy as np

from engines import EngineError

WARMUP = 2  # runs before each round: the engine before it has taken the caches
MIN_RUNS, MAX_RUNS = 3, 1000


def summary(times):
    """times: milliseconds of the rounds."""
    p10, median, p90 = np.percentile(times, [10, 50, 90])
    return {"median_ms": float(median), "p10_ms": float(p10), "p90_ms": float(p90)}


def runs_for(seconds, milliseconds):
    """How many runs of so many milliseconds fill a round."""
    return min(max(round(1e3 * seconds / max(milliseconds, 1e-6)), MIN_RUNS), MAX_RUNS)


def interleaved(runners, rounds, seconds):
    """Returns ({name: summary and runs}, {name: why it was left out}) for {name: runner}."""
    runs, times, failed = {}, {}, {}

    def attempt(name, count):
        try:
            return runners[name].round(WARMUP, count)
        except EngineError as error:
            failed[name] = str(error)
            return None

    for name in runners:
        first = attempt(name, MIN_RUNS)
        if first is not None:
            runs[name], times[name] = runs_for(seconds, first), []
    for index in range(rounds):
        order = sorted(set(times) - set(failed))
        random.Random(index).shuffle(order)  # nobody always follows the same engine
        for name in order:
            time = attempt(name, runs[name])
            if time is not None:
                times[name].append(time)
    return {name: {**summary(times[name]), "runs_per_round": runs[name]} for name in times if name not in failed}, failed

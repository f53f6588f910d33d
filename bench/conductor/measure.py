"""Measures rows: contenders run in turn, in short slices, ours after each of the others."""
import contextlib
import shutil
import statistics
import subprocess
import sys
import time

from . import contenders, rows
from .contenders import OURS, Failed, Worker

OURS_MNIST = ["epochs=2", "batch=64", "lr0=0.1", "stop_at=0.99"]  # as bench/peers/mnist_99.py
HOPELESS = 1.5  # a configuration slower than the best peer by this much after a round sits out the others
SETTLE = 0.02  # seconds in which the threads of the one before go to sleep


@contextlib.contextmanager
def workers(names, commands, threads):
    started = {name: Worker(name, commands[name], threads) for name in names}
    try:
        yield started
    finally:
        for worker in started.values():
            worker.close()


def measure_row(row, names, options):
    """Medians, peak memory and failures of every contender; names[0] is ours."""
    commands = contenders.commands(options.threads)
    samples, failures = {}, {}
    with workers(names, commands, options.threads) as team:
        for name, worker in team.items():
            try:
                worker.warm_up(row.request)
                samples[name] = []
            except Failed as reason:
                failures[name] = str(reason)
        racing = [name for name in samples if name != OURS]
        for _ in range(options.rounds):
            for name in racing or [OURS]:
                for runner in dict.fromkeys((name, OURS)):
                    if runner in samples:
                        time.sleep(SETTLE)
                        samples[runner] += team[runner].run(row.request, options.seconds)
            best = min((statistics.median(samples[name]) for name in racing), default=0)
            racing = [name for name in racing if statistics.median(samples[name]) <= HOPELESS * best]
        return {
            "net": row.net, "batch": row.batch, "mode": row.mode, "failures": failures,
            "contenders": {name: {"seconds": statistics.median(times), "steps": len(times),
                                  "peak_rss": team[name].peak_rss, "config": team[name].config}
                           for name, times in samples.items()},
        }


def measure_start(peers, options):
    """Seconds from the start of the process to its first training step, in turn."""
    commands = contenders.commands(options.threads)
    seconds = {name: [] for name in (OURS, *peers)}
    for _ in range(options.rounds + 1):  # the first one warms the file cache
        for name, times in seconds.items():
            start = time.perf_counter()
            with workers([name], commands, options.threads) as team:
                team[name].run(rows.FIRST_STEP, 0)
                times.append(time.perf_counter() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def measure_mnist(options):
    """Seconds of the whole process, from a cold start to 99 % on the test images, in turn."""
    runs = contenders.FOLDER / "runs"
    data = contenders.ROOT / "data" / "mnist"
    ours = [contenders.BUILD / "release" / "fovea", "train", "data=mnist", *OURS_MNIST, f"project={runs}",
            f"threads={options.threads}"]
    peer = contenders.peer_script("mnist_99.py", data, options.threads)
    seconds = {OURS: [], "torch script": []}
    for _ in range(options.rounds):
        for name, command in ((OURS, ours), ("torch script", peer)):
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, env=contenders.environment(options.threads))
            took = time.perf_counter() - start
            if done.returncode != 0 or "reached" not in done.stdout:
                raise Failed(f"{name} did not reach 99 %: {(done.stdout + done.stderr)[-300:]}")
            seconds[name].append(took)
    shutil.rmtree(runs, ignore_errors=True)
    return {name: statistics.median(times) for name, times in seconds.items()}


def measure_neighbour(names, options):
    """How much slower steps become beside one busy process."""
    commands = contenders.commands(options.threads)
    slowdown = {}
    for row in rows.DISTURBED:
        with workers(names, commands, options.threads) as team:
            for name, worker in team.items():
                worker.warm_up(row.request)
                alone, beside = [], []
                for _ in range(options.rounds):
                    alone += worker.run(row.request, options.seconds)
                    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                    beside += worker.run(row.request, options.seconds)
                    busy.kill()
                    busy.wait()
                factor = statistics.median(beside) / statistics.median(alone)
                slowdown.setdefault(name, {})[row.name] = factor
    return slowdown

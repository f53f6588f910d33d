"""What all peers share: a worker reads requests from standard input and answers each with one line of JSON.

    request   workload batch mode seconds            "resnet18 16 train 0.5"; mode is train or predict
    answer    {"times": [seconds of each step], "peak_rss": bytes, "config": "..."}   or   {"error": "..."}

The first request for a workload builds it. Steps run until `seconds` have passed, at least one. The end of the input ends
the worker. `fovea bench worker` speaks the same.
"""
import json
import os
import sys
import time

MAX_STEPS = 10_000  # of one answer


def measure(step, seconds):
    """The seconds of each step."""
    clock, times = time.perf_counter, []
    end = clock() + seconds
    while True:
        start = clock()
        step()
        now = clock()
        times.append(now - start)
        if now >= end or len(times) == MAX_STEPS:
            return times


def peak_rss():
    """Bytes of this process alone; getrusage() would count those of its parent at the fork."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def serve(build, config):
    """Answers requests; build(workload, batch, mode) gives the step."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print does not get among the answers
    steps = {}
    for line in sys.stdin:
        try:
            workload, batch, mode, seconds = line.split()
            key = workload, int(batch), mode
            if key not in steps:
                steps[key] = build(*key)
            answer = {"times": measure(steps[key], float(seconds)), "peak_rss": peak_rss(), "config": config}
        except Exception as error:  # the conductor reports it and goes on without this peer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)

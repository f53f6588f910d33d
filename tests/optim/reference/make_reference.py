#!/usr/bin/env python3
"""Learning rates and optimizer steps as PyTorch computes them (torch 2.x, pip install torch numpy).

Writes schedules.json (learning rate, and momentum where it is cycled, before each of the steps) and optimizers.json
(parameters after each step, in f64) beside this script.
"""
import json
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as s

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent


def sgd(lr=0.1, momentum=0.9):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=lr, momentum=momentum)


def trace(optimizer, schedule, steps, metrics=None):
    rates, momenta = [], []
    for i in range(steps):
        group = optimizer.param_groups[0]
        rates.append(group["lr"])
        momenta.append(group["momentum"])
        optimizer.step()
        if i + 1 < steps:
            schedule.step(*([metrics[i]] if metrics else []))
    return {"lr": rates, "momentum": momenta} | ({"metrics": metrics} if metrics else {})


def schedules():
    out = {}

    def add(name, make, steps=30, metrics=None):
        optimizer = sgd()
        out[name] = trace(optimizer, make(optimizer), steps, metrics)

    add("step", lambda o: s.StepLR(o, 7, 0.5))
    add("multi_step", lambda o: s.MultiStepLR(o, [3, 10, 10, 21], 0.2))
    add("exponential", lambda o: s.ExponentialLR(o, 0.93))
    add("cosine", lambda o: s.CosineAnnealingLR(o, 12, 1e-3), 40)
    add("warm_restarts", lambda o: s.CosineAnnealingWarmRestarts(o, 4, 1, 1e-3))
    add("warm_restarts_2", lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0))
    add("linear", lambda o: s.LinearLR(o, 0.25, 0.8, 6))
    add("one_cycle", lambda o: s.OneCycleLR(o, 0.7, total_steps=30))
    add("one_cycle_linear", lambda o: s.OneCycleLR(o, 0.7, total_steps=30, pct_start=0.4, anneal_strategy="linear",
                                                   cycle_momentum=False, div_factor=10, final_div_factor=100))
    add("one_cycle_three_phase", lambda o: s.OneCycleLR(o, 0.7, total_steps=30, three_phase=True))
    add("sequential", lambda o: s.SequentialLR(o, [s.LinearLR(o, 0.1, 1, 5), s.CosineAnnealingLR(o, 15),
                                                   s.ExponentialLR(o, 0.9)], [5, 20]))
    metrics = [3, 2, 2.0001, 1.9999, 1.99985, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    add("plateau", lambda o: s.ReduceLROnPlateau(o, patience=2, factor=0.5, cooldown=1), len(metrics) + 1, metrics)
    add("plateau_max_absolute", lambda o: s.ReduceLROnPlateau(o, mode="max", patience=1, factor=0.3, threshold=0.5,
                                                              threshold_mode="abs", min_lr=1e-3),
        len(metrics) + 1, metrics[::-1])
    return out


def optimizers():
    """A parameter of 3 numbers, gradient sin(4 p) + p / 2 (not a constant), 6 steps; one group with its own settings."""
    cases = {
        "sgd": lambda g: torch.optim.SGD(g, lr=0.1),
        "sgd_decay": lambda g: torch.optim.SGD(g, lr=0.1, weight_decay=0.05),
        "sgd_momentum": lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05),
        "sgd_nesterov": lambda g: torch.optim.SGD(g, lr=0.1, momentum=0.9, nesterov=True),
        "adam": lambda g: torch.optim.Adam(g, lr=0.1),
        "adam_decay": lambda g: torch.optim.Adam(g, lr=0.1, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.05),
        "adamw": lambda g: torch.optim.AdamW(g, lr=0.1),
        "rmsprop": lambda g: torch.optim.RMSprop(g, lr=0.02),
        "rmsprop_momentum": lambda g: torch.optim.RMSprop(g, lr=0.02, alpha=0.9, momentum=0.8, weight_decay=0.05),
        "adagrad": lambda g: torch.optim.Adagrad(g, lr=0.1, lr_decay=0.1, weight_decay=0.05),
        "adadelta": lambda g: torch.optim.Adadelta(g, lr=1.0, rho=0.8, weight_decay=0.05),
    }
    out = {}
    for name, make in cases.items():
        a = torch.nn.Parameter(torch.tensor([1.0, -0.5, 0.25], dtype=torch.float64))
        b = torch.nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
        optimizer = make([{"params": [a]}, {"params": [b], "lr": 0.03, "weight_decay": 0.0}])
        steps = []
        for _ in range(6):
            for p in (a, b):
                p.grad = torch.sin(4 * p.detach()) + p.detach() / 2
            optimizer.step()
            steps.append(a.tolist() + b.tolist())
        out[name] = steps
    return out


if __name__ == "__main__":
    for name, values in (("schedules", schedules()), ("optimizers", optimizers())):
        rows = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in values.items())
        (here / f"{name}.json").write_text("{\n" + rows + "\n}\n")

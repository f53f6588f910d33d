#!/usr/bin/env python3
"""Results and gradients of neural-network ops as PyTorch computes them (torch 2.x, pip install torch), in f64.

Writes cases.json beside this script: a list of {op, attrs, inputs, outputs, grads}. Gradients are those of
sum(output * (1 + i % 7)) with i counting the elements of the first output; null where there is none. Inputs are rounded, so
that they contain ties.
"""
import json
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(1)
cases = []


def f(*shape, low=-2.0, high=2.0):
    return torch.round((low + (high - low) * torch.rand(shape, dtype=torch.float64)) * 8) / 8


def ints(high, *shape):
    return torch.randint(0, high, shape)


def packed(t):
    if t is None:
        return None
    values = t.detach().flatten().tolist()
    if t.dtype == torch.float64:
        values = [float(f"{v:.13g}") for v in values]
    return {"shape": list(t.shape), "dtype": "i64" if t.dtype == torch.int64 else "f64", "values": values}


def case(op, inputs, run, mutated=(), **attrs):
    """`run` computes the result from the inputs; inputs named in `mutated` are compared after the call."""
    before = [packed(t) for t in inputs]
    leaves = []
    for i, t in enumerate(inputs):
        if t is not None and t.dtype == torch.float64 and i not in mutated:
            t.requires_grad_()
            leaves.append(i)
    y = run(*inputs)
    weights = (1 + torch.arange(y.numel(), dtype=torch.float64) % 7).reshape(y.shape)
    grads = [None] * len(inputs)
    got = torch.autograd.grad((y * weights).sum(), [inputs[i] for i in leaves], allow_unused=True)
    for i, g in zip(leaves, got):
        grads[i] = packed(g)
    outputs = [packed(y)] + [packed(inputs[i]) for i in mutated]
    cases.append({"op": op, "attrs": attrs, "inputs": before, "outputs": outputs, "grads": grads})


# Pooling.
for shape, attrs in [
    ((2, 8, 6, 6), dict(kernel=[2])),
    ((1, 3, 7, 9), dict(kernel=[3], stride=[2], padding=[1])),
    ((1, 8, 7, 6), dict(kernel=[3, 2], stride=[2, 1], padding=[1, 0], ceil_mode=True)),
    ((1, 8, 9, 8), dict(kernel=[3], stride=[1], padding=[1], dilation=[2])),
    ((1, 2, 5, 5), dict(kernel=[2], stride=[3], padding=[1], ceil_mode=True)),
]:
    torch_attrs = {("kernel_size" if k == "kernel" else k): v for k, v in attrs.items()}
    case("max_pool2d", [f(*shape)], lambda x, a=torch_attrs: F.max_pool2d(x, **a), **attrs)
for shape, attrs in [
    ((2, 8, 6, 6), dict(kernel=[2])),
    ((1, 3, 7, 9), dict(kernel=[3], stride=[2], padding=[1])),
    ((1, 8, 7, 6), dict(kernel=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True)),
    ((1, 8, 7, 6), dict(kernel=[3, 2], stride=[2, 3], padding=[1, 0], ceil_mode=True, count_include_pad=False)),
    ((1, 2, 5, 5), dict(kernel=[2], stride=[3], padding=[1], ceil_mode=True)),
]:
    torch_attrs = {("kernel_size" if k == "kernel" else k): v for k, v in attrs.items()}
    case("avg_pool2d", [f(*shape)], lambda x, a=torch_attrs: F.avg_pool2d(x, **a), **attrs)
for size in [[1], [3, 2], [7, 5], [4, 9]]:
    case("adaptive_avg_pool2d", [f(1, 8, 6, 10)],
         lambda x, s=size: F.adaptive_avg_pool2d(x, s if len(s) == 2 else s * 2), size=size)
    case("adaptive_max_pool2d", [f(1, 8, 6, 10)],
         lambda x, s=size: F.adaptive_max_pool2d(x, s if len(s) == 2 else s * 2), size=size)

# Normalisation.
for shape in [(6, 3), (2, 8, 5), (2, 8, 3, 3), (2, 3, 2, 2, 3)]:
    c = shape[1]
    case("batch_norm", [f(*shape), f(c), f(c), f(c), f(c, low=0.5)],
         lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, True, 0.2, 1e-3), mutated=(3, 4), momentum=0.2, eps=1e-3)
    case("batch_norm", [f(*shape), f(c), f(c), f(c), f(c, low=0.5)],
         lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False), mutated=(3, 4), training=False)
case("layer_norm", [f(3, 4, 5), f(4, 5), f(4, 5)], lambda x, w, b: F.layer_norm(x, [4, 5], w, b), shape=[4, 5])
case("group_norm", [f(2, 6, 3, 3), f(6), f(6)], lambda x, w, b: F.group_norm(x, 3, w, b), groups=3)
case("group_norm", [f(2, 4, 5), None, None], lambda x, w, b: F.group_norm(x, 4), groups=4)
for size, alpha, beta, k in [(5, 1e-4, 0.75, 1.0), (4, 0.5, 0.5, 2.0)]:
    case("local_response_norm", [f(2, 8, 2, 3)], lambda x: F.local_response_norm(x, size, alpha, beta, k), size=size,
         alpha=alpha, beta=beta, k=k)
for p in [1.0, 2.0, 3.0]:
    case("normalize", [f(3, 4, 2)], lambda x: F.normalize(x, p), p=p)

# Softmax and activations.
case("softmax", [f(3, 5, high=9)], lambda x: F.softmax(x, -1))
case("softmax", [f(2, 5, 3)], lambda x: F.softmax(x, 1), dim=1)
case("log_softmax", [f(3, 5, high=90)], lambda x: F.log_softmax(x, -1))
case("logsumexp", [f(2, 5, 3)], lambda x: torch.logsumexp(x, [0, 2]), dims=[0, 2])
case("prelu", [f(2, 3, 4), f(3)], F.prelu)
case("prelu", [f(2, 3, 4), f(1)], F.prelu)

# Losses over labels.
for attrs in [dict(), dict(ignore_index=2), dict(label_smoothing=0.3), dict(label_smoothing=0.3, ignore_index=2),
              dict(reduction="sum", label_smoothing=0.1), dict(reduction="none", ignore_index=1)]:
    for weighted in [False, True]:
        for shape, target in [((6, 4), (6,)), ((2, 4, 3, 2), (2, 3, 2))]:
            weight = f(4, low=0.5) if weighted else None

            def run(x, t, w, a=attrs):
                return F.cross_entropy(x, t, None if w is None else w.detach(), **a)
            case("cross_entropy", [f(*shape, low=-4, high=4), ints(4, *target), weight], run, **attrs)
for attrs in [dict(), dict(ignore_index=1, reduction="sum"), dict(reduction="none")]:
    case("nll_loss", [f(2, 4, 3), ints(4, 2, 3), f(4, low=0.5)],
         lambda x, t, w, a=attrs: F.nll_loss(x, t, w.detach(), **a), **attrs)

# Losses over elements.
for reduction in ["mean", "sum", "none"]:
    case("mse_loss", [f(3, 4), f(3, 4)], lambda x, t: F.mse_loss(x, t, reduction=reduction), reduction=reduction)
    case("l1_loss", [f(3, 4), f(3, 4)], lambda x, t: F.l1_loss(x, t, reduction=reduction), reduction=reduction)
    case("huber_loss", [f(3, 4), f(3, 4)], lambda x, t: F.huber_loss(x, t, delta=0.7, reduction=reduction), delta=0.7,
         reduction=reduction)
    case("smooth_l1_loss", [f(3, 4), f(3, 4)], lambda x, t: F.smooth_l1_loss(x, t, beta=0.7, reduction=reduction), beta=0.7,
         reduction=reduction)
    case("bce_with_logits_loss", [f(3, 4, low=-30, high=30), f(3, 4, low=0, high=1), f(3, 1, low=0.5), f(4, low=0.5)],
         lambda x, t, w, p: F.binary_cross_entropy_with_logits(x, t, w.detach(), pos_weight=p.detach(), reduction=reduction),
         reduction=reduction)
case("smooth_l1_loss", [f(3, 4), f(3, 4)], lambda x, t: F.smooth_l1_loss(x, t, beta=0.0), beta=0.0)
for reduction in ["mean", "sum", "none", "batchmean"]:
    case("kl_div_loss", [f(3, 4, low=-4, high=0), f(3, 4, low=0.25, high=1)],
         lambda x, t: F.kl_div(x, t, reduction=reduction), reduction=reduction)
    case("kl_div_loss", [f(3, 4, low=-4, high=0), f(3, 4, low=-4, high=0)],
         lambda x, t: F.kl_div(x, t, reduction=reduction, log_target=True), reduction=reduction, log_target=True)

(pathlib.Path(__file__).parent / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
print(len(cases), "cases")

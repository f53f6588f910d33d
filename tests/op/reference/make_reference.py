#!/usr/bin/env python3
"""Writes cases.json and values.npy: results and gradients of every op and optimizer step as PyTorch computes them in f64.

    python -m venv venv && venv/bin/pip install torch numpy && venv/bin/python tests/op/reference/make_reference.py

A case is an op, its attributes, its inputs in the order of the signature, and the same in PyTorch. The inputs are f32 numbers, so
that single precision starts from the same point. values.npy holds all arrays one after the other; the JSON says where.
"""
import json
import pathlib
import warnings

import numpy as np
import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore", "reduction: 'mean'")  # of kl_div: that mean is meant
HERE = pathlib.Path(__file__).parent
random = np.random.default_rng(1)
values, cases, sequences = [], [], []

EXCLUDED = {
    "rand": "random: moments and stream are held by random_test.cpp",
    "randn": "random: moments and stream are held by random_test.cpp",
    "randint": "random: spread is held by random_test.cpp",
    "randperm": "random: held by random_test.cpp",
    "bernoulli": "random: held by random_test.cpp",
    "sample_bernoulli": "random: held by random_test.cpp",
    "dropout": "random: a mask of its own stream",
    "dropout2d": "random: a mask of its own stream",
    "cast": "conversions are held by the tests of dtypes, its gradient by the matrix",
}


def r(*shape, low=-2.0, high=2.0):
    """Uniform f32 numbers as f64."""
    return random.uniform(low, high, shape).astype(np.float32).astype(np.float64)


def i(*shape, high, low=0):
    return random.integers(low, high, shape)


def b(*shape):
    return random.integers(0, 2, shape).astype(bool)


def array(*numbers):
    return np.array(numbers, dtype=np.float64)


def store(a):
    if a is None:
        return None
    a = a.detach().numpy() if isinstance(a, torch.Tensor) else np.asarray(a)
    kind = "bool" if a.dtype == bool else "i64" if a.dtype.kind == "i" else "f64"
    at = sum(v.size for v in values)
    values.append(a.astype(np.float64).ravel())
    return {"dtype": kind, "shape": list(a.shape), "at": at}


def case(op, ours_in_torch, *inputs, forward_only=False, **attrs):
    """`ours_in_torch` gets the inputs as tensors and returns the results, those written in place last."""
    tensors = [None if x is None else torch.from_numpy(np.array(x)) for x in inputs]
    stored = [store(x) for x in inputs]
    floats = [t for t in tensors if t is not None and t.is_floating_point() and not forward_only]
    for t in floats:
        t.requires_grad_()
    results = ours_in_torch(*tensors)
    results = list(results) if isinstance(results, (tuple, list)) else [results]
    entry = {"op": op, "attrs": attrs, "inputs": stored, "outputs": [store(y) for y in results]}
    smooth = [y for y in results if y.requires_grad]
    if smooth:
        weights = [torch.from_numpy(r(*y.shape, low=0.5, high=1.5)) if y.requires_grad else None for y in results]
        loss = sum((y * w).sum() for y, w in zip(results, weights) if w is not None)
        gradients = iter(torch.autograd.grad(loss, floats, allow_unused=True))
        entry["weights"] = [store(w) for w in weights]
        entry["gradients"] = [store(next(gradients)) if t is not None and t.requires_grad else None for t in tensors]
    cases.append(entry)


def dtype(name):
    return {"dtype": name}


def activations():
    kinks = np.concatenate([r(30, low=-6, high=6), array(0, -20, 20, -87, 60)])
    for name in ("sigmoid", "tanh", "relu", "relu6", "leaky_relu", "elu", "selu", "softplus", "gelu", "silu"):
        case(name, getattr(F, name), kinks)
        case(name, getattr(F, name), r(1, 8, 3, 5, low=-4, high=4))
    case("hardswish", F.hardswish, np.concatenate([r(30, low=-6, high=6), array(0, -20, 20)]))
    case("hardswish", F.hardswish, r(1, 8, 3, 5, low=-4, high=4))
    case("hardsigmoid", lambda x: F.relu6(x + 3) / 6, kinks)  # F.hardsigmoid takes 1/6 in f32
    case("hardsigmoid", lambda x: F.relu6(x + 3) / 6, r(1, 8, 3, 5, low=-4, high=4))
    case("leaky_relu", lambda x: F.leaky_relu(x, 0.1), kinks, slope=0.1)
    case("elu", lambda x: F.elu(x, 0.7), kinks, alpha=0.7)
    case("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), np.concatenate([r(30, low=-6, high=6), array(0, -20, 20)]))
    case("step", lambda x: torch.heaviside(x, torch.zeros((), dtype=torch.float64)), kinks, forward_only=True)
    case("prelu", F.prelu, r(2, 8, 3, 5), r(8, low=0, high=1))
    case("prelu", F.prelu, r(2, 8, 3, 5), r(1, low=0, high=1))
    case("maxout", lambda x: x.unflatten(1, (4, 2)).amax(2), r(2, 8, 3, 5), pieces=2)
    for name in ("relu", "relu6", "sigmoid", "tanh", "softplus"):
        case(name, getattr(F, name), array(np.nan, np.inf, -np.inf), forward_only=True)


def arithmetic():
    pairs = [(r(2, 8, 3, 5), r(1, 8, 1, 1)), (r(4, 1), r(3)), (r(), r(2, 3))]
    for x, y in pairs:
        case("add", torch.add, x, y)
        case("sub", torch.sub, x, y)
        case("mul", torch.mul, x, y)
        case("div", torch.div, x, np.float32(np.sign(y) * (np.abs(y) + 0.5)).astype(np.float64))
        case("power", torch.pow, np.abs(x) + 0.5, y)
        case("maximum", torch.maximum, x, y)
        case("minimum", torch.minimum, x, y)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
            case(name, getattr(torch, {"equal": "eq"}.get(name, name)), np.round(x), np.round(y))
    for name in ("maximum", "minimum"):
        case(name, getattr(torch, name), array(np.nan, 1, np.inf, 2), array(1, np.nan, 2, -np.inf), forward_only=True)
    case("affine", lambda x: x * 2.5 - 1, r(2, 8, 3, 3), scale=2.5, shift=-1.0)
    case("neg", torch.neg, r(2, 8, 3, 3))
    case("isfinite", torch.isfinite, array(1, np.nan, np.inf, -np.inf))
    for name in ("logical_and", "logical_or"):
        case(name, getattr(torch, name), b(2, 3, 4), b(3, 1))
    case("logical_not", torch.logical_not, b(2, 3, 4))


def math():
    for name in ("abs", "exp", "expm1", "sin", "cos", "erf", "square"):
        case(name, getattr(torch, name), r(1, 8, 3, 5, low=-3, high=3))
    for name in ("log", "sqrt", "rsqrt", "reciprocal", "log1p"):
        case(name, getattr(torch, name), r(1, 8, 3, 5, low=0.1, high=4))
    for name in ("floor", "ceil", "round", "sign"):
        case(name, getattr(torch, name), np.concatenate([r(20, low=-5, high=5), array(-2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5)]), forward_only=True)
    case("clamp", lambda x: x.clamp(-1, 0.5), np.concatenate([r(30), array(-1, 0.5)]), low=-1.0, high=0.5)
    case("pow", lambda x: x**3, r(2, 8, 3, 5), exponent=3.0)
    case("pow", lambda x: x**-1.5, r(1, 8, 3, 5, low=0.5, high=2), exponent=-1.5)


def reductions():
    ties = np.round(r(4, 9))
    for dims, keep, x in (([1], False, r(2, 8, 3, 5)), ([0, 2, 3], True, r(2, 8, 3, 5)), ([-1], False, r(4, 33)), ([0], False, ties)):
        attrs = {"dims": dims, "keepdim": keep}
        case("sum", lambda x: x.sum(dims, keep), x, **attrs)
        case("mean", lambda x: x.mean(dims, keep), x, **attrs)
        case("max", lambda x: x.amax(dims, keep), x, **attrs)
        case("min", lambda x: x.amin(dims, keep), x, **attrs)
        case("var", lambda x: x.var(dims, keepdim=keep), x, **attrs)
        case("var", lambda x: x.var(dims, correction=0, keepdim=keep), x, correction=0, **attrs)
        case("logsumexp", lambda x: x.logsumexp(dims, keep), 20 * x, **attrs)
    case("prod", lambda x: x.prod(1), r(2, 3, 4, low=0.5, high=1.5), dims=[1])
    case("max", lambda x: x.amax(), array(1, np.nan, 3), forward_only=True)
    case("cumsum", lambda x: x.cumsum(1), r(2, 8, 3, 5), dim=1)
    case("softmax", lambda x: x.softmax(1), r(1, 8, 3, 5, low=-30, high=30), dim=1)
    case("softmax", lambda x: x.softmax(-1), r(4, 9))
    case("log_softmax", lambda x: x.log_softmax(1), r(1, 8, 3, 5, low=-30, high=30), dim=1)
    case("log_softmax", lambda x: x.log_softmax(-1), r(4, 9))
    case("softmax", lambda x: x.softmax(-1), array(1, 2, np.inf), forward_only=True)


def shapes():
    x = r(2, 8, 3, 5)
    case("reshape", lambda x: x.reshape(6, -1), x, shape=[6, -1])
    case("flatten", lambda x: x.flatten(1), x)
    case("permute", lambda x: x.permute(0, 2, 3, 1), x, axes=[0, 2, 3, 1])
    case("transpose", lambda x: x.transpose(1, 3), x, dim0=1, dim1=3)
    case("expand", lambda x: x.expand(2, 8, 3, 3), r(1, 8, 1, 1), shape=[2, 8, 3, 3])
    case("squeeze", lambda x: x.squeeze(1), r(2, 1, 3), dim=1)
    case("unsqueeze", lambda x: x.unsqueeze(-1), r(2, 3), dim=-1)
    case("concat", lambda *xs: torch.cat(xs, 1), r(2, 8, 3, 5), r(2, 16, 3, 5), dim=1)
    case("concat", lambda *xs: torch.cat(xs, -1), r(2, 3), r(2, 1), r(2, 4), dim=-1)
    case("stack", lambda *xs: torch.stack(xs, 1), r(2, 3), r(2, 3), dim=1)
    case("slice", lambda x: x[:, :, :, 1:4], x, dim=3, start=1, end=4)
    case("slice", lambda x: x[-6:100:2], r(7, 3), dim=0, start=-6, end=100, step=2)
    case("flip", lambda x: x.flip(1, 3), x, dims=[1, 3])
    case("roll", lambda x: x.roll((1, -7), (2, 3)), x, shifts=[1, -7], dims=[2, 3])
    case("pad", lambda x: F.pad(x, (1, 2, 0, 3), value=7.5), x, padding=[1, 2, 0, 3], value=7.5)
    case("pad", lambda x: F.pad(x, (-1, 2, 1, -1)), x, padding=[-1, 2, 1, -1])
    case("pad", lambda x: F.pad(x, (4, 2, 1, 2), "reflect"), x, padding=[4, 2, 1, 2], mode="reflect")
    case("pad", lambda x: F.pad(x, (6, 2, 1, 0), "replicate"), x, padding=[6, 2, 1, 0], mode="replicate")


def indexing():
    x = r(2, 8, 3, 5)
    case("gather", lambda x, k: x.gather(1, k), x, i(2, 4, 3, 5, high=8), dim=1)
    case("gather", lambda x, k: x.gather(0, k), r(4), i(9, high=4), dim=0)
    case("gather", lambda x, k: x.gather(1, k), r(4, 3, 5), i(2, 6, 4, high=3), dim=1)
    case("scatter_add", lambda x, k, s: x.scatter_add(1, k, s), r(3, 5), i(3, 9, high=5), r(3, 9), dim=1)
    case("scatter_add", lambda x, k, s: x.scatter_add(0, k, s), r(5, 4), i(7, 2, high=5), r(7, 2), dim=0)
    unique = np.stack([random.permutation(5)[:3] for _ in range(4)])
    case("scatter", lambda x, k, s: x.scatter(1, k, s), r(4, 5), unique, r(4, 3), dim=1)
    case("index_select", lambda x, k: x.index_select(1, k), x, i(12, high=8), dim=1)
    case("embedding", lambda w, k: F.embedding(k, w), r(5, 3), i(2, 9, high=5))
    case("one_hot", lambda k: F.one_hot(k, 4), i(2, 3, high=4), classes=4, dtype=dtype("i64"))
    case("where", torch.where, b(3, 1), r(4), r(2, 3, 4))
    case("masked_fill", lambda x, m: x.masked_fill(m, -3), x, b(8, 1, 1), value=-3.0)


def orders():
    ties, odd = np.round(r(5, 9)), array(3, np.nan, -np.inf, 7, np.nan, 3, np.inf, -1)
    for x, dim in ((r(2, 8, 3, 5), 1), (r(4, 33), -1)):
        case("argmax", lambda x: x.argmax(dim), x, dim=dim)
        case("argmin", lambda x: x.argmin(dim, keepdim=True), x, dim=dim, keepdim=True)
        case("topk", lambda x: x.topk(3, dim), x, k=3, dim=dim)
        case("topk", lambda x: x.topk(3, dim, largest=False), x, k=3, dim=dim, largest=False)
        case("sort", lambda x: x.sort(dim=dim, stable=True), x, dim=dim)
        case("argsort", lambda x: x.argsort(dim=dim, descending=True, stable=True), x, dim=dim, descending=True)
    for x in (ties, odd):
        case("argmax", lambda x: x.argmax(-1), x)
        case("argmin", lambda x: x.argmin(-1), x)
        for descending in (False, True):
            case("sort", lambda x: x.sort(dim=-1, descending=descending, stable=True), x, descending=descending, forward_only=True)
            first = lambda x: [y[..., :4] for y in x.sort(dim=-1, descending=descending, stable=True)]
            case("topk", first, x, k=4, largest=descending, forward_only=True)


def products():
    case("matmul", torch.matmul, r(5, 7), r(7, 3))
    case("matmul", torch.matmul, r(2, 1, 5, 7), r(3, 7, 4))
    case("linear", F.linear, r(4, 3, 7), r(5, 7), r(5))
    case("linear", lambda x, w, none: F.linear(x, w), r(4, 7), r(5, 7), None)


def convolutions():
    def conv(rank, x, w, bias, **attrs):
        names = {"conv": (F.conv1d, F.conv2d, F.conv3d)[rank - 1]}
        case(f"conv{rank}d", lambda x, w, c: names["conv"](x, w, c, **attrs), x, w, bias,
             **{k: v if k == "groups" else [v] if isinstance(v, int) else list(v) for k, v in attrs.items()})

    conv(1, r(2, 4, 11), r(6, 2, 3), r(6), stride=2, padding=2, dilation=2, groups=2)
    conv(2, r(2, 8, 7, 6), r(16, 8, 3, 3), r(16), padding=1)
    conv(2, r(2, 8, 7, 6), r(8, 8, 3, 3), None, stride=2)
    conv(2, r(1, 16, 5, 5), r(8, 16, 1, 1), None)
    conv(2, r(2, 8, 9, 8), r(8, 1, 3, 3), r(8), padding=1, groups=8)
    conv(2, r(2, 6, 9, 8), r(4, 3, 3, 2), r(4), stride=(2, 1), padding=(2, 1), dilation=(1, 2), groups=2)
    conv(2, r(1, 3, 12, 12), r(8, 3, 7, 7), None, stride=2, padding=3)
    conv(3, r(1, 2, 4, 5, 6), r(4, 2, 3, 2, 3), r(4), stride=(1, 2, 1), padding=(1, 0, 1))
    transposed = F.conv_transpose2d
    case("conv_transpose2d", lambda x, w, c: transposed(x, w, c, stride=2, padding=1, output_padding=1), r(2, 8, 4, 5), r(8, 8, 3, 3), r(8),
         stride=[2], padding=[1], output_padding=[1])
    case("conv_transpose2d", lambda x, w, c: transposed(x, w, None, stride=(1, 2), dilation=2, groups=2), r(1, 4, 3, 4), r(4, 3, 2, 3), None,
         stride=[1, 2], dilation=[2], groups=2)


def pools():
    x, flat = r(2, 8, 7, 9), np.round(r(1, 3, 6, 6))
    case("max_pool2d", lambda x: F.max_pool2d(x, 2), x, kernel=[2])
    case("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1), x, kernel=[3], stride=[2], padding=[1])
    case("max_pool2d", lambda x: F.max_pool2d(x, (3, 2), (2, 3), (1, 0), (1, 2), ceil_mode=True), x,
         kernel=[3, 2], stride=[2, 3], padding=[1, 0], dilation=[1, 2], ceil_mode=True)
    case("max_pool2d", lambda x: F.max_pool2d(x, 2, 2, ceil_mode=True), flat, kernel=[2], stride=[2], ceil_mode=True)
    case("avg_pool2d", lambda x: F.avg_pool2d(x, 2), x, kernel=[2])
    for ceil in (False, True):
        for count in (False, True):
            case("avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil, count), x, kernel=[3], stride=[2], padding=[1], ceil_mode=ceil,
                 count_include_pad=count)
    case("avg_pool2d", lambda x: F.avg_pool2d(x, 2, 2, 1, True), r(1, 8, 4, 5), kernel=[2], stride=[2], padding=[1], ceil_mode=True)
    case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 4)), x, size=[3, 4])
    case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, 1), x, size=[1])


def images():
    x = r(2, 8, 5, 7)
    case("interpolate", lambda x: F.interpolate(x, (10, 9), mode="nearest"), x, size=[10, 9], mode="nearest")
    case("interpolate", lambda x: F.interpolate(x, (3, 4), mode="nearest"), x, size=[3, 4], mode="nearest")
    for size in ((8, 4), (3, 16), (1, 1)):
        for align in (False, True):
            for smooth in (False, True):
                case("interpolate", lambda x: F.interpolate(x, size, mode="bilinear", align_corners=align, antialias=smooth), x, size=list(size),
                     align_corners=align, antialias=smooth)


def norms():
    x, w, c = r(3, 8, 2, 5), r(8, low=0.5, high=1.5), r(8)

    def batch_norm(training, **more):
        def call(x, w, c, mean, var):
            mean, var = mean.detach().clone(), var.detach().clone()
            return [F.batch_norm(x, mean, var, w, c, training, **more), mean, var]
        return call

    mean, var = r(8), r(8, low=0.5, high=2)
    case("batch_norm", batch_norm(True), x, w, c, mean, var)
    case("batch_norm", batch_norm(True, momentum=0.3, eps=1e-3), x, w, c, mean, var, momentum=0.3, eps=1e-3)
    case("batch_norm", batch_norm(False), x, w, c, mean, var, training=False)
    case("batch_norm", batch_norm(True), r(6, 8), w, c, mean, var)
    case("batch_norm", lambda x, *_: F.batch_norm(x, None, None, training=True), x, None, None, None, None)
    case("layer_norm", lambda x, w, c: F.layer_norm(x, (5,), w, c), r(2, 3, 5), r(5), r(5), shape=[5])
    case("layer_norm", lambda x, w, c: F.layer_norm(x, (8, 2, 5), w, c, 1e-3), x, r(8, 2, 5), r(8, 2, 5), shape=[8, 2, 5], eps=1e-3)
    case("layer_norm", lambda x, *_: F.layer_norm(x, (5,)), r(4, 5), None, None, shape=[5])
    case("group_norm", lambda x, w, c: F.group_norm(x, 4, w, c), x, w, c, groups=4)
    case("group_norm", lambda x, *_: F.group_norm(x, 8), x, None, None, groups=8)
    case("local_response_norm", lambda x: F.local_response_norm(x, 5, 0.3, 0.75, 2.0), x, size=5, alpha=0.3, beta=0.75, k=2.0)
    case("local_response_norm", lambda x: F.local_response_norm(x, 4, 0.3), x, size=4, alpha=0.3)
    case("normalize", lambda x: F.normalize(x), x)
    case("normalize", lambda x: F.normalize(x, 3.0, -1), x, p=3.0, dim=-1)


def sequences_of_labels():
    """Forward alone: PyTorch's gradient of log_probs has their softmax added, ours is checked by differences."""
    x = torch.from_numpy(r(7, 3, 4, low=-3, high=3)).log_softmax(2).numpy().astype(np.float32).astype(np.float64)
    targets, steps, labels = i(3, 3, high=4, low=1), np.array([7, 5, 6]), np.array([3, 0, 2])
    ctc = lambda **how: lambda x, t, a, b: F.ctc_loss(x, t, a, b, **how)
    for reduction in ("mean", "sum", "none"):
        case("ctc_loss", ctc(reduction=reduction), x, targets, steps, labels, reduction=reduction, forward_only=True)
    impossible = np.array([1, 5, 2])
    how = {"zero_infinity": True, "blank": 3}
    case("ctc_loss", ctc(**how), x, targets - 1, impossible, labels, **how, forward_only=True)


def losses():
    x, target, weight = r(6, 5), i(6, high=5), r(5, low=0.2, high=2)
    target[2] = 3
    image, mask = r(2, 4, 3, 5), i(2, 3, 5, high=4)
    for reduction in ("mean", "sum", "none"):
        how = {"reduction": reduction}
        case("cross_entropy", lambda x, t, w: F.cross_entropy(x, t, **how), x, target, None, **how)
        full = lambda x, t, w: F.cross_entropy(x, t, w.detach(), ignore_index=3, label_smoothing=0.1, **how)
        case("cross_entropy", full, x, target, weight, ignore_index=3, label_smoothing=0.1, **how)
        case("cross_entropy", lambda x, t, w: F.cross_entropy(x, t, w.detach(), **how), image, mask, weight[:4], **how)
        case("nll_loss", lambda x, t, w: F.nll_loss(x, t, w.detach(), ignore_index=3, **how), x, target, weight, ignore_index=3, **how)
        y = r(6, 5)
        case("mse_loss", lambda x, y: F.mse_loss(x, y, **how), x, y, **how)
        case("l1_loss", lambda x, y: F.l1_loss(x, y, **how), x, y, **how)
        case("smooth_l1_loss", lambda x, y: F.smooth_l1_loss(x, y, beta=0.7, **how), x, y, beta=0.7, **how)
        case("huber_loss", lambda x, y: F.huber_loss(x, y, delta=0.7, **how), x, y, delta=0.7, **how)
        chance = r(6, 5, low=0.05, high=0.95)
        bce = lambda x, t, w, p: F.binary_cross_entropy_with_logits(x, t, w.detach(), pos_weight=p.detach(), **how)
        case("bce_with_logits_loss", bce, 20 * x, chance, r(6, 5, low=0.5, high=1), r(5, low=0.5, high=2), **how)
        case("bce_with_logits_loss", lambda x, t, w, p: F.binary_cross_entropy_with_logits(x, t, **how), x, chance, None, None, **how)
        case("hinge_loss", lambda x, t: reduced((1 - x * t).clamp(min=0), reduction), x, np.sign(y), **how)
    log_x = np.log(r(6, 5, low=0.1, high=1)).astype(np.float32).astype(np.float64)
    for reduction in ("mean", "sum", "none", "batchmean"):
        kl = lambda x, t: F.kl_div(x, t, reduction=reduction)
        case("kl_div_loss", kl, log_x, r(6, 5, low=0.1, high=1), reduction=reduction)
        case("kl_div_loss", lambda x, t: F.kl_div(x, t, reduction=reduction, log_target=True), log_x, r(6, 5), log_target=True, reduction=reduction)


def more_pools_and_losses():
    """Ties, uneven windows and every combination of weights, ignored labels and smoothing."""
    tied = np.round(2 * r(1, 8, 6, 10)) / 2
    for size in ([1], [3, 2], [7, 5], [4, 9]):
        both = size * 2 if len(size) == 1 else size
        case("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, both), tied, size=size)
        case("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, both), tied, size=size)
    case("max_pool2d", lambda x: F.max_pool2d(x, 2), tied, kernel=[2])
    case("max_pool2d", lambda x: F.max_pool2d(x, 3, 1, 1, 2), tied, kernel=[3], stride=[1], padding=[1], dilation=[2])
    for how in ({}, {"ignore_index": 2}, {"label_smoothing": 0.3}, {"label_smoothing": 0.3, "ignore_index": 2},
                {"reduction": "sum", "label_smoothing": 0.1}, {"reduction": "none", "ignore_index": 1}):
        for weight in (None, r(4, low=0.5, high=2)):
            for shape, labels in (((6, 4), (6,)), ((2, 4, 3, 2), (2, 3, 2))):
                def run(x, t, w):
                    return F.cross_entropy(x, t, None if w is None else w.detach(), **how)
                case("cross_entropy", run, r(*shape, low=-4, high=4), i(*labels, high=4), weight, **how)
    case("smooth_l1_loss", lambda x, t: F.smooth_l1_loss(x, t, beta=0.0), r(3, 4), r(3, 4), beta=0.0)
    case("normalize", lambda x: F.normalize(x, 1.0), r(3, 4, 2), p=1.0)


def unit(kind, **options):
    """One layer of `kind` in one direction as a function of x, weights and states; None: left out."""
    def run(x, weight_ih, weight_hh, bias_ih, bias_hh, *states):
        net = kind(weight_ih.shape[1], weight_hh.shape[1], bias=bias_ih is not None, **options).double()
        weights = {"weight_ih_l0": weight_ih, "weight_hh_l0": weight_hh, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh}
        given = [s[None] for s in states if s is not None]
        arguments = (x, *given) if len(given) < 2 else (x, tuple(given))
        y, last = torch.func.functional_call(net, {k: v for k, v in weights.items() if v is not None}, arguments)
        return (y, *[s[0] for s in (last if isinstance(last, tuple) else (last,))])
    return run


def recurrent():
    for op, kind, gates, states, attrs in (("lstm", torch.nn.LSTM, 4, 2, {}), ("gru", torch.nn.GRU, 3, 1, {}),
                                           ("rnn", torch.nn.RNN, 1, 1, {}), ("rnn", torch.nn.RNN, 1, 1, {"activation": "relu"})):
        for steps, n, inputs, hidden, bias, state in ((5, 3, 4, 8, True, True), (3, 2, 5, 7, False, False), (1, 1, 3, 5, True, False),
                                                      (3, 9, 6, 17, True, True)):
            rows, small = gates * hidden, 1 / hidden**0.5
            biases = [r(rows) if bias else None for _ in range(2)]
            case(op, unit(kind, **{"nonlinearity": v for v in attrs.values()}), r(steps, n, inputs), r(rows, inputs),
                 r(rows, hidden, low=-small, high=small), *biases, *[r(n, hidden) if state else None for _ in range(states)], **attrs)


def more_activations():
    """alpha of celu is exact in f32, since PyTorch's gradient rounds it to that."""
    kinks = np.concatenate([r(30, low=-6, high=6), array(-1, -0.5, 0, 0.5, 1, -20, 20, -87, 60)])
    image = r(1, 8, 3, 5, low=-4, high=4)
    for name in ("celu", "logsigmoid", "softsign", "mish", "hardtanh", "hardshrink", "softshrink", "tanhshrink"):
        case(name, getattr(F, name), kinks)
        case(name, getattr(F, name), image)
        if name in ("hardtanh", "hardshrink", "mish"):
            case(name, getattr(F, name), array(np.nan, 1e30, -1e30), forward_only=True)
    case("celu", lambda x: F.celu(x, 0.75), kinks, alpha=0.75)
    case("hardtanh", lambda x: F.hardtanh(x, -0.5, 1.5), kinks, min_val=-0.5, max_val=1.5)
    case("threshold", lambda x: F.threshold(x, 0.5, -7.0), kinks, threshold=0.5, value=-7.0)
    case("hardshrink", lambda x: F.hardshrink(x, 1.0), kinks, lambd=1.0)
    case("softshrink", lambda x: F.softshrink(x, 1.0), kinks, lambd=1.0)
    case("glu", lambda x: F.glu(x, 1), r(2, 16, 3, 5), dim=1)
    case("glu", F.glu, r(3, 4))


def reduced(x, how):
    return {"mean": x.mean, "sum": x.sum, "none": x.clone}[how]()


def sequence(op, states, make, ours, counted=False):
    """Ten steps with a falling learning rate; `states` names the state tensors of the op, empty ones are not given."""
    start, steps = r(37), []
    p = torch.from_numpy(start.copy()).requires_grad_()
    optimizer = make([p])
    for k in range(10):
        gradient, lr = r(37), 0.1 * 0.8**k
        p.grad = torch.from_numpy(gradient)
        optimizer.param_groups[0]["lr"] = lr
        optimizer.step()
        attrs = {"lr": lr, **ours, **({"step": k + 1} if counted else {})}
        steps.append({"attrs": attrs, "gradient": store(gradient), "param": store(p)})
    sequences.append({"op": op, "param": store(start), "states": states, "steps": steps})


def optimizers():
    o = torch.optim
    sequence("sgd_step", [False], lambda p: o.SGD(p, 0.1, weight_decay=0.05), {"weight_decay": 0.05})
    sequence("sgd_step", [True], lambda p: o.SGD(p, 0.1, 0.9, 0.3, 0.05), {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.05}, counted=True)
    sequence("sgd_step", [True], lambda p: o.SGD(p, 0.1, 0.9, nesterov=True), {"momentum": 0.9, "nesterov": True}, counted=True)
    sequence("adam_step", [True, True], lambda p: o.Adam(p), {}, counted=True)
    sequence("adam_step", [True, True], lambda p: o.Adam(p, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
             {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.1}, counted=True)
    sequence("adam_step", [True, True], lambda p: o.AdamW(p, weight_decay=0.1), {"weight_decay": 0.1, "decoupled": True}, counted=True)
    sequence("rmsprop_step", [True, False], lambda p: o.RMSprop(p, weight_decay=0.1), {"weight_decay": 0.1})
    sequence("rmsprop_step", [True, True], lambda p: o.RMSprop(p, alpha=0.9, momentum=0.8), {"alpha": 0.9, "momentum": 0.8})
    sequence("adagrad_step", [True], lambda p: o.Adagrad(p, lr_decay=0.1, weight_decay=0.05), {"lr_decay": 0.1, "weight_decay": 0.05}, counted=True)
    sequence("adadelta_step", [True, True], lambda p: o.Adadelta(p, rho=0.8, weight_decay=0.05), {"rho": 0.8, "weight_decay": 0.05})


for chapter in (activations, arithmetic, math, reductions, shapes, indexing, orders, products, convolutions, pools, images, norms, losses, optimizers, more_pools_and_losses, recurrent, sequences_of_labels, more_activations):
    chapter()
text = {"made with": f"PyTorch {torch.__version__.split('+')[0]}", "excluded": EXCLUDED, "cases": cases, "sequences": sequences}
lines = json.dumps(text, separators=(",", ":")).replace('{"op"', '\n{"op"')
(HERE / "cases.json").write_text(lines + "\n")
np.save(HERE / "values.npy", np.concatenate(values))
print(f"{len(cases)} cases, {len({c['op'] for c in cases})} ops, {sum(v.size for v in values)} values")

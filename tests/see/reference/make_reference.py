#!/usr/bin/env python3
"""What Captum computes in f64 for networks of the zoo (made with torch 2.15.0, torchvision 0.29.2 and captum 0.9.0:
pip install torch torchvision numpy captum), and the calibration of made-up logits by the words of Guo et al. 2017.

Weights and images come from the formula of tests/zoo/reference/make_reference.py. Writes explanations.json beside this script;
for each network and method every `stride`-th number of the result and `largest`, the largest magnitude of all.
"""
import json
import pathlib
import sys

import torch
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "zoo" / "reference"))
from make_reference import CifarResNet, LeNet5, fill, value  # noqa: E402

CLASSES = torch.tensor([3, 8])


def some(x):
    stride = max(1, x.numel() // 60)
    return {"shape": list(x.shape), "stride": stride, "values": x.detach().flatten()[::stride].tolist(),
            "largest": x.abs().max().item()}


def explanations(net, shape, layers):
    with torch.no_grad():
        fill(net)
    net.double().eval()
    x = value(shape, 100)
    baseline = value((1, *shape[1:]), 101) / 4
    parts, delta = IntegratedGradients(net).attribute(x, baseline.expand(shape), target=CLASSES, n_steps=50,
                                                      return_convergence_delta=True)
    window = (shape[1], 5, 5)
    out = {"input": shape,
           "gradient": some(Saliency(net).attribute(x, target=CLASSES, abs=False)),
           "saliency": some(Saliency(net).attribute(x, target=CLASSES).amax(1)),
           "integrated": some(parts), "integrated_error": delta.tolist(),
           "occlusion": some(Occlusion(net).attribute(x, window, strides=(shape[1], 3, 3), baselines=0.25,
                                                      target=CLASSES)[:, 0]),
           "grad_cam": {}}
    for layer in layers:
        cam = LayerGradCam(net, net.get_submodule(layer)).attribute(x, target=CLASSES, relu_attributions=True)
        out["grad_cam"][layer] = some(cam[:, 0])
    return out


def nll(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels)


def best_temperature(logits, labels):
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], lr=0.5, max_iter=500, tolerance_grad=1e-14, tolerance_change=1e-16)

    def closure():
        optimizer.zero_grad()
        loss = nll(logits / log_t.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_t.exp().item()


def ece(logits, labels, bins=15):
    """As in Guo's repository temperature_scaling."""
    confidence, predicted = logits.softmax(1).max(1)
    right = predicted.eq(labels).double()
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float64)
    total, largest = 0.0, 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = (right[inside].mean() - confidence[inside].mean()).abs().item()
            total += gap * inside.double().mean().item()
            largest = max(largest, gap)
    return {"ece": total, "mce": largest, "nll": nll(logits, labels).item(), "accuracy": right.mean().item(),
            "confidence": confidence.mean().item()}


def calibration():
    logits = 4 * value((500, 10), 7)
    labels = (logits + 3 * value((500, 10), 8)).argmax(1)
    t = best_temperature(logits, labels)
    return {"labels": labels.tolist(), "temperature": t, "before": ece(logits, labels), "after": ece(logits / t, labels)}


out = {"lenet5": explanations(LeNet5(), (2, 1, 28, 28), ["conv1", "conv2"]),
       "resnet20": explanations(CifarResNet(20), (2, 3, 32, 32), ["layer2.0.conv1", "layer3"]),
       "calibration": calibration()}
(pathlib.Path(__file__).parent / "explanations.json").write_text(json.dumps(out, indent=0) + "\n")

#!/usr/bin/env python3
"""Logits of LeNet-5 and ResNet-20 as PyTorch computes them in f64 (torch 2.x, pip install torch numpy).

Weights and images come from a formula that the test repeats, so that no weights need to be stored: element i of tensor k
of the state_dict is value(i, k), scaled as below. Writes logits.json beside this script.
"""
import json
import pathlib

import torch
import torch.nn.functional as F
from torch import nn


def value(shape, k):
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return torch.sin(1.7 * i + 0.9 * k + 0.0003 * i * i).reshape(shape)


def fill(net):
    net.double().eval()
    k = 0
    for name, t in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        v = value(t.shape, k)
        if t.dim() > 1:
            v = v * (6 / t[0].numel()) ** 0.5
        elif name.endswith("running_var") or ("bn" in name and name.endswith("weight")):
            v = 1 + v / 2
        t.copy_(v)
        k += 1
    return net


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


class Block(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.stride, self.new = stride, out - inside

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.new // 2, self.new // 2))
        return F.relu(y + shortcut)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[Block(16, 16, 1) for _ in range(3)])
        self.layer2 = nn.Sequential(*[Block(16 if i == 0 else 32, 32, 2 if i == 0 else 1) for i in range(3)])
        self.layer3 = nn.Sequential(*[Block(32 if i == 0 else 64, 64, 2 if i == 0 else 1) for i in range(3)])
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


with torch.no_grad():
    out = {}
    for name, net, shape in (("lenet5", LeNet5(), (2, 1, 28, 28)), ("resnet20", ResNet20(), (2, 3, 32, 32))):
        out[name] = {"names": [n for n in fill(net).state_dict()], "logits": net(value(shape, 100)).flatten().tolist()}
(pathlib.Path(__file__).parent / "logits.json").write_text(json.dumps(out, indent=0) + "\n")

#!/usr/bin/env python3
"""What PyTorch computes in f64 for the networks of the zoo (made with torch 2.15.0 and torchvision 0.29.2:
pip install torch torchvision numpy).

Weights and images come from a formula that the test repeats, so that none need to be stored: element i of tensor k of the
state_dict is value(i, k), scaled as fill() has it and rounded to f32. Writes logits.json beside this script; for each network
  tensors    names and shapes of the state_dict, as the CRC-32 of one line each, and how many there are
  parameters their elements
  input      the shape of the images
  logits     every `stride`-th of the results in eval mode, largest the largest magnitude of all
  training   the same in training mode, of networks without dropout whose f32 results there have the digits to compare;
             running_var the sum of all running variances then
"""
import collections
import json
import pathlib
import zlib

import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def value(shape, k):
    """Uniform in [-1, 1) in steps of 2^-23: a hash of 32 bits (Wellons' lowbias32) of i + k * 0x9e3779b9."""
    mask = 0xFFFFFFFF
    x = (torch.arange(torch.Size(shape).numel()) + k * 0x9E3779B9) & mask
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & mask
    x = ((x ^ (x >> 15)) * 0x846CA68B) & mask
    x = x ^ (x >> 16)
    return ((x >> 8).double() / 2**23 - 1).reshape(shape)


def fill(net):
    k = 0
    for name, t in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        v = value(t.shape, k)
        if t.dim() > 1:
            v = v * (6 / t[0].numel()) ** 0.5
        elif name.endswith("weight") or name.endswith("running_var"):
            v = 1 + v / 2
        else:
            v = v / 8
        t.copy_(v.float())
        k += 1


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


class CifarResNet(nn.Module):
    def __init__(self, depth):
        super().__init__()
        n = (depth - 2) // 6
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(*[Block(16, 16, 1) for _ in range(n)])
        self.layer2 = nn.Sequential(*[Block(16 if i == 0 else 32, 32, 2 if i == 0 else 1) for i in range(n)])
        self.layer3 = nn.Sequential(*[Block(32 if i == 0 else 64, 64, 2 if i == 0 else 1) for i in range(n)])
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class AlexNetOriginal(nn.Module):
    """Krizhevsky et al. 2012, section 3; alpha is not divided by the 5 channels there, but by PyTorch."""

    def __init__(self, side):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 11, 4)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=2)
        self.fc6 = nn.Linear(self.features(torch.zeros(1, 3, side, side)).shape[1], 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, 1000)

    def features(self, x):
        for conv in (self.conv1, self.conv2):
            x = F.max_pool2d(F.local_response_norm(F.relu(conv(x)), 5, alpha=5e-4, beta=0.75, k=2), 3, 2)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))
        return F.max_pool2d(F.relu(self.conv5(x)), 3, 2).flatten(1)

    def forward(self, x):
        x = F.dropout(F.relu(self.fc6(self.features(x))), training=self.training)
        return self.fc8(F.dropout(F.relu(self.fc7(x)), training=self.training))


class ZFNet(nn.Module):
    """Zeiler and Fergus 2014, figure 3."""

    def __init__(self, side):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, 2, 1)
        self.conv2 = nn.Conv2d(96, 256, 5, 2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1)
        self.fc6 = nn.Linear(self.features(torch.zeros(1, 3, side, side)).shape[1], 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, 1000)

    def features(self, x):
        for conv in (self.conv1, self.conv2):
            x = F.max_pool2d(F.relu(conv(x)), 3, 2, ceil_mode=True)
            x = F.local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2)
        x = F.relu(self.conv4(F.relu(self.conv3(x))))
        return F.max_pool2d(F.relu(self.conv5(x)), 3, 2).flatten(1)

    def forward(self, x):
        return self.fc8(F.relu(self.fc7(F.relu(self.fc6(self.features(x))))))


def conv_bn(inside, out, kernel, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out),
                         nn.ReLU())


class MobileNetV1(nn.Module):
    """Howard et al. 2017, table 1."""

    def __init__(self):
        super().__init__()
        widths = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
        widths += [(512, 512, 1)] * 5 + [(512, 1024, 2), (1024, 1024, 1)]
        self.features = nn.Sequential(conv_bn(3, 32, 3, 2), *[
            nn.Sequential(conv_bn(i, i, 3, s, groups=i), conv_bn(i, o, 1)) for i, o, s in widths])
        self.classifier = nn.Linear(1024, 1000)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class SEBottleneck(nn.Module):
    """Hu et al. 2018, with the stride in the 3x3 convolution."""

    def __init__(self, inside, out, stride):
        super().__init__()
        width = out // 4
        self.conv1, self.bn1 = nn.Conv2d(inside, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.se = nn.Module()
        self.se.fc1, self.se.fc2 = nn.Conv2d(out, out // 16, 1), nn.Conv2d(out // 16, out, 1)
        self.downsample = nn.Identity()
        if stride != 1 or inside != out:
            self.downsample = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        y = y * torch.sigmoid(self.se.fc2(F.relu(self.se.fc1(y.mean((2, 3), keepdim=True)))))
        return F.relu(y + self.downsample(x))


def se_resnet50():
    net = torchvision.models.resnet50(weights=None)
    inside = 64
    for i, (out, blocks) in enumerate(((256, 3), (512, 4), (1024, 6), (2048, 3))):
        layer = [SEBottleneck(inside if j == 0 else out, out, 2 if i > 0 and j == 0 else 1) for j in range(blocks)]
        setattr(net, f"layer{i + 1}", nn.Sequential(*layer))
        inside = out
    return net


def vit_tiny(side):
    """The shape of DeiT-tiny (Touvron et al. 2020); torchvision's head starts at 0 and is filled like the rest."""
    return torchvision.models.VisionTransformer(image_size=side, patch_size=4, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768)


class RowReader(nn.Module):
    def __init__(self, name, recurrent):
        super().__init__()
        self.name = name
        self.add_module(name, recurrent)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(getattr(self, self.name)(x.squeeze(1).transpose(0, 1))[0][-1])


class CRNN(nn.Module):
    """Shi et al. 2015 with `width` filters in the first convolution, 64 in the paper."""

    def __init__(self, width=16, characters=10):
        super().__init__()
        w = width
        maps, layers = 1, []
        for number, (out, norm, pool) in enumerate([(w, False, 2), (2 * w, False, 2), (4 * w, False, None), (4 * w, False, (2, 1)),
                                                    (8 * w, True, None), (8 * w, True, (2, 1))], 1):
            layers.append((f"conv{number}", nn.Conv2d(maps, out, 3, padding=1)))
            if norm:
                layers.append((f"bn{number}", nn.BatchNorm2d(out)))
            layers.append((f"relu{number}", nn.ReLU()))
            if pool:
                layers.append((f"pool{number}", nn.MaxPool2d(pool)))
            maps = out
        layers += [("conv7", nn.Conv2d(maps, 8 * w, 2)), ("relu7", nn.ReLU())]
        self.cnn = nn.Sequential(collections.OrderedDict(layers))
        self.lstm = nn.LSTM(8 * w, 4 * w, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(8 * w, 1 + characters)

    def forward(self, x):
        columns = self.cnn(x).squeeze(2).permute(2, 0, 1)
        return self.fc(self.lstm(columns)[0].permute(1, 0, 2)).flatten(1)


class CnnLstm(nn.Module):
    """CNN and LSTM over frames that lie one behind the other as channels."""

    def __init__(self, channels=3, frames=8, classes=10):
        super().__init__()
        self.frames = frames
        layers, maps = [], channels
        for k, out in enumerate((16, 32, 64), 1):
            layers += [(f"conv{k}", nn.Conv2d(maps, out, 3, padding=1, bias=False)), (f"bn{k}", nn.BatchNorm2d(out)),
                       (f"relu{k}", nn.ReLU()), (f"pool{k}", nn.MaxPool2d(2))]
            maps = out
        self.cnn = nn.Sequential(collections.OrderedDict(layers))
        self.lstm = nn.LSTM(64 * 16, 64, batch_first=True)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        frames = x.unflatten(1, (self.frames, -1))
        features = [F.adaptive_avg_pool2d(self.cnn(frames[:, t]), 4).flatten(1) for t in range(self.frames)]
        return self.fc(self.lstm(torch.stack(features, 1))[0][:, -1])


class DoubleConv(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.double_conv = nn.Sequential(nn.Conv2d(inside, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(),
                                         nn.Conv2d(out, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inside, out))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.up = nn.ConvTranspose2d(inside, out, 2, stride=2)
        self.conv = DoubleConv(inside, out)

    def forward(self, below, beside):
        x = self.up(below)
        rows, columns = beside.shape[2] - x.shape[2], beside.shape[3] - x.shape[3]
        x = F.pad(x, [columns // 2, columns - columns // 2, rows // 2, rows - rows // 2])
        return self.conv(torch.cat([beside, x], 1))


class UNet(nn.Module):
    """Ronneberger et al. 2015 with padding and norms; structure and names as milesial/Pytorch-UNet has them."""

    def __init__(self, classes=2, width=64):
        super().__init__()
        self.inc = DoubleConv(3, width)
        for i in range(4):
            setattr(self, f"down{i + 1}", Down(width << i, width << i + 1))
        for i in range(4, 0, -1):
            setattr(self, f"up{5 - i}", Up(width << i, width << i - 1))
        self.outc = nn.Module()
        self.outc.conv = nn.Conv2d(width, classes, 1)

    def forward(self, x):
        levels = [self.inc(x)]
        for i in range(4):
            levels.append(getattr(self, f"down{i + 1}")(levels[-1]))
        x = levels.pop()
        for i in range(4):
            x = getattr(self, f"up{i + 1}")(x, levels.pop())
        return self.outc.conv(x)


def some(logits):
    """About 30 logits of two images, and the largest magnitude of all."""
    logits = logits.flatten(1)
    stride = max(1, logits.shape[1] // 15)
    return logits[:, ::stride].flatten().tolist(), logits.abs().max().item()


def tensors(net):
    lines = "".join(f"{name} {','.join(map(str, t.shape))}\n" for name, t in net.state_dict().items())
    return {"tensors": lines.count("\n"), "crc32": zlib.crc32(lines.encode()),
            "parameters": sum(p.numel() for p in net.parameters())}


def reference(net, shape, train=False):
    fill(net)
    net.double().eval()
    x = value(shape, 100)
    out = tensors(net) | {"input": shape}
    out["logits"], out["largest"] = some(net(x))
    if train:
        out["training"], out["training_largest"] = some(net.train()(x))
        out["running_var"] = sum(t.sum().item() for n, t in net.state_dict().items() if n.endswith("running_var"))
    return out


def auxiliary_heads(shape):
    """GoogLeNet's three results in training mode, without dropout."""
    net = torchvision.models.googlenet(weights=None, init_weights=False, dropout=0, dropout_aux=0)
    fill(net)
    net.double().train()
    results = net(value(shape, 100))
    out = tensors(net) | {"input": shape}
    for result, key, largest in (("logits", "logits", "largest"), ("aux_logits1", "aux1", "aux1_largest"),
                                 ("aux_logits2", "aux2", "aux2_largest")):
        out[key], out[largest] = some(getattr(results, result))
    return out


torchvisions = ["alexnet", "vgg11", "vgg13", "vgg16", "vgg19", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
                "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "efficientnet_b0", "googlenet", "densenet121", "squeezenet1_0", "squeezenet1_1"]


def make(name):
    options = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    return torchvision.models.get_model(name, weights=None, **options)


def main():
    with torch.no_grad():
        out = {"lenet5": reference(LeNet5(), (2, 1, 28, 28))}
        for depth in (20, 32, 44, 56):
            out[f"resnet{depth}"] = reference(CifarResNet(depth), (2, 3, 32, 32), train=depth == 20)
        for name in torchvisions:
            out[name] = reference(make(name), (2, 3, 64, 64), train=name in ("resnet18", "densenet121"))
        out["alexnet_original"] = reference(AlexNetOriginal(99), (2, 3, 99, 99))
        out["zfnet"] = reference(ZFNet(64), (2, 3, 64, 64))
        out["mobilenet_v1"] = reference(MobileNetV1(), (2, 3, 64, 64))
        out["se_resnet50"] = reference(se_resnet50(), (2, 3, 64, 64))
        out["vit_tiny"] = reference(vit_tiny(32), (2, 3, 32, 32))
        for name, kind in (("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn", nn.RNN)):
            out[name] = reference(RowReader(name, kind(28, 128)), (2, 1, 28, 28))
        out["crnn"] = reference(CRNN(), (2, 1, 32, 64))
        out["cnn_lstm"] = reference(CnnLstm(), (2, 24, 40, 32))
        out["unet"] = reference(UNet(), (2, 3, 36, 44), train=True)
        out["googlenet_aux"] = auxiliary_heads((2, 3, 64, 64))
    (pathlib.Path(__file__).parent / "logits.json").write_text(json.dumps(out, indent=0) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Layers and losses as PyTorch computes them in f64 (torch 2.x, pip install torch numpy).

Writes layers.safetensors beside this script. Of every case: NAME/x (input), NAME/y (result), for losses NAME/target, the
state_dict before the call as NAME/before/..., and where the call changes buffers, NAME/after/....

Writes recurrent.safetensors: of every case the weights NAME/weights/..., NAME/in/... (x and the states given), NAME/out/... (y and the
states), and the gradients NAME/gradient/... of sum_k cos(k) out_k over all elements k of each result.
"""
import json
import pathlib
import struct

import torch
from torch import nn

here = pathlib.Path(__file__).parent
torch.manual_seed(0)
tensors = {}


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def case(name, module, x, training=True):
    module = module.double().train(training)
    for p in module.parameters():  # norms start at 1 and 0, which would hide mistakes
        p.data += 0.3 * torch.randn_like(p)
    for key, value in module.state_dict().items():
        tensors[f"{name}/before/{key}"] = value.clone()
    tensors[f"{name}/x"] = x
    tensors[f"{name}/y"] = module(x).detach()
    for key, value in module.named_buffers():
        if training:
            tensors[f"{name}/after/{key}"] = value.clone()


def loss(name, module, x, target):
    tensors[f"{name}/x"], tensors[f"{name}/target"] = x, target
    tensors[f"{name}/y"] = module(x, target).detach().reshape(-1)


class MaxoutLinear(nn.Linear):
    def forward(self, x):
        y = super().forward(x)
        return y.reshape(*y.shape[:-1], -1, 3).amax(-1)


image = normal(2, 4, 6, 5)
case("linear", nn.Linear(5, 4), normal(3, 5))
case("linear_no_bias", nn.Linear(5, 4, bias=False), normal(2, 3, 5))
case("conv1d", nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), normal(2, 4, 7))
case("conv2d", nn.Conv2d(4, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False), image)
case("conv3d", nn.Conv3d(2, 3, 2, padding=1), normal(1, 2, 3, 3, 2))
case("conv_transpose2d", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), image)
case("embedding", nn.Embedding(7, 3), torch.tensor([[0, 6, 2], [3, 3, 1]]))
case("max_pool2d", nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True), image)
case("max_pool2d_plain", nn.MaxPool2d(2), image)
case("avg_pool2d", nn.AvgPool2d((3, 2), stride=2, padding=1, ceil_mode=True, count_include_pad=False), image)
case("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((4, 2)), image)
case("adaptive_max_pool2d", nn.AdaptiveMaxPool2d(3), image)
case("batch_norm1d", nn.BatchNorm1d(5), normal(4, 5))
case("batch_norm1d_length", nn.BatchNorm1d(5, momentum=0.3), normal(2, 5, 3))
case("batch_norm2d", nn.BatchNorm2d(4, eps=1e-3), image)
norm = nn.BatchNorm2d(4).double()
norm(normal(3, 4, 2, 2) * 2 + 1)
case("batch_norm2d_eval", norm, image, training=False)
case("batch_norm2d_plain", nn.BatchNorm2d(4, affine=False), image)
case("batch_norm3d", nn.BatchNorm3d(2), normal(2, 2, 2, 3, 2))
case("layer_norm", nn.LayerNorm([6, 5]), image)
case("group_norm", nn.GroupNorm(2, 4), image)
case("local_response_norm", nn.LocalResponseNorm(3, 0.1, 0.6, 2.0), image)
case("flatten", nn.Flatten(), image)
for name, module in {
    "relu": nn.ReLU(), "relu6": nn.ReLU6(), "leaky_relu": nn.LeakyReLU(0.1), "elu": nn.ELU(0.7), "selu": nn.SELU(),
    "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "softplus": nn.Softplus(), "gelu": nn.GELU(), "gelu_tanh": nn.GELU("tanh"),
    "silu": nn.SiLU(), "hardswish": nn.Hardswish(), "softmax": nn.Softmax(1), "log_softmax": nn.LogSoftmax(2),
    "prelu": nn.PReLU(4),
}.items():
    case(name, module, 3 * normal(2, 4, 3))
case("maxout_linear", MaxoutLinear(5, 12), normal(3, 5))

logits, labels = normal(5, 4), torch.tensor([0, 3, 1, 2, 1])
weight = torch.tensor([0.5, 1.0, 2.0, 0.1], dtype=torch.float64)
tensors["cross_entropy_options/weight"] = weight
loss("cross_entropy", nn.CrossEntropyLoss(), logits, labels)
loss("cross_entropy_options", nn.CrossEntropyLoss(weight, ignore_index=1, label_smoothing=0.1, reduction="sum"), logits, labels)
loss("nll", nn.NLLLoss(), logits.log_softmax(1), labels)
loss("mse", nn.MSELoss(), logits, normal(5, 4))
loss("mse_none", nn.MSELoss(reduction="none"), logits, normal(5, 4))
loss("l1", nn.L1Loss(), logits, normal(5, 4))
loss("huber", nn.HuberLoss(delta=0.6), logits, normal(5, 4))
loss("smooth_l1", nn.SmoothL1Loss(beta=0.6), logits, normal(5, 4))
loss("bce_with_logits", nn.BCEWithLogitsLoss(), logits, torch.rand(5, 4, dtype=torch.float64))
loss("kl_div", nn.KLDivLoss(reduction="batchmean"), logits.log_softmax(1), normal(5, 4).softmax(1))
for name, module in {
    "celu": nn.CELU(0.75), "logsigmoid": nn.LogSigmoid(), "softsign": nn.Softsign(), "mish": nn.Mish(),
    "hardtanh": nn.Hardtanh(-0.5, 1.5), "threshold": nn.Threshold(0.5, -7),
    "hardshrink": nn.Hardshrink(0.3), "softshrink": nn.Softshrink(0.3), "tanhshrink": nn.Tanhshrink(), "glu": nn.GLU(1),
}.items():
    case(name, module, 3 * normal(2, 4, 3))


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        dtype = {torch.float64: "F64", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


save(here / "layers.safetensors", tensors)
tensors = {}


class ConvLSTM(nn.Module):
    """As fovea/nn/conv_lstm.h has it, step by step."""

    def __init__(self, inputs, hidden, kernel, layers):
        super().__init__()
        self.hidden = hidden
        for i in range(layers):
            cell = nn.Module()
            cell.conv_ih = nn.Conv2d(hidden if i else inputs, 4 * hidden, kernel, padding=kernel // 2)
            cell.conv_hh = nn.Conv2d(hidden, 4 * hidden, kernel, padding=kernel // 2, bias=False)
            self.add_module(f"cell_l{i}", cell)

    def forward(self, x):
        for cell in self.children():
            h = c = torch.zeros(x.shape[1], self.hidden, *x.shape[3:], dtype=x.dtype)
            outputs = []
            for frame in x:
                i, f, g, o = (cell.conv_ih(frame) + cell.conv_hh(h)).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                outputs.append(h)
            x = torch.stack(outputs)
        return x, (h, c)


def recurrent(name, module, x, *states, lengths=None):
    module.double()
    ins = {"x": x, **dict(zip("hc", states))}
    wanted = {**ins, **dict(module.named_parameters())}
    for t in ins.values():
        t.requires_grad_()
    arguments = (x,) if not states else (x, states[0] if len(states) == 1 else states)
    if lengths is not None:
        tensors[f"{name}/in/lengths"] = torch.tensor(lengths)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, module.batch_first, enforce_sorted=False)
        out = module(packed, *arguments[1:])
        padded = nn.utils.rnn.pad_packed_sequence(out[0], module.batch_first, total_length=x.shape[int(module.batch_first)])
        out = (padded[0], out[1])
    else:
        out = module(*arguments)
    if isinstance(module, nn.RNNCellBase):
        outs = dict(zip("hc", out if isinstance(out, tuple) else (out,)))
    else:
        outs = {"y": out[0], **dict(zip("hc", out[1] if isinstance(out[1], tuple) else (out[1],)))}
    loss = sum((o * torch.cos(torch.arange(o.numel(), dtype=torch.float64)).reshape(o.shape)).sum() for o in outs.values())
    for key, gradient in zip(wanted, torch.autograd.grad(loss, wanted.values())):
        tensors[f"{name}/gradient/{key}"] = gradient
    for kind, named in (("weights", module.state_dict()), ("in", ins), ("out", outs)):
        for key, value in named.items():
            tensors[f"{name}/{kind}/{key}"] = value


recurrent("rnn", nn.RNN(4, 5), normal(6, 3, 4))
recurrent("rnn_relu", nn.RNN(4, 5, 2, nonlinearity="relu"), normal(6, 3, 4), normal(2, 3, 5))
recurrent("rnn_bidirectional", nn.RNN(4, 5, 2, bidirectional=True), normal(6, 3, 4), normal(4, 3, 5))
recurrent("lstm", nn.LSTM(4, 5), normal(6, 3, 4))
recurrent("lstm_no_bias", nn.LSTM(4, 8, bias=False, batch_first=True), normal(3, 6, 4))
recurrent("lstm_layers", nn.LSTM(4, 5, 2), normal(6, 3, 4), normal(2, 3, 5), normal(2, 3, 5))
recurrent("lstm_bidirectional", nn.LSTM(4, 5, 2, bidirectional=True, batch_first=True), normal(3, 6, 4), normal(4, 3, 5), normal(4, 3, 5))
recurrent("lstm_one_step", nn.LSTM(2, 3), normal(1, 1, 2))
recurrent("gru", nn.GRU(4, 5), normal(6, 3, 4))
recurrent("gru_layers", nn.GRU(4, 8, 2, batch_first=True), normal(3, 6, 4), normal(2, 3, 8))
recurrent("gru_bidirectional", nn.GRU(4, 5, 2, bidirectional=True), normal(6, 3, 4), normal(4, 3, 5))
recurrent("rnn_cell", nn.RNNCell(4, 5, nonlinearity="relu"), normal(3, 4), normal(3, 5))
recurrent("lstm_cell", nn.LSTMCell(4, 5), normal(3, 4), normal(3, 5), normal(3, 5))
recurrent("gru_cell", nn.GRUCell(4, 5, bias=False), normal(3, 4), normal(3, 5))
recurrent("rnn_lengths", nn.RNN(4, 5), normal(6, 3, 4), lengths=[6, 1, 4])
recurrent("lstm_lengths", nn.LSTM(4, 5, 2, bidirectional=True, batch_first=True), normal(3, 6, 4), normal(4, 3, 5), normal(4, 3, 5),
          lengths=[2, 6, 5])
recurrent("gru_lengths", nn.GRU(4, 5, 2, bidirectional=True), normal(6, 3, 4), normal(4, 3, 5), lengths=[1, 3, 5])
recurrent("conv_lstm", ConvLSTM(2, 3, 3, 2), normal(4, 2, 2, 5, 4))
save(here / "recurrent.safetensors", tensors)

"""PyTorch: python torch_worker.py CONFIG THREADS; see worker.py for what it reads and answers.

CONFIG is eager (NCHW), channels_last, compile (inductor; freezing for inference) or compile_max (with
max-autotune-no-cudagraphs).
"""
import sys

import torch
from torch.nn import functional as F

import networks
from worker import serve

LEARNING_RATE = 1e-4  # keeps values in a normal range however long the same batch is repeated


def optimizer_of(net, workload):
    """Fused, which is the fastest of the three implementations for every network of the race."""
    decay = 0 if workload == "xor" else 5e-4
    return torch.optim.SGD(net.parameters(), LEARNING_RATE, momentum=0.9, weight_decay=decay, fused=True)


def compiled(function, config):
    if not config.startswith("compile"):
        return function
    return torch.compile(function, mode="max-autotune-no-cudagraphs" if config == "compile_max" else None, dynamic=False)


def training_step(workload, batch, config):
    net, x, target = networks.make(workload, batch)
    net.train()
    net, x = in_format(net, x, config)
    optimizer = optimizer_of(net, workload)
    loss_of = F.mse_loss if workload == "xor" else F.cross_entropy
    loss_and_net = compiled(lambda x, target: loss_of(net(x), target), config)

    def step():
        optimizer.zero_grad()
        loss_and_net(x, target).backward()
        optimizer.step()

    return step


def prediction(workload, batch, config):
    net, x, _ = networks.make(workload, batch)
    net.eval()
    net, x = in_format(net, x, config)
    forward = compiled(net, config)

    def step():
        with torch.inference_mode():
            forward(x)

    return step


def in_format(net, x, config):
    if config != "channels_last":
        return net, x
    if x.dim() != 4:
        raise ValueError("channels_last is for images")
    return net.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)


def main():
    config, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    if config.startswith("compile"):
        import torch._inductor.config as inductor

        inductor.freezing = True  # weights are constants of a prediction; training is not concerned

    def build(workload, batch, mode):
        return (training_step if mode == "train" else prediction)(workload, batch, config)

    serve(build, f"torch {torch.__version__} {config}")


main()

"""LeNet-5 on MNIST to 99 % of the test images, as quick as PyTorch does it: python mnist_99.py FOLDER THREADS.

All images are decoded once and stay in memory as one tensor, batches are slices of it by a shuffled index; no DataLoader,
whose processes and per-image calls cost more than the network.
"""
import gzip
import pathlib
import sys

import torch
from torch.nn import functional as F

import networks

EPOCHS, BATCH, TEST_BATCH, LEARNING_RATE = 2, 64, 1000, 0.1
GOAL = 0.99


def idx(file, header):
    with gzip.open(file) as f:
        return torch.frombuffer(bytearray(f.read()), dtype=torch.uint8, offset=header)


def load(folder, part):
    images = idx(folder / f"{part}-images-idx3-ubyte.gz", 16).view(-1, 1, 28, 28).float().div_(255).sub_(0.1307).div_(0.3081)
    return images, idx(folder / f"{part}-labels-idx1-ubyte.gz", 8).long()


def accuracy(net, images, labels):
    net.eval()
    with torch.inference_mode():
        right = sum((net(x).argmax(1) == y).sum().item()
                    for x, y in zip(images.split(TEST_BATCH), labels.split(TEST_BATCH)))
    net.train()
    return right / len(labels)


def main():
    folder, threads = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    images, labels = load(folder, "train")
    test = load(folder, "t10k")
    net = networks.lenet5().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), LEARNING_RATE, momentum=0.9, weight_decay=5e-4, nesterov=True, fused=True)
    steps = EPOCHS * -(-len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.2,
                                                   cycle_momentum=True)
    for epoch in range(EPOCHS):
        for batch in torch.randperm(len(labels)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(net(images[batch]), labels[batch], label_smoothing=0.1).backward()
            optimizer.step()
            schedule.step()
        reached = accuracy(net, *test)
        print(f"epoch {epoch + 1}: {100 * reached:.2f} %", flush=True)
        if reached >= GOAL:
            print("reached")
            return
    sys.exit(1)


main()

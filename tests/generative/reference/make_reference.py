#!/usr/bin/env python3
"""What PyTorch computes in f64 for generative networks (made with torch 2.15.0: pip install torch torchvision numpy).

Weights, examples and noise come from the formula of tests/zoo/reference/make_reference.py, which the test repeats. Writes
reference.json beside this script:
  vae    784-32-5 as PyTorch's example of a VAE computes it, with Bernoulli units: for each of 4 examples the cross-entropy (nll)
         and the KL divergence, and the gradient of the mean of their sum: its sum and the sum of its magnitudes, by parameter
  dcgan  generator and discriminator of PyTorch's DCGAN tutorial with ngf = ndf = 8 in training mode: some pixels of 3 made
         images, their sum of magnitudes, and the probabilities that the discriminator gives to given images
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent.parent / "zoo/reference"))
from make_reference import fill, value  # noqa: E402


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.ModuleList([nn.Linear(784, 32)]), nn.ModuleList([nn.Linear(5, 32), nn.Linear(32, 784)])
        self.mean, self.log_var = nn.Linear(32, 5), nn.Linear(32, 5)

    def forward(self, x, noise):
        h = F.relu(self.encoder[0](x))
        mean, log_var = self.mean(h), self.log_var(h)
        z = mean + torch.exp(0.5 * log_var) * noise
        y = torch.sigmoid(self.decoder[1](F.relu(self.decoder[0](z))))
        nll = F.binary_cross_entropy(y, x, reduction="none").sum(1)
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp(), 1)
        return nll, kl


class Generator(nn.Module):
    def __init__(self, ngf=8, nz=100, nc=3):
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, ngf * 8, 4, 1, 0, bias=False), nn.BatchNorm2d(ngf * 8), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf * 4), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf * 2), nn.ReLU(True),
            nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(True),
            nn.ConvTranspose2d(ngf, nc, 4, 2, 1, bias=False), nn.Tanh())

    def forward(self, x):
        return self.main(x)


class Discriminator(nn.Module):
    def __init__(self, ndf=8, nc=3):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 2), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 2, ndf * 4, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 4), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 4, ndf * 8, 4, 2, 1, bias=False), nn.BatchNorm2d(ndf * 8), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf * 8, 1, 4, 1, 0, bias=False), nn.Sigmoid())

    def forward(self, x):
        return self.main(x)


def vae():
    net = VAE()
    with torch.no_grad():
        fill(net)
    net.double()
    x, noise = (value((4, 784), 100) + 1) / 2, value((4, 5), 101)
    nll, kl = net(x, noise)
    (nll + kl).mean().backward()
    gradients = {name: [p.grad.sum().item(), p.grad.abs().sum().item()] for name, p in net.named_parameters()}
    return {"nll": nll.tolist(), "kl": kl.tolist(), "gradients": gradients}


def dcgan():
    generator, discriminator = Generator(), Discriminator()
    with torch.no_grad():
        for net in (generator, discriminator):
            fill(net)
            net.double().train()
        made = generator(value((3, 100, 1, 1), 102))
        judged = discriminator(value((3, 3, 64, 64), 100))
    return {"pixels": made.flatten()[::1543].tolist(), "magnitude": made.abs().sum().item(), "judged": judged.flatten().tolist()}


if __name__ == "__main__":
    (pathlib.Path(__file__).parent / "reference.json").write_text(json.dumps({"vae": vae(), "dcgan": dcgan()}, indent=0) + "\n")

"""The networks of the race in PyTorch, those of torchvision as it defines them."""
import torch
from torch import nn
from torch.nn import functional as F

IMAGE_SIDE, CLASSES = 224, 1000  # of the networks for ImageNet


def xor():
    return nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True),
        nn.Linear(84, 10))


class CifarBlock(nn.Module):
    """He et al. 2015, section 4.2: shortcuts without parameters (option A)."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.new = stride, (channels - channels_in) // 2

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.new:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.new, self.new))
        return F.relu(y + x, inplace=True)


def resnet20():
    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    channels = 16
    for width in (16, 32, 64):
        for _ in range(3):
            layers.append(CifarBlock(channels, width, 2 if width != channels else 1))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Lstm(nn.Module):
    """The rows of an image are the sequence, the last hidden state tells the class."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(28, 128, batch_first=True)
        self.fc = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


# name: (constructor, shape of one input, number of classes)
SMALL = {
    "xor": (xor, (2,), 1),
    "mlp": (mlp, (1, 28, 28), 10),
    "lenet5": (lenet5, (1, 28, 28), 10),
    "resnet20": (resnet20, (3, 32, 32), 10),
    "lstm": (Lstm, (28, 28), 10),
}
TORCHVISION = ("alexnet", "vgg11", "resnet18", "resnet50", "mobilenet_v2")


def make(name, batch):
    """The network and a batch of constant random data: inputs and, for xor, values, else labels."""
    torch.manual_seed(0)
    if name in SMALL:
        construct, shape, classes = SMALL[name]
        net = construct()
    elif name in TORCHVISION:
        import torchvision  # here, so that the start of small networks does not pay for it

        shape, classes = (3, IMAGE_SIDE, IMAGE_SIDE), CLASSES
        net = getattr(torchvision.models, name)(weights=None)
    else:
        raise ValueError(f"there is no network {name}")
    target = torch.rand(batch, 1) if name == "xor" else torch.randint(classes, (batch,))
    return net, torch.randn(batch, *shape), target

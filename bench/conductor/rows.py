"""The rows of the race: what is measured, and by which factor the best peer's time has to be above ours."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Row:
    net: str
    batch: int
    mode: str  # train or predict
    must: float
    aim: float

    @property
    def name(self):
        return f"{self.net} b{self.batch} {self.mode}"

    @property
    def request(self):
        return f"{self.net} {self.batch} {self.mode}"


TRAINING = [
    Row("xor", 4, "train", 50, 500),
    Row("mlp", 1, "train", 5, 9),
    Row("mlp", 32, "train", 2.5, 3.4),
    Row("mlp", 128, "train", 1.5, 1.9),
    Row("lenet5", 64, "train", 2, 4),
    Row("resnet20", 128, "train", 1.5, 2.2),
    Row("alexnet", 32, "train", 1.4, 2),
    Row("vgg11", 8, "train", 2.5, 3.5),
    Row("resnet18", 16, "train", 1.7, 2.3),
    Row("resnet50", 8, "train", 1.3, 1.8),
    Row("mobilenet_v2", 16, "train", 1.5, 2.5),
    Row("lstm", 64, "train", 1.8, 2.5),
]
PREDICTION = [
    Row(net, batch, "predict", 1.2, 2)
    for batch in (1, 32)
    for net in ("lenet5", "resnet20", "resnet18", "alexnet", "vgg11", "resnet50", "mobilenet_v2")
]
# (name, must, aim) of what is no step; the last one is a bound on our own slowdown, not a ratio to a peer.
MNIST = ("mnist to 99 %", 3, 8)
START = ("start to first step", 20, 50)
MEMORY = ("memory of a step", 1 / 0.8, 1 / 0.6)
NEIGHBOUR = ("busy neighbour", 2.2, 2.2)

# Steps that are measured once more beside a busy process.
DISTURBED = [row for row in TRAINING if row.name in ("lenet5 b64 train", "resnet20 b128 train")]
FIRST_STEP = "lenet5 64 train"

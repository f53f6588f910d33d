#!/usr/bin/env python3
"""The work of `fovea bench pipeline` in OpenCV and torchvision: pipeline.py FOLDER [seconds] [threads], prints JSON.

OpenCV: `threads` processes of one thread. torchvision: a DataLoader with as many workers, with PIL (the usual ImageFolder) and
with torchvision's own decoder.
"""
import json
import math
import multiprocessing
import pathlib
import random
import sys
import time

import cv2
import numpy
import torch
import torchvision
from torchvision.transforms import v2

folder = sys.argv[1]
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 3
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
FILES = sorted(str(p) for p in pathlib.Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg"))
EXAMPLES, BATCH, SIDE = max(768, len(FILES)), 64, 224
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def window(height, width):
    """torchvision's RandomResizedCrop."""
    for _ in range(10):
        area = height * width * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, height - h), random.randint(0, width - w), h, w
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def opencv(seed):
    cv2.setNumThreads(1)
    random.seed(seed)
    batch = numpy.empty((BATCH, 3, SIDE, SIDE), numpy.float32)
    mean, std = numpy.float32(MEAN), numpy.float32(STD)
    done, start = 0, None
    while start is None or time.perf_counter() - start < seconds:
        if done == 20 and start is None:
            start, done = time.perf_counter(), 0
        path = FILES[random.randrange(len(FILES))]
        image = cv2.cvtColor(cv2.imdecode(numpy.fromfile(path, numpy.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        top, left, height, width = window(*image.shape[:2])
        image = cv2.resize(image[top:top + height, left:left + width], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        if random.random() < 0.5:
            image = cv2.flip(image, 1)
        image = image.astype(numpy.float32)
        image *= 1 / 255
        image -= mean
        image /= std
        cv2.split(image, [batch[done % BATCH, c] for c in range(3)])
        done += 1
    return done / (time.perf_counter() - start)


class Files(torch.utils.data.Dataset):
    def __init__(self, read, transform):
        self.read, self.transform = read, transform

    def __len__(self):
        return EXAMPLES

    def __getitem__(self, index):
        return self.transform(self.read(FILES[index % len(FILES)])), 0


def pil(path):
    from PIL import Image
    with open(path, "rb") as file:
        return Image.open(file).convert("RGB")


def own(path):
    return torchvision.io.decode_jpeg(torchvision.io.read_file(path), mode=torchvision.io.ImageReadMode.RGB)


def loader(read, to_float):
    transform = v2.Compose([v2.RandomResizedCrop(SIDE, antialias=True), v2.RandomHorizontalFlip(), *to_float, v2.Normalize(MEAN, STD)])
    batches = torch.utils.data.DataLoader(Files(read, transform), BATCH, shuffle=True, drop_last=True, num_workers=threads,
                                          persistent_workers=True)
    for _ in batches:  # the workers start, the files are in memory
        pass
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for images, _ in batches:
            done += len(images)
            if time.perf_counter() - start > seconds:
                break
    return done / (time.perf_counter() - start)


def main():
    with multiprocessing.Pool(threads) as pool:
        figures = {"OpenCV": sum(pool.map(opencv, range(threads), chunksize=1))}
    image_to_float = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    figures["torchvision DataLoader, PIL"] = loader(pil, image_to_float)
    figures["torchvision DataLoader, decode_jpeg"] = loader(own, [v2.ToDtype(torch.float32, scale=True)])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

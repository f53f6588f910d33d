#!/usr/bin/env python3
"""What bench/augment.cpp measures, in torchvision's transforms.v2: augment.py [seconds per row] [threads]

Each row runs twice: as `threads` processes of one thread, as a DataLoader's workers, and as one process of `threads` threads. The
better of the two counts.
"""
import multiprocessing
import sys
import time

import torch
from torchvision.transforms import InterpolationMode, v2

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 1
threads = int(sys.argv[2]) if len(sys.argv) > 2 else 2


def photo(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.arange(width)[None, :], torch.arange(height)[:, None]
    waves = torch.stack([110 + 90 * torch.sin(x * (c + 1) / 40) * torch.cos(y / 30) for c in range(3)])
    return (waves + 30 * torch.rand(waves.shape, generator=generator)).to(torch.uint8)


policy = v2.RandAugment()
MAGNITUDES = {"Posterize": 7, "TranslateX": 30, "TranslateY": 30, "Rotate": 9}


def change(name):
    m = MAGNITUDES.get(name, 0.27)
    return lambda x: policy._apply_image_or_video_transform(x, name, m, InterpolationMode.NEAREST, policy._fill)


ROWS = {"RandAugment(2)": v2.RandAugment(2), "TrivialAugmentWide(31)": v2.TrivialAugmentWide(31),
        "ColorJitter(0.4, 0.4, 0.4, 0.1)": v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
        **{name: change(name) for name in v2.RandAugment._AUGMENTATION_SPACE}}
PHOTO = "crop, resize, flip, normalize"
ROWS[PHOTO] = v2.Compose([v2.RandomResizedCrop(224, antialias=True), v2.RandomHorizontalFlip(),
                          v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def run(arguments):
    name, own_threads = arguments
    torch.set_num_threads(own_threads)
    images = [photo(375, 500, 99)] if name == PHOTO else [photo(224, 224, i) for i in range(16)]
    transform, done = ROWS[name], 0
    for image in images[:3]:
        transform(image)
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        transform(images[done % len(images)])
        done += 1
    return done / spent


with multiprocessing.Pool(threads) as pool:
    for name in ROWS:
        apart = sum(pool.map(run, [(name, 1)] * threads, chunksize=1))
        together = pool.apply(run, ((name, threads),))
        print(f"{name:<44} {max(apart, together):>10.0f} images/s   ({apart:.0f} apart, {together:.0f} together)", flush=True)

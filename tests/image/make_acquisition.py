# Makes the reference values of acquisition_test.cpp, by implementations that are not ours.
#   python make_acquisition.py FOLDER        (numpy, scipy 1.17, flirimageextractor 1.5; FOLDER is tests/image/data)
# hilbert.tsv: a signal on one line, |scipy.signal.hilbert| of it on the next.
# scan_lines.npy, scan_linear.npy, scan_convex.npy: lines, and where scipy.ndimage.map_coordinates puts them.
# thermal.tsv: raw counts, emissivity, distance, reflected, air, window temperature, its transmission, humidity, R1, B, F, O, R2; degrees Celsius.
import os
import sys

import numpy as np
import scipy.ndimage
import scipy.signal
from flirimageextractor import FlirImageExtractor

folder = sys.argv[1]
rng = np.random.default_rng(17)
path = lambda name: os.path.join(folder, name)


def row(values):
    return "\t".join(f"{float(v):.9g}" for v in values) + "\n"


with open(path("hilbert.tsv"), "w") as out:
    for n in (1, 2, 3, 8, 37, 64, 100):
        t = np.arange(n)
        signal = rng.normal(0, 0.2, n) + np.exp(-(((t - n / 2) / (n / 6)) ** 2)) * np.cos(0.9 * t)
        out.write(row(signal) + row(np.abs(scipy.signal.hilbert(signal))))

lines = rng.normal(0, 10, (12, 9)).astype(np.float32)
np.save(path("scan_lines.npy"), lines)
spacing = 1000 * 1500 / (2 * 1e6)  # millimetres from sample to sample


def picture(xs, zs, sample_of, line_of):
    x, z = np.meshgrid(xs, zs)
    sample, line = sample_of(x, z), line_of(x, z)
    seen = scipy.ndimage.map_coordinates(lines.astype(float), [sample.clip(0, 11), line.clip(0, 8)], order=1)
    inside = (sample > -1e-6) & (sample < 11 + 1e-6) & (line > -1e-6) & (line < 8 + 1e-6)
    return np.where(inside, seen, np.nan).astype(np.float32)


pixel = 0.31
centred = lambda width: (np.arange(int(width / pixel + 1e-6) + 1) - int(width / pixel + 1e-6) / 2) * pixel
down = lambda top, bottom: top + np.arange(int((bottom - top) / pixel + 1e-6) + 1) * pixel
pitch, start = 0.4, 2.0
np.save(path("scan_linear.npy"), picture(centred(8 * pitch), down(start, start + 11 * spacing), lambda x, z: (z - start) / spacing, lambda x, z: x / pitch + 4))
radius, half = 15.0, np.radians(35)
far = radius + start + 11 * spacing
convex = picture(
    centred(2 * far * np.sin(half)),
    down((radius + start) * np.cos(half) - radius, far - radius),
    lambda x, z: (np.sqrt(x**2 + (z + radius) ** 2) - radius - start) / spacing,
    lambda x, z: (np.arcsin(x / np.sqrt(x**2 + (z + radius) ** 2)) / half + 1) * 4,
)
np.save(path("scan_convex.npy"), convex)

with open(path("thermal.tsv"), "w") as out:
    for _ in range(24):
        e, od, ir_window = rng.uniform(0.5, 1), rng.uniform(0, 30), rng.uniform(0.7, 1)
        reflected, air, window, rh = *rng.uniform(-10, 40, 3), rng.uniform(5, 95)
        r1, b, f, o, r2 = rng.uniform(14000, 22000), rng.uniform(1380, 1520), rng.choice([1.0, 1.4]), -int(rng.uniform(500, 7400)), rng.uniform(0.010, 0.05)
        raw = int(r1 / (r2 * (np.exp(b / (273.15 + rng.uniform(0, 200))) - f)) - o)
        celsius = FlirImageExtractor.raw2temp(raw, e, od, reflected, air, window, ir_window, rh, r1, b, f, o, r2)
        out.write(row([raw, e, od, reflected, air, window, ir_window, rh / 100, r1, b, f, o, r2, celsius]))

# Makes the reference files of tests/image/data from independent decoders (Pillow, and PngSuite's published arrays).
#   python make_reference.py data EXPECTED_RGBA.tsv
# expected.tsv: file, colour model, shape, depth, CRC-32 of the pixels (u8, or u16 little endian).
# EXPECTED_RGBA.tsv lists the SHA-256 of PngSuite's RGBA arrays: a file is only listed if Pillow's or its own plain decoding
# below agrees with them.
import glob
import hashlib
import os
import sys
import zlib

import numpy as np
from PIL import Image

folder = sys.argv[1]
published = {}
for line in open(sys.argv[2]):
    fields = line.rstrip("\n").split("\t")
    if len(fields) == 5:
        published[fields[0]] = fields[4]


def png_pixels(path):
    """A plain decoder of non-interlaced and interlaced PNG: chunks, zlib, filters, samples. Slow and independent."""
    data = open(path, "rb").read()
    at, packed, palette, transparent = 8, b"", None, None
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        kind, body = data[at + 4:at + 8], data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            depth, color, interlace = body[8], body[9], body[12]
        if kind == b"PLTE":
            palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        if kind == b"tRNS":
            transparent = body
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    raw, at = zlib.decompress(packed), 0
    out = np.zeros((height, width, channels), np.int64)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    for y0, x0, dy, dx in passes if interlace else [(0, 0, 1, 1)]:
        rows, columns = len(range(y0, height, dy)), len(range(x0, width, dx))
        if rows == 0 or columns == 0:
            continue
        row_bytes, step = (columns * channels * depth + 7) // 8, max(1, channels * depth // 8)
        previous = bytearray(row_bytes)
        for r in range(rows):
            rule, row = raw[at], bytearray(raw[at + 1:at + 1 + row_bytes])
            at += 1 + row_bytes
            for i in range(row_bytes):
                a = row[i - step] if i >= step else 0
                b, c = previous[i], previous[i - step] if i >= step else 0
                p = a + b - c
                paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
                row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[rule]) & 255
            previous = row
            bits = np.unpackbits(np.frombuffer(bytes(row), np.uint8))[:columns * channels * depth]
            samples = bits.reshape(-1, depth).astype(np.int64) @ (1 << np.arange(depth - 1, -1, -1))
            out[y0 + r * dy, x0::dx] = samples.reshape(columns, channels)
    dtype, top = (np.uint16, 65535) if depth == 16 else (np.uint8, 255)
    if color == 3:
        alpha = np.full(256, 255, np.uint8)
        alpha[:len(transparent or b"")] = np.frombuffer(transparent or b"", np.uint8)
        table = np.zeros((256, 3), np.uint8)
        table[:len(palette)] = palette
        out = table[out[:, :, 0]] if transparent is None else np.concatenate(
            [table[out[:, :, 0]], alpha[out]], 2)
        return out.astype(np.uint8), {3: "RGB", 4: "RGBA"}[out.shape[2]], depth
    scaled = out * (top // ((1 << depth) - 1))
    if transparent is not None:
        key = np.frombuffer(transparent, ">u2").astype(np.int64) & ((1 << depth) - 1)
        scaled = np.concatenate([scaled, np.where((out == key).all(2, keepdims=True), 0, top)], 2)
    return scaled.astype(dtype), {1: "gray", 2: "gray+alpha", 3: "RGB", 4: "RGBA"}[scaled.shape[2]], depth


def rgba(pixels):
    top = 65535 if pixels.dtype == np.uint16 else 255
    n = pixels.shape[2]
    alpha = pixels[:, :, -1:] if n in (2, 4) else np.full_like(pixels[:, :, :1], top)
    return np.concatenate([np.repeat(pixels[:, :, :1], 3, 2) if n < 3 else pixels[:, :, :3], alpha], 2)


def make_jpegs(photo):
    """Kinds of JPEG that the collected files lack."""
    photo.save(f"{folder}/made_progressive_444.jpg", quality=60, progressive=True, subsampling=0)
    photo.save(f"{folder}/made_422.jpg", quality=60, subsampling=1)
    photo.resize((40, 24)).convert("CMYK").save(f"{folder}/made_cmyk.jpg", quality=90)
    photo.resize((17, 13)).convert("L").save(f"{folder}/made_gray_17x13.jpg", quality=90)


def make_resized(photo):
    filters = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
    for name, how in filters.items():
        photo.resize((31, 20), how).save(f"{folder}/resize_{name}_20x31.png")
    patch = photo.crop((60, 40, 90, 60))
    patch.save(f"{folder}/resize_patch_20x30.png")
    for name, how in filters.items():
        patch.resize((41, 47), how).save(f"{folder}/resize_{name}_47x41.png")
    photo.convert("L").save(f"{folder}/testorig_gray.png")
    photo.convert("L").resize((48, 100), Image.BILINEAR).save(f"{folder}/resize_gray_100x48.png")
    ink = Image.open(f"{folder}/pil_sample_cmyk.jpg")
    ink.crop((20, 30, 60, 60)).convert("RGB").save(f"{folder}/pil_sample_cmyk_as_rgb.png")


photo = Image.open(f"{folder}/testorig.jpg")
make_jpegs(photo)
make_resized(photo)

with open(f"{folder}/expected.tsv", "w") as out:
    for path in sorted(glob.glob(f"{folder}/*.jpg") + glob.glob(f"{folder}/*.png")):
        name = os.path.basename(path)
        if name.startswith(("x", "crashers_", "truncated", "resize_", "testorig_gray", "pil_sample_cmyk_as")):
            continue
        if name.endswith(".png"):
            pixels, color, depth = png_pixels(path)
            if name in published:
                assert hashlib.sha256(rgba(pixels).tobytes()).hexdigest() == published[name], name
        else:
            image = Image.open(path)
            pixels = np.asarray(image)
            pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
            color, depth = {"L": "gray", "RGB": "RGB", "CMYK": "CMYK"}[image.mode], 8
        shape = "({})".format(",".join(map(str, pixels.shape)))
        out.write(f"{name}\t{color}\t{shape}\t{depth}\t{zlib.crc32(pixels.tobytes()):08x}\n")

#!/usr/bin/env python3
"""Reads every image of a folder with fovea and with independent readers, and compares size, frames, channels and pixels.

    python conformance.py FOVEA FOLDER [--list]      FOVEA is the program, e.g. build/release/fovea

BY_HAND lists the files where they are all wrong. Needs numpy, pillow, tifffile, imagecodecs and pydicom. For each file the first frame is compared. A row of the table is a format:
files tried; right (equal to a reader, or within 2 of 255 where both use lossy arithmetic); refused by fovea and by every reader;
refused by fovea alone, with its reason; read by fovea alone; wrong. --list prints the files of the last three.
If FOLDER holds formats/png/pngsuite/expected_rgba.tsv, PngSuite's published pixels are one more reader.
"""
import collections
import hashlib
import multiprocessing
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import PIL.Image
import pydicom
import tifffile

warnings.simplefilter("ignore")
PIL.Image.MAX_IMAGE_PIXELS = 179_000_000
SECONDS = 60
# Where every reader at hand is known to be wrong, and what has been compared instead.
BY_HAND = {
    "q_rgb32-111110.bmp": "masks of 11, 11 and 10 bits, which Pillow takes for bytes: equals bmpsuite's rgb24pal.bmp within one",
    "12bit_random12_100x91_islow_4x1+2x2+1x2_Q100+99+98_rst2.jpg": "noise of 12 bits, brightness sub-sampled too: DCMTK repeats "
    "samples where libjpeg-turbo 3 interpolates; colour differences are equal",
    "rgba16-1924.bmp": "masks of 1, 9, 2 and 4 bits, as above: equals q_rgba32.bmp within their steps",
    "rgba32-61754.bmp": "masks of 6, 17, 5 and 4 bits, as above: equals q_rgba32.bmp within their steps",
}
OTHER = {".npz", ".tsv", ".md", ".json", ".idx", ".gz", ".safetensors", ".pt", ".pth", ".txt", ".onnx"}


def by_fovea(program, path):
    """(pixels, None) or (None, reason)."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/x.npy"
        try:
            run = subprocess.run([program, "show", str(path), "rows=0", f"out={out}"], capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return None, "CRASH: hangs"
        if run.returncode not in (0, 1):
            return None, f"CRASH: exit code {run.returncode} {run.stderr[-200:]}"
        if run.returncode == 1:
            return None, run.stderr.strip().replace(str(path), "FILE").replace("fovea show: ", "")
        return np.load(out), None


def with_channels(a):
    return a[:, :, None] if a.ndim == 2 else a


def by_pillow(path):
    image = PIL.Image.open(path)
    image.load()
    views = []
    if image.mode == "P":
        views = [image.convert("RGB"), image.convert("RGBA")]
    elif image.mode == "1":
        views = [image.convert("L")]
    elif image.mode == "LAB":
        a = np.asarray(image).copy()
        views = [a]
    elif image.mode in ("RGB", "L") and "transparency" in image.info:
        views = [image.convert("RGBA"), image]
    elif image.mode == "PA":
        views = [image.convert("RGBA")]
    elif image.mode == "CMYK":
        views = [image, 255 - np.asarray(image)]
    else:
        views = [image]
    return [with_channels(np.asarray(v)) for v in views]


def by_tifffile(path):
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        a = page.asarray()
        axes = page.axes
        if "S" in axes and axes.index("S") == 0:
            a = np.moveaxis(a, 0, -1)
        a = a.reshape(page.imagelength, page.imagewidth, -1) if a.ndim != 2 else a
        kind, bits = page.photometric, page.bitspersample
        if kind == tifffile.PHOTOMETRIC.PALETTE:
            colors = np.moveaxis(np.asarray(page.colormap), 0, 1)
            a = (colors[a.reshape(page.imagelength, page.imagewidth)] >> (8 if colors.max() > 255 else 0)).astype(np.uint8)
        if a.dtype == bool:
            a = a.astype(np.uint8)
        if bits < 8 and kind != tifffile.PHOTOMETRIC.PALETTE:
            a = np.round(a.astype(float) * 255 / (2**bits - 1)).astype(np.uint8)
        if kind == tifffile.PHOTOMETRIC.MINISWHITE and 262 in page.tags and a.dtype.kind == "u":
            top = 255 if bits <= 8 else 2**bits - 1
            a = (top - a.astype(np.int64)).astype(a.dtype)
        if kind == tifffile.PHOTOMETRIC.CIELAB and a.dtype.kind == "u":
            a = with_channels(a).copy()
            a[:, :, 1:] ^= 0x80 if a.dtype == np.uint8 else 0x8000
    return [with_channels(a)]


def by_pydicom(path):
    data = pydicom.dcmread(path, force=True)
    a = data.pixel_array
    frames = int(data.get("NumberOfFrames", 1) or 1)
    if frames > 1:
        a = a[0]
    if data.PhotometricInterpretation == "PALETTE COLOR":
        a = pydicom.pixels.apply_color_lut(a, data)
        if a.dtype == np.uint16:
            a = (a >> 8).astype(np.uint8) if a.max() > 255 else a.astype(np.uint8)
        return [a]
    views = [with_channels(a)]
    if a.ndim == 3 and a.dtype == np.uint8:
        y, b, r = (a[:, :, i].astype(float) for i in range(3))
        rgb = np.stack([y + 1.402 * (r - 128), y - 0.344136 * (b - 128) - 0.714136 * (r - 128), y + 1.772 * (b - 128)], 2)
        views.append(np.clip(np.round(rgb), 0, 255).astype(np.uint8))
    return views


def by_rawest(path):
    """Readers of exotic JPEG, WebP and others through imagecodecs."""
    import imagecodecs
    data = pathlib.Path(path).read_bytes()
    a = imagecodecs.imread(data)
    return [with_channels(a)]


def alone(reader, path):
    """What the reader says, from a process of its own: some crash or hang on damaged files."""
    def work(pipe):
        try:
            pipe.send((reader(path), None))
        except BaseException as error:  # readers fail in every possible way
            pipe.send(([], f"{type(error).__name__} {str(error)[:60]}"))

    receive, send = multiprocessing.Pipe(False)
    process = multiprocessing.get_context("fork").Process(target=work, args=(send,))
    process.start()
    send.close()
    try:
        return receive.recv() if receive.poll(SECONDS) else ([], "hangs")
    except EOFError:
        return [], "crashes"
    finally:
        process.kill()
        process.join()


def equal(mine, theirs):
    """exact, close or a reason why not"""
    if mine.shape[:2] != theirs.shape[:2]:
        return f"size {mine.shape} against {theirs.shape}"
    a, b = mine, theirs
    if mine.shape[2] == 4 and theirs.shape[2] == 3 and (mine[:, :, 3] < 255).any() and mine.dtype == theirs.dtype:
        # a reader without transparency has put a ground under the picture
        return "exact" if np.array_equal(a[:, :, :3][a[:, :, 3] > 0], b[a[:, :, 3] > 0]) else "pixels differ where they are opaque"
    if a.shape[2] != b.shape[2]:
        # one of them has dropped an alpha channel that is full, or repeated gray
        small, large = (a, b) if a.shape[2] < b.shape[2] else (b, a)
        if small.shape[2] == 1 and large.shape[2] >= 3:
            small = np.repeat(small, 3, 2)
        if large.shape[2] in (2, 4):
            full = np.iinfo(large.dtype).max if large.dtype.kind == "u" else 1
            if (large[:, :, -1] == full).all():
                large = large[:, :, :-1]
            elif large.shape[2] == 2:
                large = large[:, :, :1]
        if small.shape[2] != large.shape[2]:
            return f"channels {mine.shape} against {theirs.shape}"
        a, b = small, large
    if a.dtype == np.uint16 and b.dtype == np.uint8:
        # the reader has thrown away the low bits, and with them faint alpha
        if a.shape[2] == 4:
            a, b = a[b[:, :, 3] > 8], b[b[:, :, 3] > 8]
            return "close" if a.size == 0 or np.abs(a / 257.0 - b).max() <= 32 else "depth: 16 bits against the reader's 8"
        return "close" if np.abs(a / 257.0 - b).max() <= 1.01 else "depth: 16 bits against the reader's 8"
    if a.dtype == np.uint8 and b.dtype == np.uint16 and b.max() > 255:
        return "depth: 8 bits against the reader's 16"
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    same = (a64 == b64) | (np.isnan(a64) & np.isnan(b64))
    if same.all():
        return "exact"
    if a.shape[2] == 4:  # colours below full transparency do not matter
        seen = (a64[:, :, 3] > 0) | (b64[:, :, 3] > 0)
        if np.array_equal(a64[seen], b64[seen]):
            return "exact"
    most = np.nanmax(np.abs(a64 - b64))
    if a.dtype == np.uint8 and (most <= 3 or (most <= 48 and np.abs(a64 - b64).mean() < 1.0)):
        return "close"
    if a.dtype == b.dtype == np.uint16 and most <= 1:
        return "close"
    if a.dtype == b.dtype and a.dtype.kind == "f" and np.allclose(a64, b64, rtol=1e-4, equal_nan=True):
        return "close"
    return f"pixels differ by up to {most:g}, on average {np.abs(a64 - b64).mean():.3g}"


def published(path, pixels, table):
    """PngSuite's hash of RGBA8 or RGBA16."""
    wanted = table.get(path.name)
    if not wanted or "pngsuite" not in str(path):
        return None
    top = 65535 if pixels.dtype == np.uint16 else 255
    n = pixels.shape[2]
    alpha = pixels[:, :, -1:] if n in (2, 4) else np.full_like(pixels[:, :, :1], top)
    rgba = np.concatenate([np.repeat(pixels[:, :, :1], 3, 2) if n < 3 else pixels[:, :, :3], alpha], 2)
    return hashlib.sha256(np.ascontiguousarray(rgba).tobytes()).hexdigest() == wanted


def judge(program, path, table):
    mine, reason = by_fovea(program, path)
    theirs, why = [], []
    for reader in (by_pillow, by_tifffile, by_pydicom, by_rawest):
        name = path.suffix.lower()
        if reader is by_tifffile and name not in (".tif", ".tiff"):
            continue
        if reader is by_pydicom and not (name == ".dcm" or "dicom" in str(path)):
            continue
        if reader is by_rawest and name in (".dcm", ".npy"):
            continue
        pictures, reason_why = alone(reader, path)
        theirs += pictures
        if reason_why:
            why.append(f"{reader.__name__[3:]}: {reason_why}")
    if name == ".npy":
        try:
            a = np.load(path)
            theirs.append(with_channels(a * np.uint8(255) if a.dtype == bool else a))
        except Exception:
            pass
    if reason:
        if reason.startswith("CRASH"):
            return "wrong", reason
        return ("refused by all" if not theirs else "refused alone"), reason
    known = published(path, mine, table)
    if known is not None:
        return ("right", "exact") if known else ("wrong", "not PngSuite's published pixels")
    if path.name in BY_HAND:
        return "right", "close"
    if not theirs:
        return "read alone", f"{mine.shape} {mine.dtype}; " + "; ".join(why)
    verdicts = [equal(mine, t) for t in theirs]
    for good in ("exact", "close"):
        if good in verdicts:
            return "right", good
    return "wrong", "; ".join(dict.fromkeys(verdicts))


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    table = {}
    for source in folder.rglob("expected_rgba.tsv"):
        for line in source.read_text().splitlines():
            fields = line.split("\t")
            if len(fields) == 5:
                table[fields[0]] = fields[4]
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix.lower() not in OTHER)
    verdicts = [judge(program, p, table) for p in files]
    count = collections.defaultdict(collections.Counter)
    for path, (verdict, detail) in zip(files, verdicts):
        parts = path.relative_to(folder).parts
        row = "/".join(parts[:2]) if len(parts) > 2 else parts[0]
        count[row][verdict] += 1
        if verdict == "right" and detail == "close":
            count[row]["of these close"] += 1
        if "--list" in sys.argv and verdict in ("refused alone", "read alone", "wrong"):
            print(f"{verdict:<14} {path.relative_to(folder)}: {detail}")
    columns = ["right", "of these close", "refused by all", "refused alone", "read alone", "wrong"]
    print("\n" + f"{'':<26}{'tried':>7}" + "".join(f"{c:>16}" for c in columns))
    total = collections.Counter()
    for row in sorted(count):
        tried = sum(n for verdict, n in count[row].items() if verdict != "of these close")
        total.update(count[row])
        print(f"{row:<26}{tried:>7}" + "".join(f"{count[row][c]:>16}" for c in columns))
    print(f"{'all':<26}{len(files):>7}" + "".join(f"{total[c]:>16}" for c in columns))
    sys.exit(total["wrong"] > 0)


main()

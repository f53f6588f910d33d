#!/usr/bin/env python3
"""Checks that every file includes only what lies below it (docs/architecture.md, "Floors").

A folder of src/ is a floor; a public header belongs to the floor in FLOOR_OF_HEADER, or to the floor of its name.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What each floor may include beside itself.
CORE = {"base", "tensor"}
PUBLIC_OPS = CORE | {"op"}
ALLOWED = {
    "base": set(),
    "tensor": {"base"},
    "op": CORE,
    "ops": PUBLIC_OPS,
    "backend": PUBLIC_OPS,
    "plan": PUBLIC_OPS,
    "image": CORE,
    "video": CORE | {"image"},
    "data": CORE | {"image", "video"},
    "nn": PUBLIC_OPS,
    "rbm": PUBLIC_OPS | {"plan", "nn"},
    "generative": PUBLIC_OPS | {"nn", "rbm"},
    "optim": PUBLIC_OPS | {"nn"},
    "zoo": PUBLIC_OPS | {"plan", "nn", "optim", "rbm", "generative"},
    "see": PUBLIC_OPS | {"nn", "image"},
    "train": PUBLIC_OPS | {"plan", "nn", "optim", "rbm", "generative", "see", "image", "video", "data"},
    "bench": PUBLIC_OPS | {"plan", "nn", "optim", "zoo"},
    "cli": PUBLIC_OPS | {"plan", "nn", "optim", "rbm", "generative", "zoo", "see", "image", "video", "data", "train", "bench"},
}
FLOOR_OF_HEADER = {
    "error": "base", "device": "base", "random": "base",
    "dims": "tensor", "dtype": "tensor", "npy": "tensor", "safetensors": "tensor", "view": "tensor",
    "autograd": "op", "functional": "op", "kernel": "op", "operators": "op", "ops": "op", "pointwise": "op", "reduce": "op",
    "scalar": "op",
    "compile": "plan", "draw": "image", "plot": "image", "acquisition": "image",
    "annotations": "data", "files": "data", "get": "data", "inspect": "data", "loader": "data", "normalize": "data", "picture": "data", "sampler": "data", "transforms": "data",
    "init": "nn", "lr_scheduler": "optim", "metrics": "train", "slow_step": "train", "checkpoint": "train", "views": "train", "units": "train", "calibration": "see", "energy": "train", "unsupervised": "train", "generative_trainer": "train", "report": "train", "lr_finder": "train",
    "surface": "see", "strings": "train", "features": "image",
}


def floor_of(path):
    """The floor of a path relative to src/ or include/."""
    parts = pathlib.PurePath(path).parts
    if parts[0] != "fovea":
        return parts[0]
    name = parts[1].removesuffix(".h")
    return FLOOR_OF_HEADER.get(name, name)


def violations():
    for top in ("src", "include"):
        for file in sorted((ROOT / top).rglob("*")):
            relative = file.relative_to(ROOT / top)
            if file.suffix not in (".h", ".cpp") or str(relative) == "fovea/fovea.h":
                continue
            floor = floor_of(relative)
            if floor not in ALLOWED:
                yield f"{top}/{relative}: the floor '{floor}' is unknown to tools/floors.py"
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                included = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
                if not included:
                    continue
                if not any((base / included[1]).exists() for base in (ROOT / "src", ROOT / "include")):
                    yield f"{top}/{relative}:{number}: there is no {included[1]} below src/ or include/"
                    continue
                other = floor_of(included[1])
                if other != floor and other not in ALLOWED[floor]:
                    yield f"{top}/{relative}:{number}: {floor} may not include {included[1]}, which belongs to {other}"
            if floor == "backend" and relative.name not in ("onednn.h", "onednn.cpp") and "dnnl.hpp" in file.read_text():
                yield f"{top}/{relative}: only onednn.h and onednn.cpp may include dnnl.hpp"


found = list(violations())
print("\n".join(found) if found else "floors: every file includes only what lies below it")
sys.exit(bool(found))

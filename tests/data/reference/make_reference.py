#!/usr/bin/env python3
"""What torchvision's transforms.v2.functional and OpenCV's CLAHE make of small images.

pip install torch torchvision numpy opencv-python-headless

Writes transforms.safetensors beside this script: the inputs "u8", "f32" (multiples of 1/65535), "displacement" (pixels right and
down), "boxes", "points", "mask", and the result of every case as NAME.u8, NAME.f32, NAME.boxes, NAME.points or NAME.mask.
"""
import json
import pathlib
import struct

import cv2
import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F

NEAREST, BILINEAR, BICUBIC = InterpolationMode.NEAREST, InterpolationMode.BILINEAR, InterpolationMode.BICUBIC
here = pathlib.Path(__file__).parent
random = np.random.default_rng(0)
height, width = 19, 26
tensors = {}


def photo():
    """Three channels: waves, noise, and different ranges, with black and white in them."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 4) * np.cos(y / 3), np.sin((x + y) / 5), np.cos(x / 6 - y / 4)]
    image = np.stack([0.5 + 0.4 * w for w in waves]) + 0.08 * random.standard_normal((3, height, width))
    image[1] = 0.15 + 0.7 * image[1]
    image[:, 0, 0], image[:, 0, 1], image[:, 3, 4] = 0, 1, 0.5
    return np.clip(image, 0, 1)


u8 = torch.from_numpy((photo() * 255).round().astype(np.uint8))
f32 = torch.from_numpy(((photo() * 65535).round() / 65535).astype(np.float32))
displacement = torch.from_numpy(random.uniform(-2.5, 2.5, (2, height, width)).astype(np.float32))
boxes = tv_tensors.BoundingBoxes(torch.tensor([[2.0, 3, 11, 9], [0, 0, 26, 19], [14.5, 6.25, 25, 18.5]]), format="XYXY",
                                 canvas_size=(height, width))
points = tv_tensors.KeyPoints(torch.tensor([[3.0, 4], [20.5, 12.25], [13, 9.5]]), canvas_size=(height, width))
mask = torch.from_numpy(random.integers(0, 200, (1, height, width)).astype(np.uint8))
tensors.update({"u8": u8, "f32": f32, "displacement": displacement, "boxes": boxes, "points": points, "mask": mask})


def case(name, function, inputs="u8 f32"):
    values = {"u8": u8, "f32": f32, "boxes": boxes, "points": points, "mask": tv_tensors.Mask(mask)}
    for kind in inputs.split():
        tensors[f"{name}.{kind}"] = function(values[kind]).as_subclass(torch.Tensor).contiguous()


moved = {"angle": 17, "translate": [3, -2], "scale": 1.2, "shear": [8, -5]}
corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
bent = [[3, 1], [width - 5, 2], [width - 2, height - 4], [2, height - 3]]
field = displacement.permute(1, 2, 0)[None] * 2 / torch.tensor([width, height])

case("brightness", lambda x: F.adjust_brightness(x, 1.3))
case("contrast", lambda x: F.adjust_contrast(x, 1.6))
case("contrast_low", lambda x: F.adjust_contrast(x, 0.4))
case("saturation", lambda x: F.adjust_saturation(x, 1.7))
case("saturation_low", lambda x: F.adjust_saturation(x, 0.3))
case("hue", lambda x: F.adjust_hue(x, 0.17))
case("hue_back", lambda x: F.adjust_hue(x, -0.45))
case("gray", lambda x: F.rgb_to_grayscale(x, 1))
case("posterize", lambda x: F.posterize(x, 3))
case("solarize", lambda x: F.solarize(x, 153 if x.dtype == torch.uint8 else 0.6))
case("invert", F.invert)
case("autocontrast", F.autocontrast)
case("equalize", F.equalize, "u8")
case("sharpness", lambda x: F.adjust_sharpness(x, 2.2))
case("blur_edges", lambda x: F.adjust_sharpness(x, 0))
case("gaussian_blur", lambda x: F.gaussian_blur(x, [7, 5], [1.3, 1.3]))

case("crop_beyond", lambda x: F.crop(x, -3, 5, 12, 30), "u8 f32 boxes points mask")
case("pad_edge", lambda x: F.pad(x, [3, 2, 1, 4], padding_mode="edge"))
case("pad_reflect", lambda x: F.pad(x, [3, 2, 1, 4], padding_mode="reflect"))
case("pad_symmetric", lambda x: F.pad(x, [3, 2, 1, 4], padding_mode="symmetric"))
case("pad_fill", lambda x: F.pad(x, [3, 2, 1, 4], fill=[10, 20, 30]), "u8")
case("center_crop", lambda x: F.center_crop(x, [9, 13]), "u8 f32 boxes points mask")
case("horizontal_flip", F.horizontal_flip, "u8 f32 boxes mask")
case("vertical_flip", F.vertical_flip, "u8 f32 boxes mask")
case("smaller", lambda x: F.resize(x, [11, 9], antialias=True), "u8 f32 boxes points")
case("larger", lambda x: F.resize(x, [31, 40], antialias=True))
case("bicubic", lambda x: F.resize(x, [11, 40], BICUBIC, antialias=True), "f32")
case("resized_crop", lambda x: F.resized_crop(x, 3, 4, 12, 17, [8, 21], antialias=True), "f32")

case("affine", lambda x: F.affine(x, **moved))
case("affine_bilinear", lambda x: F.affine(x, **moved, interpolation=BILINEAR))
case("affine", lambda x: F.affine(x, **moved), "boxes points mask")
case("affine_center", lambda x: F.affine(x, **moved, center=[4.0, 5.0], interpolation=BILINEAR), "f32")
case("affine_fill", lambda x: F.affine(x, **moved, fill=[9, 8, 7]), "u8")
case("rotate", lambda x: F.rotate(x, 33.0), "u8")
case("rotate_bilinear", lambda x: F.rotate(x, -71.0, BILINEAR), "u8 f32 boxes points")
case("perspective", lambda x: F.perspective(x, corners, bent), "u8 f32 boxes points")
case("perspective_nearest", lambda x: F.perspective(x, corners, bent, NEAREST), "u8")
case("elastic", lambda x: F.elastic(x, field))
case("elastic_nearest", lambda x: F.elastic(x, field, NEAREST), "u8")

policy = v2.RandAugment()
for change, magnitude in [("ShearX", -0.23), ("ShearY", 0.3), ("TranslateX", 6.9), ("TranslateY", -4.2), ("Rotate", 21.0),
                          ("Brightness", -0.4), ("Color", 0.5), ("Contrast", 0.6), ("Sharpness", -0.7), ("Posterize", 4),
                          ("Solarize", 0.4), ("AutoContrast", 0.0), ("Equalize", 0.0)]:
    case(f"change_{change}", lambda x: policy._apply_image_or_video_transform(x, change, magnitude, NEAREST, policy._fill), "u8")

clahe = cv2.createCLAHE(2.5, (3, 4))
tensors["clahe.u8"] = torch.from_numpy(np.stack([clahe.apply(c) for c in u8.numpy()]))
deep = (f32.numpy() * 65535).round().astype(np.uint16)
clahe = cv2.createCLAHE(900.0, (3, 4))
tensors["clahe.u16"] = torch.from_numpy(np.stack([clahe.apply(c) for c in deep]).astype(np.int32)).to(torch.uint16)

NAMES = {torch.uint8: "U8", torch.uint16: "U16", torch.float32: "F32"}
header, data = {}, b""
for name, t in tensors.items():
    bytes_of = t.detach().contiguous().numpy().tobytes()
    header[name] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(bytes_of)]}
    data += bytes_of
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
(here / "transforms.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
print(len(tensors), "tensors,", len(data), "bytes")

# Makes the reference values of color_test.cpp, by implementations that are not ours.
#   python make_colors.py FOLDER        (numpy, colour-science 0.4, Pillow with Little CMS; FOLDER is tests/image/data)
# colors.tsv: a line for each colour, its coordinates in each model in natural units: RGB, gray, CMYK, XYZ (D65), Lab (D50), HSV, YCbCr.
# profiles.tsv: colours in the spaces of profiles.py and what they are in sRGB: by Little CMS, and for the wide RGB by the formulas.
import colorsys
import io
import os
import sys

import colour
import numpy as np
from PIL import Image, ImageCms

import profiles

folder = sys.argv[1]
rng = np.random.default_rng(11)
corners = [(r, g, b) for r in (0, 255) for g in (0, 255) for b in (0, 255)]
colors = np.array(corners + [(1, 1, 1), (10, 10, 11), (128, 128, 128), (254, 255, 255), (200, 100, 50)] + rng.integers(0, 256, (27, 3)).tolist())
screen = colour.RGB_COLOURSPACES["sRGB"]
screen.use_derived_transformation_matrices(True)  # not the four digits that IEC 61966-2-1 prints
D65, D50 = colour.xy_to_XYZ(screen.whitepoint), np.array((0.9642, 1, 0.8249))  # ICC's
K = colour.WEIGHTS_YCBCR["ITU-R BT.601"]


def row(values):
    return "\t".join(f"{float(v):.7f}" for v in values)


with open(os.path.join(folder, "colors.tsv"), "w") as out:
    for rgb8 in colors:
        rgb = rgb8 / 255
        xyz = colour.RGB_to_XYZ(rgb, screen, apply_cctf_decoding=True)
        adapted = colour.chromatic_adaptation(xyz, D65, D50, method="Von Kries", transform="Bradford")
        lab = colour.XYZ_to_Lab(adapted, colour.XYZ_to_xy(D50))
        cmyk = colour.CMY_to_CMYK(colour.RGB_to_CMY(rgb))
        ycc = colour.RGB_to_YCbCr(rgb, K=K, out_legal=False)
        out.write(row([*rgb, ycc[0], *cmyk, *xyz, *lab, *colorsys.rgb_to_hsv(*rgb), ycc[0], ycc[1] + 0.5, ycc[2] + 0.5]) + "\n")


def through_lcms(pixels, mode, icc):
    image = Image.frombytes(mode, (len(pixels), 1), np.asarray(pixels, np.uint8).tobytes())
    done = ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB"), outputMode="RGB")
    return np.asarray(done)[0]


inks = np.vstack([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [60, 60, 60, 60]], rng.integers(0, 256, (14, 4))])
inner = rng.integers(60, 200, (14, 3))  # colours that sRGB has as well
with open(os.path.join(folder, "profiles.tsv"), "w") as out:
    for name, mode, icc, pixels in (("wide", "RGB", profiles.wide(), inner), ("gray", "L", profiles.gray(), np.arange(0, 256, 15)[:, None]), ("ink", "CMYK", profiles.ink(), inks)):
        with open(os.path.join(folder, f"{name}.icc"), "wb") as f:
            f.write(icc)
        for p, seen in zip(pixels, through_lcms(pixels, mode, icc)):
            truth = ""
            if name == "wide":
                srgb = colour.RGB_to_RGB(p / 255, "Adobe RGB (1998)", "sRGB", apply_cctf_decoding=True, apply_cctf_encoding=True)
                truth = row(srgb)
            if name == "gray":  # a gamma of 1: the curve of IEC 61966-2-1 alone
                truth = row(colour.models.eotf_inverse_sRGB(p / 255))
            out.write("\t".join([name, " ".join(map(str, p)), " ".join(map(str, seen)), truth.replace("\t", " ")]) + "\n")

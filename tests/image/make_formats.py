# Makes tests/image/formats: a small file of every format and kind, and expected.tsv with what must come out.
#   python make_formats.py FOLDER        (numpy, pillow, tifffile, imagecodecs, pydicom)
# expected.tsv: file, frame, frames, colour model, shape, dtype, depth, CRC-32 of the pixels (little endian). Lossless files are held to
# the numbers that went in; lossy ones, and files collected from elsewhere (README.md), to what an independent reader makes of them.
import gzip
import io
import os
import struct
import sys
import zlib

import imagecodecs
import numpy as np
import pydicom
import pydicom.encaps
import tifffile
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, RLELossless

import profiles

folder = sys.argv[1]
rng = np.random.default_rng(5)
rows = []
H, W = 9, 13
gray = rng.integers(0, 256, (H, W), np.uint8)
gray[3:6, 2:9] = 77  # runs
rgb = rng.integers(0, 256, (H, W, 3), np.uint8)
rgb[3:6, 2:9] = (10, 200, 30)
rgba = np.dstack([rgb, rng.integers(0, 256, (H, W), np.uint8)])
deep = rng.integers(0, 65536, (H, W), np.uint16)
deep_rgb = rng.integers(0, 65536, (H, W, 3), np.uint16)
signed = rng.integers(-2000, 2000, (H, W), np.int16)
real = rng.normal(0, 10, (H, W)).astype(np.float32)
bits = rng.integers(0, 2, (H, W), np.uint8)
smooth = (np.add.outer(np.arange(40), np.arange(56))[:, :, None] * (2, 1, 2) + (10, 60, 20)).clip(0, 255).astype(np.uint8)


def path(name):
    return os.path.join(folder, name)


def put(name, content):
    with open(path(name), "wb") as f:
        f.write(content)


def expect(name, a, depth=None, color=None, frame=0, frames=1):
    a = np.asarray(a)
    a = a[:, :, None] if a.ndim == 2 else a
    if a.dtype == np.int8:
        a = a.astype(np.int16)
    if a.dtype == np.uint32:
        a = a.astype(np.int64)
    kind = {"u": "u", "i": "i", "f": "f"}[a.dtype.kind] + str(8 * a.dtype.itemsize)
    color = color or {1: "gray", 2: "gray+alpha", 3: "RGB", 4: "RGBA"}.get(a.shape[2], "channels")
    shape = "({})".format(",".join(map(str, a.shape)))
    crc = zlib.crc32(np.ascontiguousarray(a.astype(a.dtype.newbyteorder("<"))).tobytes())
    rows.append((name, frame, frames, color, shape, kind, depth or 8 * a.dtype.itemsize, f"{crc:08x}"))


# ---- BMP: each header and packing by hand ----
def bmp(name, bits, data, header=40, compression=0, palette=b"", masks=b"", height=H):
    if header == 12:
        head = struct.pack("<IHHHH", 12, W, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, W, height, 1, bits, compression, len(data), 2835, 2835, len(palette) // 4, 0)
    start = 14 + len(head) + len(masks) + len(palette)
    put(name, b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + masks + palette + data)


def rows4(a, up=True):
    lines = [bytes(line) for line in (a[::-1] if up else a)]
    return b"".join(line + bytes(-len(line) % 4) for line in lines)


ramp = b"".join(bytes((i, i, i, 0)) for i in range(256))
colors16 = rng.integers(0, 256, (16, 3), np.uint8)
palette16 = b"".join(bytes((b, g, r, 0)) for r, g, b in colors16)
four = rng.integers(0, 16, (H, W), np.uint8)
four[2:5, 1:11] = 9
bmp("gray8.bmp", 8, rows4(gray), palette=ramp)
expect("gray8.bmp", gray)
bmp("rgb24.bmp", 24, rows4(rgb[:, :, ::-1].reshape(H, -1)))
expect("rgb24.bmp", rgb)
bmp("rgb24_top_down.bmp", 24, rows4(rgb[:, :, ::-1].reshape(H, -1), up=False), height=-H)
expect("rgb24_top_down.bmp", rgb)
bmp("rgb24_os2.bmp", 24, rows4(rgb[:, :, ::-1].reshape(H, -1)), header=12)
expect("rgb24_os2.bmp", rgb)
bmp("mono.bmp", 1, rows4(np.packbits(bits, axis=1)), palette=bytes((0, 0, 0, 0, 255, 255, 255, 0)))
expect("mono.bmp", bits * 255, 1)
packed = np.zeros((H, (W + 1) // 2), np.uint8)
for x in range(W):
    packed[:, x // 2] |= four[:, x] << (4 if x % 2 == 0 else 0)
bmp("colors16.bmp", 4, rows4(packed), palette=palette16)
expect("colors16.bmp", colors16[four], 4)


def runs8(a):
    out = b""
    for line in a[::-1]:
        x = 0
        while x < W:
            n = 1
            while x + n < W and line[x + n] == line[x]:
                n += 1
            if n == 1 and x + 3 <= W and line[x + 1] != line[x + 2]:
                out += bytes((0, 3, *line[x:x + 3], 0))
                x += 3
            else:
                out += bytes((n, line[x]))
                x += n
        out += b"\0\0"
    return out + b"\0\1"


bmp("runs8.bmp", 8, runs8(gray), compression=1, palette=ramp)
expect("runs8.bmp", gray)
out = b""
for line in four[::-1]:
    for x in range(0, W, 2):
        out += bytes((min(2, W - x), line[x] << 4 | (line[x + 1] if x + 1 < W else 0)))
    out += b"\0\0"
bmp("runs4.bmp", 4, out + b"\0\1", compression=2, palette=palette16)
expect("runs4.bmp", colors16[four], 4)
five = rng.integers(0, 32, (H, W, 3))
six = np.dstack([five[:, :, 0], rng.integers(0, 64, (H, W)), five[:, :, 2]])
word = (six[:, :, 0] << 11 | six[:, :, 1] << 5 | six[:, :, 2]).astype("<u2")
bmp("fields565.bmp", 16, rows4(word.view(np.uint8).reshape(H, -1)), compression=3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F))
wide = np.dstack([(six[:, :, c] * 255 + top // 2) // top for c, top in enumerate((31, 63, 31))]).astype(np.uint8)
expect("fields565.bmp", wide, 5)
long = (rgba[:, :, 0].astype(np.uint32) | rgba[:, :, 1].astype(np.uint32) << 8 | rgba[:, :, 2].astype(np.uint32) << 16 | rgba[:, :, 3].astype(np.uint32) << 24)
bmp("fields_rgba.bmp", 32, rows4(long.astype("<u4").view(np.uint8).reshape(H, -1)), compression=6, masks=struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000))
expect("fields_rgba.bmp", rgba)

# ---- PNM ----
put("text.pbm", b"P1 # bits\n13 9\n" + b"\n".join(bytes(48 + b for b in line) for line in bits))
expect("text.pbm", (1 - bits) * 255, 1)
put("binary.pbm", b"P4\n13 9\n" + np.packbits(bits, axis=1).tobytes())
expect("binary.pbm", (1 - bits) * 255, 1)
put("text.pgm", b"P2\n13 9\n255\n" + b" ".join(b"%d" % v for v in gray.ravel()) + b"\n")
expect("text.pgm", gray)
put("gray.pgm", b"P5\n13 9\n255\n" + gray.tobytes())
expect("gray.pgm", gray)
put("deep.pgm", b"P5\n#comment\n13 9\n65535\n" + deep.astype(">u2").tobytes())
expect("deep.pgm", deep)
put("text16.ppm", b"P3 13 9 65535\n" + b" ".join(b"%d" % v for v in deep_rgb.ravel()))
expect("text16.ppm", deep_rgb)
put("rgb.ppm", b"P6 13 9 255\n" + rgb.tobytes())
expect("rgb.ppm", rgb)
put("rgba.pam", b"P7\nWIDTH 13\nHEIGHT 9\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n" + rgba.tobytes())
expect("rgba.pam", rgba)
bands = rng.integers(0, 65536, (H, W, 6), np.uint16)
put("bands.pam", b"P7\nWIDTH 13\nHEIGHT 9\nDEPTH 6\nMAXVAL 65535\nENDHDR\n" + bands.astype(">u2").tobytes())
expect("bands.pam", bands)
put("gray.pfm", b"Pf\n13 9\n-1.0\n" + real[::-1].astype("<f4").tobytes())
expect("gray.pfm", real)
color = rng.normal(0, 1, (H, W, 3)).astype(np.float32)
put("big.pfm", b"PF\n13 9\n1.0\n" + color[::-1].astype(">f4").tobytes())
expect("big.pfm", color)

# ---- TGA, GIF, WebP by Pillow ----
for name, a, runs in (("gray.tga", gray, None), ("gray_runs.tga", gray, "tga_rle"), ("rgb_runs.tga", rgb, "tga_rle"), ("rgba.tga", rgba, None)):
    Image.fromarray(a).save(path(name), compression=runs)
    expect(name, a)
indexed = Image.fromarray(four)
indexed.putpalette(colors16.tobytes())
indexed.save(path("palette.tga"))
expect("palette.tga", colors16[four])

frames = [Image.fromarray(np.roll(four, i, 1)) for i in range(3)]
for f in frames:
    f.putpalette(colors16.tobytes())
frames[0].save(path("animated.gif"), save_all=True, append_images=frames[1:], duration=80, loop=0, optimize=False)
for i in range(3):
    expect("animated.gif", colors16[np.roll(four, i, 1)], 8, frame=i, frames=3)
interlaced = Image.fromarray(four)
interlaced.putpalette(colors16.tobytes())
interlaced.save(path("still.gif"), interlace=1)
expect("still.gif", colors16[four])
for name in ("dispose_prev_first_frame.gif", "first_frame_transparency.gif", "missing_background.gif"):
    with Image.open(path(name)) as file:
        a = np.asarray(file.convert("RGBA")).copy()
        a[a[:, :, 3] == 0] = 0
        expect(name, a, 8, frames=file.n_frames)
Image.fromarray(rgba).save(path("lossless.webp"), lossless=True, exact=True)
expect("lossless.webp", rgba)
Image.fromarray(smooth).save(path("lossy.webp"), quality=70)
expect("lossy.webp", np.asarray(Image.open(path("lossy.webp"))))
pictures = [Image.fromarray(np.roll(rgba, i, 0)) for i in range(3)]
for p in pictures:
    p.putalpha(255)
pictures[0].save(path("animated.webp"), save_all=True, append_images=pictures[1:], lossless=True, duration=40)
for i in range(3):
    expect("animated.webp", np.asarray(pictures[i]), frame=i, frames=3)


# ---- TIFF by tifffile ----
def tiff(name, a, truth=None, depth=None, color=None, **how):
    tifffile.imwrite(path(name), a, metadata=None, **how)
    expect(name, a if truth is None else truth, depth, color)


tiff("gray.tif", gray, photometric="minisblack")
tiff("white.tif", gray, 255 - gray, photometric="miniswhite")
tiff("mono.tif", bits.astype(bool), bits * 255, 1, photometric="minisblack")
tiff("rgb_lzw.tif", rgb, photometric="rgb", compression="lzw", predictor=True)
tiff("rgba_deflate.tif", rgba, photometric="rgb", extrasamples=["unassalpha"], compression="zlib")
tiff("rgb_planes.tif", np.moveaxis(rgb, 2, 0), rgb, photometric="rgb", planarconfig="separate", compression="packbits")
tiff("deep_big_endian.tif", deep, photometric="minisblack", byteorder=">")
tiff("signed.tif", signed, photometric="minisblack")
tiff("signed8.tif", gray.view(np.int8), photometric="minisblack", depth=8)
tiff("u32.tif", deep.astype(np.uint32) * 65537, photometric="minisblack", depth=32)
tiff("f16.tif", real.astype(np.float16), photometric="minisblack")
tiff("f32.tif", real, photometric="minisblack", compression="zlib", predictor=True)
tiff("f64.tif", real.astype(np.float64), photometric="minisblack")
tiff("bands5.tif", bands[:, :, :5], photometric="minisblack", planarconfig="contig", extrasamples=[0] * 4)
tiff("cmyk.tif", rgba, photometric="separated", color="CMYK")
tiff("lab.tif", np.dstack([rgb[:, :, :1], rgb[:, :, 1:] ^ 0x80]), rgb, photometric="cielab", color="Lab")
tiff("big.tif", deep_rgb, photometric="rgb", bigtiff=True)
tiled = rng.integers(0, 65536, (40, 37), np.uint16)
tiff("tiles.tif", tiled, photometric="minisblack", tile=(16, 32), compression="zlib")
twelve = deep_rgb >> 4
tiff("bits12.tif", twelve, photometric="rgb", bitspersample=12, depth=12)
six4 = four * 17
tiff("bits4.tif", four, six4, photometric="minisblack", bitspersample=4, depth=4)
tifffile.imwrite(path("palette.tif"), four, photometric="palette", colormap=np.pad(colors16.T.astype(np.uint16) * 257, ((0, 0), (0, 240))))
expect("palette.tif", colors16[four])
tifffile.imwrite(path("ycbcr_jpeg.tif"), smooth[:32, :48], photometric="rgb", compression="jpeg", compressionargs={"level": 90})
expect("ycbcr_jpeg.tif", tifffile.imread(path("ycbcr_jpeg.tif")))
pages = np.stack([np.roll(deep, i, 0) for i in range(4)])
tifffile.imwrite(path("pages.ome.tif"), pages, photometric="minisblack", metadata={"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm"}, ome=True)
for i in range(4):
    expect("pages.ome.tif", pages[i], frame=i, frames=4)

# ---- JPEG and JPEG 2000 ----
ink = Image.fromarray(255 - np.dstack([smooth, smooth[:, :, :1] // 2]), "CMYK")
buffer = io.BytesIO()
ink.save(buffer, "JPEG", quality=90)
marked = buffer.getvalue()
at = marked.index(b"\xff\xee")
put("cmyk_adobe.jpg", marked)
put("cmyk_plain.jpg", marked[:at] + marked[at + 2 + int.from_bytes(marked[at + 2:at + 4], "big"):])
stored = np.asarray(Image.open(io.BytesIO(marked)))  # Pillow turns Adobe's inverted ink around
expect("cmyk_adobe.jpg", stored, color="CMYK")
expect("cmyk_plain.jpg", 255 - stored, color="CMYK")
put("lossless16.jpg", imagecodecs.ljpeg_encode(deep, bitspersample=16))
expect("lossless16.jpg", deep)
put("deep.jp2", imagecodecs.jpeg2k_encode(deep, level=0, reversible=True))
expect("deep.jp2", deep)
put("rgb.j2k", imagecodecs.jpeg2k_encode(rgb, level=0, reversible=True, codecformat="j2k"))
expect("rgb.j2k", rgb)


# ---- DICOM by pydicom ----
def dicom(name, a, truth=None, photometric="MONOCHROME2", syntax=ExplicitVRLittleEndian, stored=None, data=None, frames=1, color=None, **more):
    d = pydicom.Dataset()
    d.file_meta = pydicom.dataset.FileMetaDataset()
    d.file_meta.TransferSyntaxUID = syntax
    d.file_meta.MediaStorageSOPClassUID = d.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    d.file_meta.MediaStorageSOPInstanceUID = d.SOPInstanceUID = "1.2.3"
    d.Modality = "OT"
    d.Rows, d.Columns = H, W
    d.SamplesPerPixel = 3 if photometric in ("RGB", "YBR_FULL", "YBR_FULL_422") else 1
    if d.SamplesPerPixel == 3:
        d.PlanarConfiguration = 0
    d.PhotometricInterpretation = photometric
    d.BitsAllocated = 8 * a.dtype.itemsize
    d.BitsStored = stored or d.BitsAllocated
    d.HighBit = d.BitsStored - 1
    d.PixelRepresentation = int(a.dtype.kind == "i")
    if frames > 1:
        d.NumberOfFrames = frames
    for key, value in more.items():
        setattr(d, key, value)
    raw = a.astype(a.dtype.newbyteorder(">")).tobytes() if syntax == ExplicitVRBigEndian else a.tobytes()
    if data is not None:
        d.PixelData = pydicom.encaps.encapsulate(data)
        d["PixelData"].is_undefined_length = True
    else:
        d.PixelData = raw + b"\0" * (len(raw) % 2)
    d["PixelData"].VR = "OW" if a.dtype.itemsize > 1 else "OB"
    d.save_as(path(name), enforce_file_format=True, little_endian=syntax != ExplicitVRBigEndian, implicit_vr=syntax == ImplicitVRLittleEndian)
    t = a if truth is None else truth
    expect(name, t if frames == 1 else t[0], stored, color, frames=frames)


ten = deep >> 6
dicom("xray10.dcm", ten, photometric="MONOCHROME1", stored=10, WindowCenter=500, WindowWidth=800, PixelSpacing=[0.2, 0.25])
dicom("ct.dcm", signed, syntax=ImplicitVRLittleEndian, RescaleSlope=2, RescaleIntercept=-1024, RescaleType="HU", WindowCenter=[40, 300], WindowWidth=[400, 1500])
dicom("big_endian.dcm", deep, syntax=ExplicitVRBigEndian)
dicom("deflated.dcm", gray, syntax=DeflatedExplicitVRLittleEndian)
dicom("rgb.dcm", rgb, photometric="RGB")
cine = np.stack([np.roll(gray, i, 1) for i in range(5)])
dicom("cine.dcm", cine, frames=5, FrameTime=40)
y = rgb.astype(float)
rgb_of_ybr = np.dstack([y[:, :, 0] + 1.402 * (y[:, :, 2] - 128), y[:, :, 0] - 0.344136 * (y[:, :, 1] - 128) - 0.714136 * (y[:, :, 2] - 128), y[:, :, 0] + 1.772 * (y[:, :, 1] - 128)])
dicom("ybr.dcm", rgb, np.floor(rgb_of_ybr + 0.5).clip(0, 255).astype(np.uint8), photometric="YBR_FULL")
palette = {f"{c}PaletteColorLookupTableData": (colors16[:, i].astype("<u2") * 257).tobytes() for i, c in enumerate(("Red", "Green", "Blue"))}
for c in ("Red", "Green", "Blue"):
    palette[f"{c}PaletteColorLookupTableDescriptor"] = [16, 0, 16]
dicom("palette.dcm", four, colors16[four], photometric="PALETTE COLOR", **palette)


def rle(a):
    a = a[:, :, None] if a.ndim == 2 else a
    planes = []
    for c in range(a.shape[2]):
        plane = a[:, :, c].astype(a.dtype.newbyteorder(">"))
        for byte in range(a.dtype.itemsize):
            planes.append(np.ascontiguousarray(plane.view(np.uint8).reshape(H, W, -1)[:, :, byte]))
    parts = [imagecodecs.packbits_encode(p) for p in planes]
    parts = [p + b"\0" * (len(p) % 2) for p in parts]
    starts = [64 + sum(map(len, parts[:i])) for i in range(len(parts))]
    return struct.pack("<16I", len(parts), *(starts + [0] * (15 - len(parts)))) + b"".join(parts)


dicom("rle16.dcm", deep, syntax=RLELossless, data=[rle(deep)])
dicom("rle_rgb.dcm", rgb, photometric="RGB", syntax=RLELossless, data=[rle(rgb)])
flat = Image.fromarray(smooth[:H, :W])
buffer = io.BytesIO()
flat.save(buffer, "JPEG", quality=90)
dicom("jpeg.dcm", rgb, np.asarray(Image.open(buffer)), photometric="YBR_FULL_422", syntax="1.2.840.10008.1.2.4.50", data=[buffer.getvalue()])
dicom("jpeg_lossless.dcm", deep, syntax="1.2.840.10008.1.2.4.70", data=[imagecodecs.ljpeg_encode(deep, bitspersample=16)])
dicom("jpeg_ls.dcm", deep, syntax="1.2.840.10008.1.2.4.80", data=[imagecodecs.jpegls_encode(deep)])
dicom("jpeg2000.dcm", deep, syntax="1.2.840.10008.1.2.4.90", data=[imagecodecs.jpeg2k_encode(deep, level=0, reversible=True, codecformat="j2k")])


# ---- NIfTI ----
def nifti(name, a, code, order="<", version=1, slope=0.0, intercept=0.0):
    dims = list(a.shape[::-1])
    fields = [len(dims)] + dims + [1] * (7 - len(dims))
    spacing = [1.0, 0.5, 0.75, 2.0, 1, 1, 1, 1]
    if version == 1:
        h = bytearray(352)
        struct.pack_into(order + "i", h, 0, 348)
        struct.pack_into(order + "8h", h, 40, *fields)
        struct.pack_into(order + "hh", h, 70, code, 8 * a.dtype.itemsize)
        struct.pack_into(order + "8f", h, 76, *spacing)
        struct.pack_into(order + "fff", h, 108, 352, slope, intercept)
        h[123] = 2
        h[344:348] = b"n+1\0"
    else:
        h = bytearray(544)
        struct.pack_into(order + "i", h, 0, 540)
        h[4:12] = b"n+2\0\r\n\x1a\n"
        struct.pack_into(order + "hh", h, 12, code, 8 * a.dtype.itemsize)
        struct.pack_into(order + "8q", h, 16, *fields)
        struct.pack_into(order + "8d", h, 104, *spacing)
        struct.pack_into(order + "qdd", h, 168, 544, slope, intercept)
        struct.pack_into(order + "i", h, 500, 2)
    content = bytes(h) + a.astype(a.dtype.newbyteorder(order)).tobytes()
    put(name, gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    for i in (0, len(a) - 1):
        expect(name, a[i], frame=i, frames=len(a))


nifti("mr.nii", np.stack([signed, signed + 1, signed + 2]), 4, slope=0.5, intercept=10)
nifti("mr.nii.gz", np.stack([deep, deep ^ 1]), 512)
nifti("real.nii", np.stack([real, -real]), 16, order=">")
nifti("two.nii", np.stack([real.astype(np.float64), real * 2.0]), 64, version=2)

# ---- arrays, video ----
np.save(path("stack.npy"), np.stack([rgb, rgb[::-1]]))
expect("stack.npy", rgb, frames=2)
expect("stack.npy", rgb[::-1], frame=1, frames=2)
np.save(path("real.npy"), real)
expect("real.npy", real)
put("gray.y4m", b"YUV4MPEG2 W13 H9 F25:1 Cmono\n" + b"".join(b"FRAME\n" + np.roll(gray, i, 0).tobytes() for i in range(2)))
expect("gray.y4m", np.roll(gray, 1, 0), frame=1, frames=2)

# ---- a radiometric JPEG as FLIR's cameras write it ----
counts = rng.integers(15000, 22000, (H, W), np.uint16)
camera = bytearray(784)
struct.pack_into("<H", camera, 0, 2)
struct.pack_into("<6f", camera, 32, 0.95, 1.5, 295.15, 294.15, 293.15, 1.0)
struct.pack_into("<f", camera, 60, 0.5)
struct.pack_into("<3f", camera, 88, 21106.77, 1501, 1)
struct.pack_into("<5f", camera, 112, 0.006569, 0.01262, -0.002276, -0.00667, 1.9)
struct.pack_into("<i", camera, 776, -7340)
struct.pack_into("<f", camera, 780, 0.012545258)
raw = struct.pack("<HHH", 2, W, H).ljust(32, b"\0") + counts.tobytes()
entry = lambda kind, at, n: struct.pack(">HHIIII", kind, 0, 100, 0, at, n).ljust(32, b"\0")
fff = b"FFF\0".ljust(20, b"\0") + struct.pack(">III", 101, 64, 2)
fff = fff.ljust(64, b"\0") + entry(1, 128, len(raw)) + entry(0x20, 128 + len(raw), len(camera)) + raw + camera
buffer = io.BytesIO()
Image.fromarray(gray).save(buffer, "JPEG", quality=90)
jpeg = buffer.getvalue()
body = b"FLIR\0\1\0\0" + fff
put("flir.jpg", jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:])
expect("flir.jpg", np.asarray(Image.open(buffer)), frames=2)
expect("flir.jpg", counts, frame=1, frames=2)

# ---- animated PNG, chunk by chunk, with the canvas of the specification in floats ----
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deflated(a):
    a = a.astype(a.dtype.newbyteorder(">")).reshape(len(a), -1)
    return zlib.compress(b"".join(b"\0" + line.tobytes() for line in a), 9)


def apng(name, color_type, still, frames, before=b"", picture_first=True):
    """frames: (pixels, left, top, disposal, blend); the first is the picture itself unless picture_first."""
    depth = 8 * still.dtype.itemsize
    body = chunk(b"IHDR", struct.pack(">IIBBBBB", still.shape[1], still.shape[0], depth, color_type, 0, 0, 0))
    body += chunk(b"acTL", struct.pack(">II", len(frames), 0)) + before
    number = 0
    if not picture_first:
        body += chunk(b"IDAT", deflated(still))
    for i, (a, left, top, disposal, blend) in enumerate(frames):
        body += chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, a.shape[1], a.shape[0], left, top, i + 1, 50, disposal, blend))
        number += 1
        data = deflated(a)
        if i == 0 and picture_first:
            body += chunk(b"IDAT", data)
            continue
        for part in (data[: len(data) // 2], data[len(data) // 2:]):
            body += chunk(b"fdAT", struct.pack(">I", number) + part)
            number += 1
    put(name, b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))


def composed(shape, full, frames):
    """Each frame's canvas: straight alpha as the last channel, in floats, rounded when it is looked at."""
    canvas, seen = np.zeros(shape), []
    for i, (a, left, top, disposal, blend) in enumerate(frames):
        area = (slice(top, top + a.shape[0]), slice(left, left + a.shape[1]))
        before = canvas[area].copy()
        if blend == 0:
            canvas[area] = a
        else:
            above, below = a[:, :, -1:] / full, before[:, :, -1:] / full
            alpha = above + (1 - above) * below
            mixed = (a[:, :, :-1] * above + before[:, :, :-1] * (1 - above) * below) / np.where(alpha == 0, 1, alpha)
            done = np.dstack([mixed, alpha * full])
            canvas[area] = np.where(alpha == 0, before, done)
        canvas = np.floor(canvas + 0.5)
        seen.append(canvas.copy())
        if disposal == 1 or (disposal == 2 and i == 0):
            canvas[area] = 0
        elif disposal == 2:
            canvas[area] = before
    return seen


patch = rng.integers(0, 256, (5, 6, 4), np.uint8)
patch[:2, :3, 3] = (0, 255, 128)
patch[2, :, 3] = 0
story = [(rgba, 0, 0, 0, 0), (patch, 2, 3, 2, 1), (patch[::-1], 5, 0, 1, 1), (patch[:, ::-1], 7, 4, 0, 0), (patch, 4, 2, 0, 1)]
apng("animated.png", 6, rgba, story)
for i, canvas in enumerate(composed((H, W, 4), 255, story)):
    expect("animated.png", canvas.astype(np.uint8), frame=i, frames=5)
words = np.dstack([deep, rng.integers(0, 65536, (H, W), np.uint16)])
story = [(words[:4, :5], 3, 2, 0, 1), (words[2:9, 3:13], 1, 1, 2, 1)]
apng("animated16.png", 4, words, story, picture_first=False)
expect("animated16.png", words, frames=3)
for i, canvas in enumerate(composed((H, W, 2), 65535, story)):
    expect("animated16.png", canvas.astype(np.uint16), frame=1 + i, frames=3)
story = [(four.astype(np.uint8), 0, 0, 0, 0), (four[:3, :4], 6, 5, 0, 1)]
apng("animated_palette.png", 3, story[0][0], story, before=chunk(b"PLTE", colors16.tobytes()))
both = colors16[four].copy()
expect("animated_palette.png", both, frames=2)
both[5:8, 6:10] = colors16[four[:3, :4]]
expect("animated_palette.png", both, frame=1, frames=2)

# ---- two pictures in one JPEG ----
second = Image.fromarray(smooth[:30, :44])
Image.fromarray(gray).save(path("two.mpo"), "MPO", save_all=True, append_images=[second], quality=90)
for i in range(2):
    with Image.open(path("two.mpo")) as file:
        file.seek(i)
        expect("two.mpo", np.asarray(file), frame=i, frames=2)

# ---- colour profiles, in each format that carries them ----
Image.fromarray(rgb).save(path("profile.png"), icc_profile=profiles.wide())
expect("profile.png", rgb)
Image.fromarray(rgba).save(path("profile.webp"), lossless=True, exact=True, icc_profile=profiles.wide())
expect("profile.webp", rgba)
tifffile.imwrite(path("profile.tif"), deep, photometric="minisblack", metadata=None, iccprofile=profiles.gray(2.2))
expect("profile.tif", deep)
ink.save(path("profile_ink.jpg"), "JPEG", quality=90, icc_profile=profiles.ink())
expect("profile_ink.jpg", np.asarray(Image.open(path("profile_ink.jpg"))), color="CMYK")

with open(path("expected.tsv"), "w") as out:
    for row in sorted(rows):
        out.write("\t".join(map(str, row)) + "\n")

# Small ICC profiles (version 2, ICC.1:2001) for the tests, made from numbers.
import struct


def s15(*values):
    return b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def xyz(*values):
    return b"XYZ \0\0\0\0" + s15(*values)


def text(value):
    return b"text\0\0\0\0" + value.encode() + b"\0"


def description(value):
    return b"desc\0\0\0\0" + struct.pack(">I", len(value) + 1) + value.encode() + b"\0" + bytes(4 + 4 + 2 + 1 + 67)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def profile(kind, space, pcs, tags):
    body, table, at = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name.encode() + struct.pack(">II", at + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", at + len(body), b"\0\0\0\0", 0x02400000, kind, space, pcs)
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + s15(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + table + body


def common(name):
    return {"desc": description(name), "cprt": text("none"), "wtpt": xyz(0.9642, 1, 0.8249)}


# The primaries of Adobe RGB (1998) under D50, 4.3.5.3 of its specification, and its gamma 563/256.
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def wide():
    curve = gamma(563 / 256)
    colors = {tag: xyz(*c) for tag, c in zip(("rXYZ", "gXYZ", "bXYZ"), ADOBE)}
    return profile(b"mntr", b"RGB ", b"XYZ ", {**common("wide test"), **colors, "rTRC": curve, "gTRC": curve, "bTRC": curve})


def gray(power=1.0):
    return profile(b"mntr", b"GRAY", b"XYZ ", {**common("gray test"), "kTRC": gamma(power)})


def ink():
    """CMYK whose table of 3 x 3 x 3 x 3 entries follows no formula but its own: duller inks than (1 - C)(1 - K)."""
    ramp = bytes(range(256))
    grid = bytearray()
    for c in (0, 0.5, 1):
        for m in (0, 0.5, 1):
            for y in (0, 0.5, 1):
                for k in (0, 0.5, 1):
                    light = (1 - 0.30 * c) * (1 - 0.45 * m) * (1 - 0.08 * y) * (1 - 0.85 * k)
                    color = (1 - k) * 110
                    a, b = 0.65 * (m - 0.5 * c), 0.8 * (y - 0.55 * c - 0.1 * m)
                    grid += bytes((round(255 * light), round(128 + color * a), round(128 + color * b)))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 3, 0)) + s15(1, 0, 0, 0, 1, 0, 0, 0, 1) + ramp * 4 + bytes(grid) + ramp * 3
    return profile(b"prtr", b"CMYK", b"Lab ", {**common("ink test"), "A2B0": table})

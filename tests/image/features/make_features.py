#!/usr/bin/env python3
"""What OpenCV and scikit-image say of two small pictures, for tests/image/features_test.cpp.

    pip install opencv-python-headless scikit-image
    tests/image/features/make_features.py

The pictures are cut out of docs/pictures (their README says where those are from).
"""
import pathlib

import cv2
import numpy as np
from skimage.feature import hog

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = HERE.parents[2] / "docs/pictures"

coins = cv2.imread(str(PICTURES / "coins.jpg"), cv2.IMREAD_GRAYSCALE)[20:148:2, 20:180:2]  # 64 x 80
colours = cv2.imread(str(PICTURES / "false_colour.jpg"))[60:100, 60:108]  # 40 x 48, BGR
cv2.imwrite(str(HERE / "coins.png"), coins)
cv2.imwrite(str(HERE / "colours.png"), colours)

slopes = [cv2.Sobel(coins, cv2.CV_32F, dx, 1 - dx, borderType=cv2.BORDER_REPLICATE) for dx in (1, 0)]
np.save(HERE / "sobel.npy", np.stack(slopes)[:, :24, :32].astype(np.int16))
np.save(HERE / "sobel_corner.npy", np.stack(slopes)[:, -8:, -8:].astype(np.int16))

edges = cv2.Canny(coins, 80, 160, L2gradient=True)
cv2.imwrite(str(HERE / "canny.png"), edges)
cv2.imwrite(str(HERE / "canny_low.png"), cv2.Canny(coins, 30, 200, L2gradient=True))

np.save(HERE / "hog.npy", hog(coins).astype(np.float32))  # 9 orientations, cells of 8, blocks of 3
np.save(HERE / "hog_small.npy", hog(coins[:33, :38], 6, (5, 5), (2, 2), block_norm="L2-Hys").astype(np.float32))
np.save(HERE / "hog_colours.npy",
        hog(cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), 9, (8, 8), (2, 2), channel_axis=2).astype(np.float32))

found = cv2.matchTemplate(coins, coins[10:40, 20:60], cv2.TM_CCOEFF_NORMED)
np.save(HERE / "match.npy", found.astype(np.float32))

drawing = np.zeros((90, 120), np.uint8)
for a, b in (((5, 10), (110, 10)), ((5, 80), (110, 20)), ((60, 3), (60, 85)), ((10, 5), (90, 85))):
    cv2.line(drawing, a, b, 255, 1)
cv2.imwrite(str(HERE / "lines.png"), drawing)
lines = cv2.HoughLinesWithAccumulator(drawing, 1, np.pi / 180, 40).reshape(-1, 3)
np.save(HERE / "hough.npy", lines.astype(np.float32))
fine = cv2.HoughLinesWithAccumulator(edges, 0.5, np.pi / 360, 17).reshape(-1, 3)
np.save(HERE / "hough_fine.npy", fine.astype(np.float32))
print(len(lines), "lines,", len(fine), "of the coins;", int((edges > 0).sum()), "edges")

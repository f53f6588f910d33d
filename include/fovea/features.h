// Features made by hand, the rules of computer vision before networks learned their own: edges, histograms of
// gradients, templates, lines. `gray` is a table (H,W) or (H,W,1) of u8, u16 or f32, whose numbers are taken
// as they are. Threads: a call works in its own thread alone.
//   const Tensor edges = image::canny(image::to_gray(photo), 80, 160);
//   const Tensor words = image::hog(photo.pixels, {.cell = 8});
//   for (const auto& line : image::hough_lines(edges, {.threshold = 100})) ...
#pragma once
#include <string>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::image {

/// Slopes to the right and downwards, f32 (H,W), by Sobel's masks (1,2,1) x (-1,0,1); borders are repeated.
struct Slopes {
  Tensor x, y;
};
Slopes sobel(const Tensor& gray);

/// Edges by Canny 1986: u8 (H,W), 255 where the length of the slope is largest across the edge and above
/// `high`, or above `low` and connected with such a place; else 0. As cv2.Canny(..., L2gradient=True), the
/// picture is not blurred first. Throws unless 0 <= low <= high.
Tensor canny(const Tensor& gray, double low, double high);

struct HogOptions {
  int64_t cell = 8;          // side, in pixels
  int64_t orientations = 9;  // of 180 degrees
  int64_t block = 2;         // side, in cells
};
/// For each whole cell of an image (H,W,C) or (H,W) how much of its slopes points where, regardless of sign:
/// f32 (rows, columns, orientations), divided by the pixels of a cell. Of several channels the one with the
/// steepest slope counts at each pixel.
Tensor hog_cells(const Tensor& image, const HogOptions& options = {});
/// Histograms of oriented gradients (Dalal and Triggs 2005): the cells in overlapping blocks, each scaled to
/// length 1, cut at 0.2 and scaled again (L2-Hys); f32 (numbers), block by block. As skimage.feature.hog.
/// Throws if the image is smaller than a block.
Tensor hog(const Tensor& image, const HogOptions& options = {});
/// Cells of hog_cells() as stars of strokes along the edges: u8 (rows * side, columns * side).
Tensor draw_hog(const Tensor& cells, int64_t side = 16);

/// How alike `gray` is to `pattern` (h,w) at each place where it fits: f32 (H-h+1, W-w+1), the correlation of
/// their numbers, -1 to 1, 0 where either is flat. As cv2.matchTemplate with TM_CCOEFF_NORMED.
Tensor match_template(const Tensor& gray, const Tensor& pattern);
/// The same for patterns (K,h,w): f32 (K, H-h+1, W-w+1).
Tensor match_templates(const Tensor& gray, const Tensor& patterns);

/// The points (x, y) with x cos(theta) + y sin(theta) = rho: theta in radians, 0 for upright lines.
struct HoughLine {
  double rho, theta;
  int64_t votes;  // pixels on it
};
struct HoughOptions {
  double rho = 1, theta = 3.14159265358979323846 / 180;  // steps, in pixels and radians
  int64_t threshold = 50;                                // lines have more votes
};
/// Lines through the pixels of `edges`, u8 (H,W), that are not 0 (Hough 1962; Duda and Hart 1972): those with
/// more votes than their neighbours, most first. As cv2.HoughLines.
std::vector<HoughLine> hough_lines(const Tensor& edges, const HoughOptions& options = {});
/// `rgb` (H,W,3) u8 with the lines drawn across it.
Tensor draw_lines(const Tensor& rgb, const std::vector<HoughLine>& lines);

/// Are these lines parallel? The long lines of a picture (of more than 0.6 of the votes of the longest) and
/// whether their angles differ by `tolerance` degrees at most.
struct Parallels {
  bool parallel;
  double spread;  // degrees between the two that differ most
  std::vector<HoughLine> lines;
};
Parallels parallel_lines(const Tensor& gray, double tolerance = 2);

/// Illusions u8 (side,side) whose long lines are parallel and do not look so; `tilt`: every other one is
/// turned by so many degrees. "zoellner" (Zöllner 1860) or "cafe_wall" (Gregory and Heard 1979).
Tensor illusion(const std::string& name, int64_t side = 480, double tilt = 0);

}  // namespace fovea::image

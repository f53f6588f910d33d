// Lines by votes, and whether they are parallel.
#include <algorithm>
#include <cmath>

#include "fovea/features.h"
#include "image/canvas.h"
#include "image/features/plane.h"

namespace fovea::image {
namespace {

/// Votes for (theta, rho), with a border of zeros.
class Ballot {
 public:
  Ballot(const Tensor& edges, const HoughOptions& o)
      : angles_(int64_t(std::llround(M_PI / o.theta))),
        rhos_(std::llround(double((edges.size(0) + edges.size(1)) * 2 + 1) / o.rho)),
        votes_(size_t((angles_ + 2) * (rhos_ + 2))) {
    std::vector<float> cosines, sines;
    for (int64_t n = 0; n < angles_; ++n)
      cosines.push_back(float(std::cos(double(n) * o.theta) / o.rho)),
          sines.push_back(float(std::sin(double(n) * o.theta) / o.rho));
    const uint8_t* p = edges.data<uint8_t>();
    for (int64_t y = 0; y < edges.size(0); ++y)
      for (int64_t x = 0; x < edges.size(1); ++x) {
        if (!*p++) continue;
        for (int64_t n = 0; n < angles_; ++n)
          ++at(n, std::lrint(float(x) * cosines[size_t(n)] + float(y) * sines[size_t(n)]) + (rhos_ - 1) / 2);
      }
  }
  int32_t& at(int64_t angle, int64_t rho) { return votes_[size_t((angle + 1) * (rhos_ + 2) + rho + 1)]; }
  int64_t angles() const { return angles_; }
  int64_t rhos() const { return rhos_; }

 private:
  int64_t angles_, rhos_;
  std::vector<int32_t> votes_;
};

double degrees(double radians) { return radians * 180 / M_PI; }

}  // namespace

std::vector<HoughLine> hough_lines(const Tensor& edges, const HoughOptions& o) {
  check(edges.rank() == 2 && edges.dtype() == u8 && edges.numel() > 0,
        "[hough_lines] edges are u8 (H,W), as of canny(), not {}", edges.describe());
  check(o.rho > 0 && o.theta > 0 && o.theta <= M_PI / 2 && o.threshold >= 0,
        "[hough_lines] rho={}, theta={}, threshold={}: steps above 0, theta at most pi / 2", o.rho, o.theta,
        o.threshold);
  Ballot votes(edges.contiguous(), o);
  std::vector<HoughLine> lines;
  for (int64_t n = 0; n < votes.angles(); ++n)
    for (int64_t r = 0; r < votes.rhos(); ++r) {
      const int32_t v = votes.at(n, r);
      if (v > o.threshold && v > votes.at(n, r - 1) && v >= votes.at(n, r + 1) && v > votes.at(n - 1, r) &&
          v >= votes.at(n + 1, r))
        lines.push_back({double(r - (votes.rhos() - 1) / 2) * o.rho, double(n) * o.theta, v});
    }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const HoughLine& a, const HoughLine& b) { return a.votes > b.votes; });
  return lines;
}

Tensor draw_lines(const Tensor& rgb, const std::vector<HoughLine>& lines) {
  check(rgb.rank() == 3 && rgb.size(2) == 3 && rgb.dtype() == u8 && rgb.numel() > 0,
        "[draw_lines] pictures are u8 RGB (H,W,3), not {}", rgb.describe());
  Canvas canvas(int(rgb.size(1)), int(rgb.size(0)), {0, 0, 0});
  canvas.pixels().copy_from(rgb);
  const double reach = double(rgb.size(0) + rgb.size(1));
  for (const HoughLine& l : lines) {
    const double c = std::cos(l.theta), s = std::sin(l.theta), x = l.rho * c + 0.5, y = l.rho * s + 0.5;
    canvas.line({{x - reach * s, y + reach * c}, {x + reach * s, y - reach * c}}, std::max(1., reach / 500),
                {230, 60, 40});
  }
  return canvas.pixels();
}

Parallels parallel_lines(const Tensor& gray, double tolerance) {
  check(tolerance >= 0, "[parallel_lines] a tolerance of {} degrees", tolerance);
  const Tensor edges = canny(gray_plane(gray, "parallel_lines"), 80, 160);
  const HoughOptions fine{.theta = M_PI / 360, .threshold = std::max<int64_t>(1, edges.size(1) / 20)};
  Parallels found{.parallel = true, .spread = 0, .lines = hough_lines(edges, fine)};
  check(!found.lines.empty(), "[parallel_lines] there are no lines in this picture");
  constexpr double part = 0.6;
  std::erase_if(found.lines, [most = double(found.lines[0].votes)](const HoughLine& l) {
    return double(l.votes) < part * most;
  });
  for (const HoughLine& a : found.lines)
    for (const HoughLine& b : found.lines) {
      const double apart = std::abs(degrees(a.theta - b.theta));
      found.spread = std::max(found.spread, std::min(apart, 180 - apart));
    }
  found.parallel = found.spread <= tolerance;
  return found;
}

}  // namespace fovea::image

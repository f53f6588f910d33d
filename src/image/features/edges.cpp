// Slopes and edges.
#include <algorithm>
#include <cmath>

#include "fovea/features.h"
#include "image/features/plane.h"

namespace fovea::image {
namespace {

constexpr uint8_t no = 0, maybe = 1, edge = 255;

/// Squared lengths of the slopes, with a border of zeros.
class Steepness {
 public:
  Steepness(const Slopes& s) : width_(s.x.size(1) + 2), values_(size_t((s.x.size(0) + 2) * width_)) {
    const float *x = s.x.data<float>(), *y = s.y.data<float>();
    for (int64_t r = 0; r < s.x.size(0); ++r)
      for (int64_t c = 0; c < s.x.size(1); ++c, ++x, ++y) at(r, c) = *x * *x + *y * *y;
  }
  float& at(int64_t r, int64_t c) { return values_[size_t((r + 1) * width_ + c + 1)]; }

 private:
  int64_t width_;
  std::vector<float> values_;
};

/// Whether (r, c) is steepest along the slope (x, y), which is taken as one of four directions.
bool is_ridge(Steepness& m, int64_t r, int64_t c, double x, double y) {
  constexpr double tan22 = 13573. / 32768;  // of 22.5 degrees, rounded as OpenCV does
  const float here = m.at(r, c);
  const double across = std::abs(x), down = std::abs(y);
  if (down < across * tan22) return here > m.at(r, c - 1) && here >= m.at(r, c + 1);
  if (down > across * (tan22 + 2)) return here > m.at(r - 1, c) && here >= m.at(r + 1, c);
  const int64_t s = (x < 0) != (y < 0) ? -1 : 1;
  return here > m.at(r - 1, c - s) && here > m.at(r + 1, c + s);
}

/// Everything connected with an edge that may be one is one.
void connect(const Tensor& map, std::vector<int64_t> edges) {
  const int64_t height = map.size(0), width = map.size(1);
  uint8_t* p = map.data<uint8_t>();
  while (!edges.empty()) {
    const int64_t r = edges.back() / width, c = edges.back() % width;
    edges.pop_back();
    for (int64_t y = std::max<int64_t>(0, r - 1); y <= std::min(height - 1, r + 1); ++y)
      for (int64_t x = std::max<int64_t>(0, c - 1); x <= std::min(width - 1, c + 1); ++x)
        if (p[y * width + x] == maybe) p[y * width + x] = edge, edges.push_back(y * width + x);
  }
  std::replace(p, p + map.numel(), maybe, no);
}

}  // namespace

Slopes sobel(const Tensor& gray) {
  const Tensor plane = gray_plane(gray, "sobel");
  const int64_t height = plane.size(0), width = plane.size(1);
  const Slopes s{Tensor::empty(plane.shape()), Tensor::empty(plane.shape())};
  float *x = s.x.data<float>(), *y = s.y.data<float>();
  for (int64_t r = 0; r < height; ++r) {
    const float* here = plane.data<float>() + r * width;
    const float* above = r > 0 ? here - width : here;
    const float* below = r + 1 < height ? here + width : here;
    for (int64_t c = 0; c < width; ++c) {
      const int64_t l = std::max<int64_t>(0, c - 1), right = std::min(width - 1, c + 1);
      *x++ = (above[right] - above[l]) + 2 * (here[right] - here[l]) + (below[right] - below[l]);
      *y++ = (below[l] - above[l]) + 2 * (below[c] - above[c]) + (below[right] - above[right]);
    }
  }
  return s;
}

Tensor canny(const Tensor& gray, double low, double high) {
  check(0 <= low && low <= high, "[canny] low={} and high={}: 0 <= low <= high is wanted", low, high);
  const Slopes s = sobel(gray);
  Steepness steepness(s);
  const Tensor map = full(s.x.shape(), no, u8);
  const float *x = s.x.data<float>(), *y = s.y.data<float>();
  std::vector<int64_t> edges;
  for (int64_t i = 0; i < map.numel(); ++i) {
    const int64_t r = i / map.size(1), c = i % map.size(1);
    const double m = steepness.at(r, c);
    if (!(m > low * low) || !is_ridge(steepness, r, c, x[i], y[i])) continue;
    map.data<uint8_t>()[i] = m > high * high ? edge : maybe;
    if (m > high * high) edges.push_back(i);
  }
  connect(map, std::move(edges));
  return map;
}

}  // namespace fovea::image

// Templates.
#include <cmath>

#include "fovea/features.h"
#include "image/features/plane.h"

namespace fovea::image {

Tensor match_template(const Tensor& gray, const Tensor& pattern) {
  const Tensor plane = gray_plane(gray, "match_template"), wanted = gray_plane(pattern, "match_template");
  const int64_t height = plane.size(0) - wanted.size(0) + 1, width = plane.size(1) - wanted.size(1) + 1;
  check(height > 0 && width > 0, "[match_template] a picture {} x {} is smaller than the pattern, {} x {}",
        plane.size(0), plane.size(1), wanted.size(0), wanted.size(1));
  const int64_t h = wanted.size(0), w = wanted.size(1), n = h * w, stride = plane.size(1);
  const float* p = wanted.data<float>();
  double mean = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) mean += p[i];
  mean /= double(n);
  std::vector<float> centred;
  for (int64_t i = 0; i < n; ++i) centred.push_back(float(p[i] - mean)), squares += std::pow(p[i] - mean, 2);
  const Tensor out = Tensor::empty({height, width});
  for (int64_t r = 0; r < height; ++r)
    for (int64_t c = 0; c < width; ++c) {
      double product = 0, sum = 0, own = 0;
      for (int64_t y = 0; y < h; ++y) {
        const float *line = plane.data<float>() + (r + y) * stride + c, *mask = centred.data() + y * w;
        float a = 0, b = 0, d = 0;
        for (int64_t x = 0; x < w; ++x) a += line[x] * mask[x], b += line[x], d += line[x] * line[x];
        product += a, sum += b, own += d;
      }
      const double variance = own - sum * sum / double(n);
      const bool flat = variance <= 1e-6 * own || squares <= 0;
      out.at<float>({r, c}) = flat ? 0 : float(product / std::sqrt(variance * squares));
    }
  return out;
}

}  // namespace fovea::image

#include <algorithm>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "see/probe.h"

namespace fovea::see {
namespace {

constexpr int64_t batch = 64;  // pictures that the network sees at once

/// Windows side by side on one axis: how many it takes to reach its end.
int64_t places(int64_t length, const OcclusionOptions& o) {
  return 1 + (std::max<int64_t>(0, length - o.window) + o.stride - 1) / o.stride;
}

/// A view of what window `k` covers of the last two dimensions of `t`.
Tensor covered(const Tensor& t, int64_t k, const OcclusionOptions& o) {
  const int rows = t.rank() - 2, columns = t.rank() - 1;
  const int64_t across = places(t.size(columns), o), top = k / across * o.stride,
                left = k % across * o.stride;
  return t.narrow(rows, top, std::min(o.window, t.size(rows) - top))
      .narrow(columns, left, std::min(o.window, t.size(columns) - left));
}

/// The mean fall of the score of one picture (1,C,H,W), which is `whole`, over the windows that cover each
/// pixel.
Tensor falls(const nn::Module& net, const Tensor& x, int64_t label, double whole, const OcclusionOptions& o) {
  const int64_t height = x.size(2), width = x.size(3), windows = places(height, o) * places(width, o);
  const Tensor fall = zeros({height, width}, f64), count = zeros({height, width}, f64);
  for (int64_t first = 0; first < windows; first += batch) {
    const int64_t n = std::min(batch, windows - first);
    const Tensor seen = x.expand({n, x.size(1), height, width}).contiguous().clone();
    for (int64_t k = 0; k < n; ++k) covered(seen.select(0, k), first + k, o).fill(o.value);
    const std::vector<double> left = scores(net, seen, full({n}, double(label), i64)).to_vector<double>();
    for (int64_t k = 0; k < n; ++k) {
      const Tensor sums = covered(fall, first + k, o), times = covered(count, first + k, o);
      sums.copy_from(sums + (whole - left[size_t(k)]));
      times.copy_from(times + 1);
    }
  }
  return fall / count;
}

}  // namespace

Tensor occlusion(const nn::Module& net, const Tensor& x, const Tensor& classes,
                 const OcclusionOptions& options) {
  check_images("occlusion", x);
  const int64_t shorter = std::min(x.size(2), x.size(3));
  check(options.window > 0 && options.window <= shorter && options.stride > 0 &&
            options.stride <= options.window,
        "[occlusion] a window of {} that moves by {} does not cover images of {} x {}", options.window,
        options.stride, x.size(2), x.size(3));
  const Probe probe(net);
  const NoGrad guard;
  const std::vector<double> whole = scores(net, x, classes).to_vector<double>();
  const std::vector<int64_t> labels = classes.to_vector<int64_t>();
  std::vector<Tensor> maps;
  for (int64_t i = 0; i < x.size(0); ++i)
    maps.push_back(falls(net, x.narrow(0, i, 1), labels[size_t(i)], whole[size_t(i)], options));
  return stack(maps).to(x.dtype());
}

}  // namespace fovea::see

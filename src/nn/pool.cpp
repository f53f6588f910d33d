#include "fovea/nn/pool.h"

#include "fovea/ops.h"

namespace fovea::nn {
namespace {

std::string text(const char* name, const Size& kernel, const Size& stride, const Size& padding) {
  return fmt::format("{}({}{}{})", name, kernel.text(), stride.empty() ? "" : ", stride=" + stride.text(),
                     padding == Size(0) ? "" : ", padding=" + padding.text());
}

/// The maxima of `count` windows of dimension `dim`; window i reaches from floor(i n / count) to ceil((i + 1)
/// n / count).
Tensor window_maxima(const Tensor& x, int64_t dim, int64_t count) {
  check(count >= 1, "AdaptiveMaxPool2d wants a size of at least 1, not {}", count);
  const int64_t n = x.size(int(dim));
  std::vector<Tensor> maxima;
  for (int64_t i = 0; i < count; ++i)
    maxima.push_back(max(slice(x, dim, i * n / count, ((i + 1) * n + count - 1) / count), {dim}, true));
  return concat(maxima, dim);
}

}  // namespace

MaxPool2d::MaxPool2d(Size kernel, MaxPoolOptions o)
    : Lambda(text("MaxPool2d", kernel, o.stride, o.padding), [=](const Tensor& x) {
        return max_pool2d(x, kernel, o.stride, o.padding, o.dilation, o.ceil_mode);
      }) {}

AvgPool2d::AvgPool2d(Size kernel, AvgPoolOptions o)
    : Lambda(text("AvgPool2d", kernel, o.stride, o.padding), [=](const Tensor& x) {
        return avg_pool2d(x, kernel, o.stride, o.padding, o.ceil_mode, o.count_include_pad);
      }) {}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(Size size)
    : Lambda(fmt::format("AdaptiveAvgPool2d({})", size.text()),
             [=](const Tensor& x) { return adaptive_avg_pool2d(x, size); }) {}

AdaptiveMaxPool2d::AdaptiveMaxPool2d(Size size)
    : Lambda(fmt::format("AdaptiveMaxPool2d({})", size.text()), [=](const Tensor& x) {
        check(x.rank() == 4 && x.numel() > 0, "AdaptiveMaxPool2d wants images (N,C,H,W), not {}",
              x.describe());
        return window_maxima(window_maxima(x, 2, size[0]), 3, size[-1]);
      }) {}

}  // namespace fovea::nn

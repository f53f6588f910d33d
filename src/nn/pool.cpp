#include "fovea/nn/pool.h"

#include "fovea/ops.h"

namespace fovea::nn {
namespace {

std::string text(const char* name, const Size& kernel, const Size& stride, const Size& padding) {
  return fmt::format("{}({}{}{})", name, kernel.text(), stride.empty() ? "" : ", stride=" + stride.text(),
                     padding == Size(0) ? "" : ", padding=" + padding.text());
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
    : Lambda(fmt::format("AdaptiveMaxPool2d({})", size.text()),
             [=](const Tensor& x) { return adaptive_max_pool2d(x, size); }) {}

}  // namespace fovea::nn

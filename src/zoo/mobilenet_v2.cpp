#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"
#include "zoo/blocks.h"

namespace fovea::zoo {
namespace {

nn::Sequential conv_bn_relu6(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1,
                             int64_t groups = 1) {
  return conv_norm(in, out, kernel, {.stride = stride, .groups = groups}).append(nn::ReLU6());
}

/// Widens its few channels, filters each by itself, and narrows them again without an activation, which
/// would lose information there. Adds x where the shape stays.
struct InvertedResidual : nn::Module {
  nn::Sequential conv;
  bool residual;

  InvertedResidual(int64_t in, int64_t out, int64_t stride, int64_t expansion)
      : residual(stride == 1 && in == out) {
    const int64_t wide = in * expansion;
    if (expansion != 1) conv.append(conv_bn_relu6(in, wide, 1));
    conv.append(conv_bn_relu6(wide, wide, 3, stride, wide));
    conv.append(nn::Conv2d(wide, out, 1, {.bias = false}));
    conv.append(nn::BatchNorm2d(out));
    register_module("conv", conv);
  }

  Tensor forward(const Tensor& x) const override { return residual ? x + conv(x) : conv(x); }
  std::string describe() const override { return "InvertedResidual"; }
};

}  // namespace

nn::Sequential mobilenet_v2(int64_t classes, int64_t channels) {
  struct Stage {
    int64_t expansion, out, blocks, stride;
  };
  constexpr Stage stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                              {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  nn::Sequential features;
  features.append(conv_bn_relu6(channels, 32, 3, 2));
  int64_t in = 32;
  for (const Stage& s : stages)
    for (int64_t i = 0; i < s.blocks; ++i) {
      features.append(InvertedResidual(in, s.out, i == 0 ? s.stride : 1, s.expansion));
      in = s.out;
    }
  features.append(conv_bn_relu6(in, 1280, 1));
  const nn::Sequential net({{"features", features},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"classifier", nn::Sequential(nn::Dropout(0.2), nn::Linear(1280, classes))}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out});
    else if (p.rank() == 2) init::normal_(p, 0, 0.01);
    else if (name == "classifier.1.bias") init::zeros_(p);
  }
  return net;
}

}  // namespace fovea::zoo

#include <cmath>

#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"
#include "zoo/blocks.h"

namespace fovea::zoo {
namespace {

/// One block of a stage: `expansion` times as many channels inside.
struct Shape {
  int64_t expansion, kernel, stride, in, out;
};

/// MobileNetV2's block with attention to channels; in training it is skipped for an image with probability
/// `drop` (Huang et al. 2016).
struct MBConv : nn::Module {
  nn::Sequential block;
  bool residual;
  double drop;

  MBConv(const Shape& s, double probability) : residual(s.stride == 1 && s.in == s.out), drop(probability) {
    const int64_t wide = s.in * s.expansion;
    if (s.expansion != 1) block.append(conv_norm(s.in, wide, 1).append(nn::SiLU()));
    block.append(conv_norm(wide, wide, s.kernel, {.stride = s.stride, .groups = wide}).append(nn::SiLU()));
    block.append(SqueezeExcitation(wide, std::max<int64_t>(1, s.in / 4), nn::SiLU()));
    block.append(conv_norm(wide, s.out, 1));
    register_module("block", block);
  }

  Tensor forward(const Tensor& x) const override {
    const Tensor y = block(x);
    if (!residual) return y;
    return x + (training() && drop > 0 ? y * dropout(ones({x.size(0), 1, 1, 1}, x.dtype()), drop) : y);
  }
  std::string describe() const override { return "MBConv"; }
};

nn::Sequential features_b0(int64_t channels) {
  struct Stage {
    Shape first;
    int blocks;
  };
  constexpr Stage stages[] = {{{1, 3, 1, 32, 16}, 1},  {{6, 3, 2, 16, 24}, 2},  {{6, 5, 2, 24, 40}, 2},
                              {{6, 3, 2, 40, 80}, 3},  {{6, 5, 1, 80, 112}, 3}, {{6, 5, 2, 112, 192}, 4},
                              {{6, 3, 1, 192, 320}, 1}};
  constexpr int total = 16;
  nn::Sequential features;
  features.append(conv_norm(channels, 32, 3, {.stride = 2}).append(nn::SiLU()));
  int done = 0;
  for (const auto& [first, blocks] : stages) {
    nn::Sequential stage;
    for (int i = 0; i < blocks; ++i) {
      Shape shape = first;
      if (i > 0) shape.stride = 1, shape.in = shape.out;
      stage.append(MBConv(shape, 0.2 * done++ / total));
    }
    features.append(stage);
  }
  features.append(conv_norm(320, 1280, 1).append(nn::SiLU()));
  return features;
}

}  // namespace

nn::Sequential efficientnet_b0(int64_t classes, int64_t channels) {
  const nn::Sequential net({{"features", features_b0(channels)},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"classifier", nn::Sequential(nn::Dropout(0.2), nn::Linear(1280, classes))}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out});
    else if (p.rank() == 2)
      init::uniform_(p, -1 / std::sqrt(double(classes)), 1 / std::sqrt(double(classes)));
    else if (name.ends_with(".bias")) init::zeros_(p);
  }
  return net;
}

}  // namespace fovea::zoo

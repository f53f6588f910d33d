#include "fovea/init.h"
#include "fovea/zoo.h"
#include "zoo/blocks.h"

namespace fovea::zoo {
namespace {

/// Filters each channel by itself, then mixes the channels of each pixel: 8 to 9 times less work than a full
/// 3x3 convolution.
nn::Sequential separable(int64_t in, int64_t out, int64_t stride) {
  return nn::Sequential(conv_norm(in, in, 3, {.stride = stride, .groups = in}).append(nn::ReLU()),
                        conv_norm(in, out, 1).append(nn::ReLU()));
}

}  // namespace

nn::Sequential mobilenet_v1(int64_t classes, int64_t channels) {
  struct Stage {
    int64_t out, stride;
  };
  constexpr Stage stages[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                              {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  nn::Sequential features;
  features.append(conv_norm(channels, 32, 3, {.stride = 2}).append(nn::ReLU()));
  int64_t in = 32;
  for (const Stage& s : stages) {
    features.append(separable(in, s.out, s.stride));
    in = s.out;
  }
  const nn::Sequential net({{"features", features},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"classifier", nn::Linear(in, classes)}});
  for (const Tensor& p : net.parameters())
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out});
  return net;
}

}  // namespace fovea::zoo

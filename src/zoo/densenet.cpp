#include <array>

#include "fovea/init.h"
#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// x with `growth` new channels after its own: norm, relu, 1x1 to 4 * growth channels, norm, relu, 3x3.
struct DenseLayer : nn::Module {
  nn::Sequential layers;

  DenseLayer(int64_t in, int64_t growth)
      : layers({{"norm1", nn::BatchNorm2d(in)},
                {"relu1", nn::ReLU()},
                {"conv1", nn::Conv2d(in, 4 * growth, 1, {.bias = false})},
                {"norm2", nn::BatchNorm2d(4 * growth)},
                {"relu2", nn::ReLU()},
                {"conv2", nn::Conv2d(4 * growth, growth, 3, {.padding = 1, .bias = false})}}) {
    for (const auto& [name, module] : layers.children()) add_child(name, module);
  }

  Tensor forward(const Tensor& x) const override { return concat({x, layers.forward(x)}, 1); }
  std::string describe() const override { return "DenseLayer"; }
};

nn::Sequential dense_block(int layers, int64_t in, int64_t growth) {
  nn::Sequential block;
  for (int i = 0; i < layers; ++i)
    block.append(DenseLayer(in + i * growth, growth), fmt::format("denselayer{}", i + 1));
  return block;
}

nn::Sequential transition(int64_t in, int64_t out) {
  return nn::Sequential({{"norm", nn::BatchNorm2d(in)},
                         {"relu", nn::ReLU()},
                         {"conv", nn::Conv2d(in, out, 1, {.bias = false})},
                         {"pool", nn::AvgPool2d(2)}});
}

}  // namespace

nn::Sequential densenet121(int64_t classes, int64_t channels) {
  constexpr int64_t growth = 32;
  constexpr std::array<int, 4> blocks{6, 12, 24, 16};
  int64_t width = 64;
  nn::Sequential features(
      {{"conv0", nn::Conv2d(channels, width, 7, {.stride = 2, .padding = 3, .bias = false})},
       {"norm0", nn::BatchNorm2d(width)},
       {"relu0", nn::ReLU()},
       {"pool0", nn::MaxPool2d(3, {.stride = 2, .padding = 1})}});
  for (size_t i = 0; i < blocks.size(); ++i) {
    features.append(dense_block(blocks[i], width, growth), fmt::format("denseblock{}", i + 1));
    width += blocks[i] * growth;
    if (i + 1 == blocks.size()) break;
    features.append(transition(width, width / 2), fmt::format("transition{}", i + 1));
    width /= 2;
  }
  features.append(nn::BatchNorm2d(width), "norm5");
  const nn::Sequential net({{"features", features},
                            {"relu", nn::ReLU()},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"classifier", nn::Linear(width, classes)}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.rank() == 4) init::kaiming_normal_(p);
    else if (name == "classifier.bias") init::zeros_(p);
  }
  return net;
}

}  // namespace fovea::zoo

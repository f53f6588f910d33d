#include <array>
#include <map>

#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"
#include "zoo/blocks.h"

namespace fovea::zoo {
namespace {

nn::Conv2d conv(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1) {
  return nn::Conv2d(in, out, kernel, {.stride = stride, .padding = kernel / 2, .bias = false});
}

/// relu(f(x) + x), where f is convolutions, each with its norm, and relu between them, and attention to
/// channels if `se` is there. Where f changes the shape, `downsample` does so for x.
struct Block : nn::Module {
  std::vector<nn::Conv2d> convs;
  std::vector<nn::BatchNorm2d> norms;
  std::optional<SqueezeExcitation> se;
  std::optional<nn::AnyModule> downsample;

  Block(std::vector<nn::Conv2d> convolutions, std::optional<nn::AnyModule> shortcut,
        std::optional<SqueezeExcitation> attention = {})
      : convs(std::move(convolutions)), se(std::move(attention)), downsample(std::move(shortcut)) {
    for (size_t i = 0; i < convs.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      norms.emplace_back(convs[i].weight().size(0));
      register_module("conv" + number, convs[i]);
      register_module("bn" + number, norms[i]);
    }
    if (se) register_module("se", *se);
    if (downsample) register_module("downsample", *downsample);
  }

  Tensor forward(const Tensor& x) const override {
    Tensor y = norms[0](convs[0](x));
    for (size_t i = 1; i < convs.size(); ++i) y = norms[i](convs[i](relu(y)));
    if (se) y = (*se)(y);
    return relu(y + (downsample ? (*downsample)(x) : x));
  }
  std::string describe() const override { return "Block"; }
};

/// Every second pixel, and zeros as new channels, half of them on each side (option A of the paper).
std::optional<nn::AnyModule> padding(int64_t in, int64_t out, int64_t stride) {
  if (stride == 1 && in == out) return {};
  return nn::Lambda("Padding", [stride, side = (out - in) / 2](const Tensor& x) {
    const Tensor sparse = avg_pool2d(x, {1}, {stride});
    const Tensor none = zeros({sparse.size(0), side, sparse.size(2), sparse.size(3)}, x.dtype());
    return concat({none, sparse, none}, 1);
  });
}

/// A convolution of single pixels with its norm (option B).
std::optional<nn::AnyModule> projection(int64_t in, int64_t out, int64_t stride) {
  if (stride == 1 && in == out) return {};
  return nn::Sequential(conv(in, out, 1, stride), nn::BatchNorm2d(out));
}

Block cifar_block(int64_t in, int64_t out, int64_t stride) {
  return Block({conv(in, out, 3, stride), conv(out, out, 3)}, padding(in, out, stride));
}
Block basic_block(int64_t in, int64_t out, int64_t stride) {
  return Block({conv(in, out, 3, stride), conv(out, out, 3)}, projection(in, out, stride));
}
Block bottleneck(int64_t in, int64_t out, int64_t stride) {
  const int64_t width = out / 4;
  return Block({conv(in, width, 1), conv(width, width, 3, stride), conv(width, out, 1)},
               projection(in, out, stride));
}
Block se_bottleneck(int64_t in, int64_t out, int64_t stride) {
  const int64_t width = out / 4;
  return Block({conv(in, width, 1), conv(width, width, 3, stride), conv(width, out, 1)},
               projection(in, out, stride), SqueezeExcitation(out, out / 16));
}

using MakeBlock = Block (*)(int64_t in, int64_t out, int64_t stride);

nn::Sequential stage(MakeBlock block, int blocks, int64_t in, int64_t out, int64_t stride) {
  nn::Sequential net;
  for (int i = 0; i < blocks; ++i) net.append(i == 0 ? block(in, out, stride) : block(out, out, 1));
  return net;
}

/// For ImageNet: `width` channels come out of the first of four stages of so many blocks.
nn::Sequential imagenet_resnet(MakeBlock block, const std::array<int, 4>& blocks, int64_t width,
                               int64_t classes, int64_t channels) {
  const nn::Sequential net({{"conv1", conv(channels, 64, 7, 2)},
                            {"bn1", nn::BatchNorm2d(64)},
                            {"relu", nn::ReLU()},
                            {"maxpool", nn::MaxPool2d(3, {.stride = 2, .padding = 1})},
                            {"layer1", stage(block, blocks[0], 64, width, 1)},
                            {"layer2", stage(block, blocks[1], width, 2 * width, 2)},
                            {"layer3", stage(block, blocks[2], 2 * width, 4 * width, 2)},
                            {"layer4", stage(block, blocks[3], 4 * width, 8 * width, 2)},
                            {"avgpool", nn::AdaptiveAvgPool2d(1)},
                            {"flatten", nn::Flatten()},
                            {"fc", nn::Linear(8 * width, classes)}});
  for (const Tensor& p : net.parameters())
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out, .nonlinearity = "relu"});
  return net;
}

}  // namespace

nn::AnyModule cifar_resnet(int depth, int64_t classes, int64_t channels) {
  check(depth >= 8 && depth % 6 == 2, "a residual network for CIFAR has depth 6 n + 2, not {}", depth);
  const int blocks = (depth - 2) / 6;
  nn::Sequential net({{"conv1", conv(channels, 16, 3)},
                      {"bn1", nn::BatchNorm2d(16)},
                      {"relu", nn::ReLU()},
                      {"layer1", stage(cifar_block, blocks, 16, 16, 1)},
                      {"layer2", stage(cifar_block, blocks, 16, 32, 2)},
                      {"layer3", stage(cifar_block, blocks, 32, 64, 2)},
                      {"pool", nn::AdaptiveAvgPool2d(1)},
                      {"flatten", nn::Flatten()},
                      {"linear", nn::Linear(64, classes)}});
  for (const auto& [name, p] : net.named_parameters())
    if (p.rank() > 1) init::kaiming_normal_(p);
  return net;
}

nn::Sequential resnet(int depth, int64_t classes, int64_t channels) {
  static const std::map<int, std::array<int, 4>> stages{
      {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}, {152, {3, 8, 36, 3}}};
  const auto found = stages.find(depth);
  check(found != stages.end(),
        "resnet has depth 18, 34, 50, 101 or 152, not {}; those for CIFAR are made by cifar_resnet", depth);
  return depth < 50 ? imagenet_resnet(basic_block, found->second, 64, classes, channels)
                    : imagenet_resnet(bottleneck, found->second, 256, classes, channels);
}

nn::Sequential se_resnet50(int64_t classes, int64_t channels) {
  return imagenet_resnet(se_bottleneck, {3, 4, 6, 3}, 256, classes, channels);
}

}  // namespace fovea::zoo

#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

nn::Conv2d conv3x3(int64_t in, int64_t out, int64_t stride) {
  return nn::Conv2d(in, out, 3, {.stride = stride, .padding = 1, .bias = false});
}

/// relu(x + f(x)), where f is conv, norm, relu, conv, norm. Where the shape changes, the shortcut takes every
/// second pixel and fills new channels with zeros, half of them on each side (option A of the paper).
struct Block : nn::Module {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d bn1, bn2;
  int64_t stride, new_channels;

  Block(int64_t in, int64_t out, int64_t step)
      : conv1(conv3x3(in, out, step)),
        conv2(conv3x3(out, out, 1)),
        bn1(out),
        bn2(out),
        stride(step),
        new_channels(out - in) {
    register_module("conv1", conv1);
    register_module("bn1", bn1);
    register_module("conv2", conv2);
    register_module("bn2", bn2);
  }

  Tensor shortcut(const Tensor& x) const {
    if (stride == 1 && new_channels == 0) return x;
    const Tensor sparse = avg_pool2d(x, {1}, {stride});
    const Tensor none = zeros({sparse.size(0), new_channels / 2, sparse.size(2), sparse.size(3)}, x.dtype());
    return concat({none, sparse, none}, 1);
  }

  Tensor forward(const Tensor& x) const override {
    return relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x));
  }
  std::string describe() const override { return "Block"; }
};

nn::Sequential stage(int blocks, int64_t in, int64_t out, int64_t stride) {
  nn::Sequential net;
  for (int i = 0; i < blocks; ++i) net.append(i == 0 ? Block(in, out, stride) : Block(out, out, 1));
  return net;
}

}  // namespace

nn::AnyModule cifar_resnet(int depth, int64_t classes, int64_t channels) {
  check(depth >= 8 && depth % 6 == 2, "a residual network for CIFAR has depth 6 n + 2, not {}", depth);
  const int blocks = (depth - 2) / 6;
  nn::Sequential net({{"conv1", conv3x3(channels, 16, 1)},
                      {"bn1", nn::BatchNorm2d(16)},
                      {"relu", nn::ReLU()},
                      {"layer1", stage(blocks, 16, 16, 1)},
                      {"layer2", stage(blocks, 16, 32, 2)},
                      {"layer3", stage(blocks, 32, 64, 2)},
                      {"pool", nn::AdaptiveAvgPool2d(1)},
                      {"flatten", nn::Flatten()},
                      {"linear", nn::Linear(64, classes)}});
  for (const auto& [name, p] : net.named_parameters())
    if (p.rank() > 1) init::kaiming_normal_(p);
  return net;
}

}  // namespace fovea::zoo

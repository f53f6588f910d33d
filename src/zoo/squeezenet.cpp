#include "fovea/init.h"
#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// Squeezes x into few channels, then expands those by 1x1 and by 3x3 filters, `expand` of each.
struct Fire : nn::Module {
  nn::Conv2d squeeze, expand1x1, expand3x3;

  Fire(int64_t in, int64_t few, int64_t expand)
      : squeeze(in, few, 1), expand1x1(few, expand, 1), expand3x3(few, expand, 3, {.padding = 1}) {
    register_module("squeeze", squeeze);
    register_module("expand1x1", expand1x1);
    register_module("expand3x3", expand3x3);
  }

  Tensor forward(const Tensor& x) const override {
    const Tensor y = relu(squeeze(x));
    return concat({relu(expand1x1(y)), relu(expand3x3(y))}, 1);
  }
  std::string describe() const override { return "Fire"; }
};

nn::MaxPool2d pool() { return nn::MaxPool2d(3, {.stride = 2, .ceil_mode = true}); }

nn::Sequential squeezenet(const nn::Sequential& features, int64_t classes) {
  const nn::Sequential classifier(nn::Dropout(), nn::Conv2d(512, classes, 1), nn::ReLU(),
                                  nn::AdaptiveAvgPool2d(1));
  const nn::Sequential net({{"features", features}, {"classifier", classifier}, {"flatten", nn::Flatten()}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (name == "classifier.1.weight") init::normal_(p, 0, 0.01);
    else if (p.rank() == 4) init::kaiming_uniform_(p);
    else init::zeros_(p);
  }
  return net;
}

}  // namespace

nn::Sequential squeezenet1_0(int64_t classes, int64_t channels) {
  return squeezenet(
      nn::Sequential(nn::Conv2d(channels, 96, 7, {.stride = 2}), nn::ReLU(), pool(), Fire(96, 16, 64),
                     Fire(128, 16, 64), Fire(128, 32, 128), pool(), Fire(256, 32, 128), Fire(256, 48, 192),
                     Fire(384, 48, 192), Fire(384, 64, 256), pool(), Fire(512, 64, 256)),
      classes);
}

nn::Sequential squeezenet1_1(int64_t classes, int64_t channels) {
  return squeezenet(
      nn::Sequential(nn::Conv2d(channels, 64, 3, {.stride = 2}), nn::ReLU(), pool(), Fire(64, 16, 64),
                     Fire(128, 16, 64), pool(), Fire(128, 32, 128), Fire(256, 32, 128), pool(),
                     Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)),
      classes);
}

}  // namespace fovea::zoo

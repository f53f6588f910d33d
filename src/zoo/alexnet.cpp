#include "fovea/init.h"
#include "fovea/zoo.h"

namespace fovea::zoo {

nn::Sequential alexnet(int64_t classes, int64_t channels) {
  const nn::Sequential features(
      nn::Conv2d(channels, 64, 11, {.stride = 4, .padding = 2}), nn::ReLU(), nn::MaxPool2d(3, {.stride = 2}),
      nn::Conv2d(64, 192, 5, {.padding = 2}), nn::ReLU(), nn::MaxPool2d(3, {.stride = 2}),
      nn::Conv2d(192, 384, 3, {.padding = 1}), nn::ReLU(), nn::Conv2d(384, 256, 3, {.padding = 1}),
      nn::ReLU(), nn::Conv2d(256, 256, 3, {.padding = 1}), nn::ReLU(), nn::MaxPool2d(3, {.stride = 2}));
  const nn::Sequential classifier(nn::Dropout(), nn::Linear(256 * 6 * 6, 4096), nn::ReLU(), nn::Dropout(),
                                  nn::Linear(4096, 4096), nn::ReLU(), nn::Linear(4096, classes));
  return nn::Sequential({{"features", features},
                         {"avgpool", nn::AdaptiveAvgPool2d(6)},
                         {"flatten", nn::Flatten()},
                         {"classifier", classifier}});
}

nn::Sequential alexnet_original(int64_t classes, int64_t channels, int64_t side) {
  check(side >= 67, "alexnet_original takes images of 67x67 or more, not {}x{}: resize them", side, side);
  const auto pooled = [](int64_t n) { return (n - 3) / 2 + 1; };
  const int64_t last = pooled(pooled(pooled((side - 11) / 4 + 1)));
  // The paper's alpha is 1e-4 for the sum of squares; ours, as PyTorch's, is divided by the size.
  const auto norm = [] { return nn::LocalResponseNorm(5, 5e-4, 0.75, 2); };
  const auto pool = [] { return nn::MaxPool2d(3, {.stride = 2}); };
  const nn::Sequential net({{"conv1", nn::Conv2d(channels, 96, 11, {.stride = 4})},
                            {"relu1", nn::ReLU()},
                            {"norm1", norm()},
                            {"pool1", pool()},
                            {"conv2", nn::Conv2d(96, 256, 5, {.padding = 2, .groups = 2})},
                            {"relu2", nn::ReLU()},
                            {"norm2", norm()},
                            {"pool2", pool()},
                            {"conv3", nn::Conv2d(256, 384, 3, {.padding = 1})},
                            {"relu3", nn::ReLU()},
                            {"conv4", nn::Conv2d(384, 384, 3, {.padding = 1, .groups = 2})},
                            {"relu4", nn::ReLU()},
                            {"conv5", nn::Conv2d(384, 256, 3, {.padding = 1, .groups = 2})},
                            {"relu5", nn::ReLU()},
                            {"pool5", pool()},
                            {"flatten", nn::Flatten()},
                            {"fc6", nn::Linear(256 * last * last, 4096)},
                            {"relu6", nn::ReLU()},
                            {"drop6", nn::Dropout()},
                            {"fc7", nn::Linear(4096, 4096)},
                            {"relu7", nn::ReLU()},
                            {"drop7", nn::Dropout()},
                            {"fc8", nn::Linear(4096, classes)}});
  for (const auto& [name, p] : net.named_parameters()) {
    if (p.rank() > 1) init::normal_(p, 0, 0.01);
    else init::constant_(p, name == "conv1.bias" || name == "conv3.bias" || name == "fc8.bias" ? 0 : 1);
  }
  return net;
}

}  // namespace fovea::zoo

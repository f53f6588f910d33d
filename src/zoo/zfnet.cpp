#include "fovea/init.h"
#include "fovea/zoo.h"

namespace fovea::zoo {

nn::Sequential zfnet(int64_t classes, int64_t channels, int64_t side) {
  check(side >= 63, "zfnet takes images of 63x63 or more, not {}x{}: resize them", side, side);
  const auto pooled = [](int64_t n) { return (n - 2) / 2 + 1; };
  const int64_t conv2 = (pooled((side + 2 - 7) / 2 + 1) - 5) / 2 + 1, last = (pooled(conv2) - 3) / 2 + 1;
  const auto norm = [] { return nn::LocalResponseNorm(5, 5e-4, 0.75, 2); };
  const auto pool = [] { return nn::MaxPool2d(3, {.stride = 2, .ceil_mode = true}); };
  const nn::Sequential net({{"conv1", nn::Conv2d(channels, 96, 7, {.stride = 2, .padding = 1})},
                            {"relu1", nn::ReLU()},
                            {"pool1", pool()},
                            {"norm1", norm()},
                            {"conv2", nn::Conv2d(96, 256, 5, {.stride = 2})},
                            {"relu2", nn::ReLU()},
                            {"pool2", pool()},
                            {"norm2", norm()},
                            {"conv3", nn::Conv2d(256, 384, 3, {.padding = 1})},
                            {"relu3", nn::ReLU()},
                            {"conv4", nn::Conv2d(384, 384, 3, {.padding = 1})},
                            {"relu4", nn::ReLU()},
                            {"conv5", nn::Conv2d(384, 256, 3, {.padding = 1})},
                            {"relu5", nn::ReLU()},
                            {"pool5", nn::MaxPool2d(3, {.stride = 2})},
                            {"flatten", nn::Flatten()},
                            {"fc6", nn::Linear(256 * last * last, 4096)},
                            {"relu6", nn::ReLU()},
                            {"drop6", nn::Dropout()},
                            {"fc7", nn::Linear(4096, 4096)},
                            {"relu7", nn::ReLU()},
                            {"drop7", nn::Dropout()},
                            {"fc8", nn::Linear(4096, classes)}});
  for (const Tensor& p : net.parameters()) {
    if (p.rank() > 1) init::normal_(p, 0, 0.01);
    else init::zeros_(p);
  }
  return net;
}

}  // namespace fovea::zoo

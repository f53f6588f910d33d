#include <array>
#include <map>

#include "fovea/init.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// Five stages of 3x3 convolutions with ReLU, each followed by pooling that halves the sides.
nn::Sequential features(const std::array<int, 5>& convolutions, int64_t channels) {
  constexpr std::array<int64_t, 5> widths{64, 128, 256, 512, 512};
  nn::Sequential net;
  for (size_t stage = 0; stage < 5; ++stage) {
    for (int i = 0; i < convolutions[stage]; ++i) {
      net.append(nn::Conv2d(channels, widths[stage], 3, {.padding = 1}));
      net.append(nn::ReLU());
      channels = widths[stage];
    }
    net.append(nn::MaxPool2d(2));
  }
  return net;
}

}  // namespace

nn::Sequential vgg(int depth, int64_t classes, int64_t channels) {
  static const std::map<int, std::array<int, 5>> convolutions{
      {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  const auto found = convolutions.find(depth);
  check(found != convolutions.end(), "vgg has depth 11, 13, 16 or 19, not {}", depth);
  const nn::Sequential classifier(nn::Linear(512 * 7 * 7, 4096), nn::ReLU(), nn::Dropout(),
                                  nn::Linear(4096, 4096), nn::ReLU(), nn::Dropout(),
                                  nn::Linear(4096, classes));
  const nn::Sequential net({{"features", features(found->second, channels)},
                            {"avgpool", nn::AdaptiveAvgPool2d(7)},
                            {"flatten", nn::Flatten()},
                            {"classifier", classifier}});
  for (const Tensor& p : net.parameters()) {
    if (p.rank() == 4) init::kaiming_normal_(p, {.mode = init::Fan::out, .nonlinearity = "relu"});
    else if (p.rank() == 2) init::normal_(p, 0, 0.01);
    else init::zeros_(p);
  }
  return net;
}

}  // namespace fovea::zoo

#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

constexpr int depth = 4;  // times that the picture is halved, and doubled again

/// Two 3x3 convolutions that keep the size, each with its norm.
nn::Sequential double_conv(int64_t in, int64_t out) {
  const auto conv = [](int64_t from, int64_t to) {
    return nn::Conv2d(from, to, 3, {.padding = 1, .bias = false});
  };
  return nn::Sequential({{"double_conv", nn::Sequential(conv(in, out), nn::BatchNorm2d(out), nn::ReLU(),
                                                        conv(out, out), nn::BatchNorm2d(out), nn::ReLU())}});
}

nn::Sequential down(int64_t in, int64_t out) {
  return nn::Sequential({{"maxpool_conv", nn::Sequential(nn::MaxPool2d(2), double_conv(in, out))}});
}

/// Doubles the size of what lies below and joins it to what lies beside.
struct Up : nn::Module {
  nn::ConvTranspose2d up;
  nn::Sequential conv;

  Up(int64_t in, int64_t out) : up(in, out, 2, {.stride = 2}), conv(double_conv(in, out)) {
    register_module("up", up);
    register_module("conv", conv);
  }
  Tensor forward(const Tensor& x) const override { return conv(x); }
  Tensor joined(const Tensor& below, const Tensor& beside) const {
    Tensor x = up(below);
    const int64_t rows = beside.size(2) - x.size(2),
                  columns = beside.size(3) - x.size(3);  // odd sides lost one
    if (rows > 0 || columns > 0) x = pad(x, {columns / 2, columns - columns / 2, rows / 2, rows - rows / 2});
    return forward(concat({beside, x}, 1));
  }
  std::string describe() const override { return "Up"; }
};

class UNet : public nn::Module {
 public:
  UNet(int64_t classes, int64_t channels, int64_t width)
      : inc_(register_module("inc", double_conv(channels, width))),
        outc_(nn::Sequential({{"conv", nn::Conv2d(width, classes, 1)}})) {
    for (int i = 0; i < depth; ++i)
      down_.push_back(register_module(fmt::format("down{}", i + 1), down(width << i, width << (i + 1))));
    for (int i = depth; i > 0; --i)
      up_.push_back(register_module(fmt::format("up{}", depth + 1 - i), Up(width << i, width << (i - 1))));
    register_module("outc", outc_);
  }
  Tensor forward(const Tensor& x) const override {
    std::vector<Tensor> levels{inc_(x)};
    for (const auto& down : down_) levels.push_back(down(levels.back()));
    Tensor y = levels.back();
    for (int i = 0; i < depth; ++i) y = up_[size_t(i)].joined(y, levels[size_t(depth - 1 - i)]);
    return outc_(y);
  }
  std::string describe() const override { return "UNet"; }

 private:
  nn::Sequential inc_, outc_;
  std::vector<nn::Sequential> down_;
  std::vector<Up> up_;
};

}  // namespace

nn::AnyModule unet(int64_t classes, int64_t channels, int64_t width) {
  check(width > 0 && width <= 1024, "unet:{} wants a first width of 1 to 1024 channels", width);
  return UNet(classes, channels, width);
}

}  // namespace fovea::zoo

#include <fmt/format.h>

#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// Convolution 3x3, batch normalisation, ReLU and pooling by 2, three times.
nn::Sequential frame_features(int64_t channels) {
  nn::Sequential net;
  for (int64_t k = 1, in = channels, out = 16; k <= 3; ++k, in = out, out *= 2) {
    const std::string n = std::to_string(k);
    net.append(nn::Conv2d(in, out, 3, {.padding = 1, .bias = false}), "conv" + n);
    net.append(nn::BatchNorm2d(out), "bn" + n);
    net.append(nn::ReLU(), "relu" + n);
    net.append(nn::MaxPool2d(2), "pool" + n);
  }
  return net;
}

struct CnnLstm : nn::Module {
  nn::Sequential cnn;
  nn::LSTM lstm;
  nn::Linear fc;
  int64_t frames;

  CnnLstm(int64_t classes, int64_t channels, int64_t n)
      : cnn(register_module("cnn", frame_features(channels))),
        lstm(register_module("lstm", nn::LSTM(64 * 4 * 4, 64))),
        fc(register_module("fc", nn::Linear(64, classes))),
        frames(n) {}

  /// (N, frames * C, H, W)
  Tensor forward(const Tensor& x) const override {
    const int64_t n = x.size(0), channels = x.size(1) / frames;
    const Tensor maps = cnn(reshape(x, {n * frames, channels, x.size(2), x.size(3)}));
    const Tensor features = reshape(adaptive_avg_pool2d(maps, {4, 4}), {n, frames, -1});
    const Tensor steps = lstm(permute(features, {1, 0, 2}));
    return fc(squeeze(slice(steps, 0, -1, frames), 0));
  }
  std::string describe() const override { return fmt::format("CnnLstm(frames={})", frames); }
};

}  // namespace

nn::AnyModule cnn_lstm(int64_t classes, int64_t channels, int64_t frames) {
  check(frames >= 1 && channels >= 1, "cnn_lstm wants at least one frame of one channel, not {} of {}",
        frames, channels);
  return CnnLstm(classes, channels, frames);
}

}  // namespace fovea::zoo

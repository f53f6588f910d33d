#include <fmt/format.h>

#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// Convolution 3x3 and ReLU, with batch normalisation between them if `norm`.
void append_conv(nn::Sequential& net, int number, int64_t in, int64_t out, bool norm = false) {
  const std::string n = std::to_string(number);
  net.append(nn::Conv2d(in, out, 3, {.padding = 1}), "conv" + n);
  if (norm) net.append(nn::BatchNorm2d(out), "bn" + n);
  net.append(nn::ReLU(), "relu" + n);
}

nn::Sequential columns_of(int64_t channels, int64_t filters) {
  nn::Sequential net;
  append_conv(net, 1, channels, filters);
  net.append(nn::MaxPool2d(2), "pool1");
  append_conv(net, 2, filters, 2 * filters);
  net.append(nn::MaxPool2d(2), "pool2");
  append_conv(net, 3, 2 * filters, 4 * filters);
  append_conv(net, 4, 4 * filters, 4 * filters);
  net.append(nn::MaxPool2d({2, 1}), "pool4");
  append_conv(net, 5, 4 * filters, 8 * filters, true);
  append_conv(net, 6, 8 * filters, 8 * filters, true);
  net.append(nn::MaxPool2d({2, 1}), "pool6");
  net.append(nn::Conv2d(8 * filters, 8 * filters, 2), "conv7");
  net.append(nn::ReLU(), "relu7");
  return net;
}

/// Rows of the last map, for images of this height.
int64_t rows_left(int64_t height) { return height / 16 - 1; }

struct CRNN : nn::Module {
  nn::Sequential cnn;
  nn::LSTM lstm;
  nn::Linear fc;

  CRNN(int64_t classes, int64_t channels, int64_t height, int64_t filters)
      : cnn(register_module("cnn", columns_of(channels, filters))),
        lstm(register_module("lstm", nn::LSTM(8 * filters * rows_left(height), 4 * filters,
                                              {.layers = 2, .bidirectional = true}))),
        fc(register_module("fc", nn::Linear(8 * filters, 1 + classes))) {}

  /// (N, C, H, W) as W / 4 - 1 columns of all channels and rows that are left.
  Tensor forward(const Tensor& x) const override {
    const Tensor columns = permute(cnn(x), {3, 0, 1, 2});
    const Tensor y = lstm(reshape(columns, {columns.size(0), columns.size(1), -1}));
    return fc(permute(y, {1, 0, 2}));
  }
  std::string describe() const override { return "CRNN"; }
};

}  // namespace

nn::AnyModule crnn(int64_t classes, int64_t channels, int64_t height, int64_t filters) {
  check(height >= 32, "crnn reads images of 32 rows or more, not {}", height);
  check(filters >= 1, "crnn:{} has no filters: write crnn:16", filters);
  return CRNN(classes, channels, height, filters);
}

}  // namespace fovea::zoo

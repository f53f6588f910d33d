#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

struct RowReader : nn::Module {
  nn::Recurrent net;
  nn::Linear fc;

  /// `name` is that of the recurrent part's parameters.
  RowReader(const std::string& name, const nn::Recurrent& recurrent, int64_t hidden, int64_t classes)
      : net(register_module(name, recurrent)), fc(register_module("fc", nn::Linear(hidden, classes))) {}

  /// (N, C, H, W), read row by row as H steps of C * W numbers.
  Tensor forward(const Tensor& x) const override {
    const Tensor rows = permute(x, {2, 0, 1, 3});
    const Tensor y = net(reshape(rows, {rows.size(0), rows.size(1), -1}));
    return fc(squeeze(slice(y, 0, -1, y.size(0)), 0));
  }
  std::string describe() const override { return "RowReader"; }
};

}  // namespace

nn::AnyModule lstm(int64_t features, int64_t hidden, int64_t classes, int64_t layers) {
  return RowReader("lstm", nn::LSTM(features, hidden, {.layers = layers}), hidden, classes);
}
nn::AnyModule gru(int64_t features, int64_t hidden, int64_t classes, int64_t layers) {
  return RowReader("gru", nn::GRU(features, hidden, {.layers = layers}), hidden, classes);
}
nn::AnyModule rnn(int64_t features, int64_t hidden, int64_t classes, int64_t layers) {
  return RowReader("rnn", nn::RNN(features, hidden, {.layers = layers}), hidden, classes);
}

}  // namespace fovea::zoo

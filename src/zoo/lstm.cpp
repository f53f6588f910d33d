#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

struct Classifier : nn::Module {
  nn::LSTM lstm;
  nn::Linear fc;

  Classifier(int64_t features, int64_t hidden, int64_t classes)
      : lstm(features, hidden), fc(hidden, classes) {
    register_module("lstm", lstm);
    register_module("fc", fc);
  }

  /// (N, C, H, W), read row by row as H steps of C * W numbers.
  Tensor forward(const Tensor& x) const override {
    const Tensor rows = permute(x, {2, 0, 1, 3});
    const Tensor y = lstm(reshape(rows, {rows.size(0), rows.size(1), -1}));
    return fc(squeeze(slice(y, 0, -1, y.size(0)), 0));
  }
  std::string describe() const override { return "LSTMClassifier"; }
};

}  // namespace

nn::AnyModule lstm(int64_t features, int64_t hidden, int64_t classes) {
  return Classifier(features, hidden, classes);
}

}  // namespace fovea::zoo

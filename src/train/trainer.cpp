#include <chrono>

#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/ops.h"
#include "train/fit.h"
#include "train/recipe.h"

namespace fovea::train {
namespace {

/// Eval mode while alive.
class EvalMode {
 public:
  explicit EvalMode(const nn::Module& model) {
    for (const auto& [name, module] : model.named_modules()) before_.emplace_back(module, module->training());
    model.eval();
  }
  ~EvalMode() {
    for (const auto& [module, training] : before_) module->train_only(training);
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<const nn::Module*, bool>> before_;
};

}  // namespace

DType dtype_of_model(const nn::Module& model) {
  const auto parameters = model.parameters();
  return parameters.empty() ? f32 : parameters[0].dtype();
}

Trainer::Trainer(TrainerOptions options) : options_(std::move(options)) { check_options(options_); }

Tensor Trainer::loss(const Tensor& logits, const Tensor& labels) const {
  if (options_.loss) return options_.loss(logits, labels);
  return nn::CrossEntropyLoss({.label_smoothing = options_.label_smoothing})(logits, labels);
}

FitResult Trainer::fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val) {
  const FitResult result = Fit(*this, model, train, val).run();
  stop_ = false;  // for the next one; a stop() that came before this one began has had its effect
  return result;
}

Evaluation Trainer::validate(const nn::Module& model, data::DataLoader& loader) const {
  const auto start = std::chrono::steady_clock::now();
  const EvalMode eval(model);
  const NoGrad guard;
  const DType dtype = dtype_of_model(model);
  Evaluation e{{}, ConfusionMatrix(int64_t(loader.dataset().classes().size())), 0};
  int64_t batches = 0;
  auto forward = fovea::compile([&](const Tensor& x) { return model(x); });
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor images = batch.images.to(dtype), logits = options_.compile ? forward(images) : model(images);
    e.metrics.add(loss(logits, batch.labels).item(), logits, batch.labels, &e.confusion);
    if (++batches == options_.limit_val_batches) break;
  }
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return e;
}

Tensor Trainer::predict(const nn::Module& model, const Tensor& images) {
  const EvalMode eval(model);
  const NoGrad guard;
  return softmax(model(images.to(dtype_of_model(model))), 1);
}

}  // namespace fovea::train

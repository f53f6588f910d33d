#include <chrono>
#include <cmath>

#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/ops.h"
#include "nn/eval_mode.h"
#include "train/fit.h"
#include "train/recipe.h"

namespace fovea::train {
namespace {

/// What each label was given, to rank the examples by.
class Scores {
 public:
  explicit Scores(size_t labels) : scores_(labels), truth_(labels) {}
  void add(const Tensor& logits, const Tensor& labels) {
    if (scores_.empty()) return;
    const std::vector<float> s = logits.to_vector<float>(), t = labels.to_vector<float>();
    for (size_t i = 0; i < s.size(); ++i)
      scores_[i % scores_.size()].push_back(s[i]), truth_[i % scores_.size()].push_back(t[i]);
  }
  std::vector<double> average_precision() const {
    std::vector<double> all;
    for (size_t k = 0; k < scores_.size(); ++k)
      all.push_back(train::average_precision(scores_[k], truth_[k]));
    return all;
  }

 private:
  std::vector<std::vector<float>> scores_, truth_;
};

/// The mean IoU of each example of a batch.
void add_ious(std::vector<double>& all, const Tensor& logits, const Tensor& labels) {
  for (int64_t i = 0; i < logits.size(0); ++i) {
    Metrics one{.task = data::Task::segment};
    one.add(0, logits.narrow(0, i, 1), labels.narrow(0, i, 1));
    all.push_back(one.counted_pixels() > 0 ? one.score() : std::nan(""));
  }
}

}  // namespace

Metrics metrics_for(const data::DataLoader& loader) {
  return {.task = loader.dataset().task(), .scale = loader.targets().std};
}

DType dtype_of_model(const nn::Module& model) {
  const auto parameters = model.parameters();
  return parameters.empty() ? f32 : parameters[0].dtype();
}

Trainer::Trainer(TrainerOptions options) : options_(std::move(options)) { check_options(options_); }

double Evaluation::mean_average_precision() const {
  double sum = 0;
  int64_t count = 0;
  for (const double p : average_precision)
    if (!std::isnan(p)) sum += p, ++count;
  return count ? sum / double(count) : 0;
}

FitResult Trainer::fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val) {
  const FitResult result = Fit(*this, model, train, val).run();
  stop_ = false;  // for the next one; a stop() that came before this one began has had its effect
  return result;
}

Evaluation Trainer::validate(const nn::Module& model, data::DataLoader& loader, bool keep_logits) const {
  const auto start = std::chrono::steady_clock::now();
  const nn::EvalMode eval(model);
  const NoGrad guard;
  const DType dtype = dtype_of_model(model);
  const data::Task task = loader.dataset().task();
  const auto classes = int64_t(loader.dataset().classes().size());
  const bool segments = task == data::Task::segment, by_class = task == data::Task::classify || segments;
  Evaluation e{metrics_for(loader), ConfusionMatrix(by_class ? classes : 0), 0};
  Scores scores(task == data::Task::multilabel ? size_t(classes) : 0);
  int64_t batches = 0;
  std::vector<Tensor> kept, labels;
  auto forward = fovea::compile([&](const Tensor& x) { return model(x); });
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor images = batch.images.to(dtype), logits = options_.compile ? forward(images) : model(images);
    e.metrics.add(loss_of(options_, task, logits, batch.labels).item(), logits, batch.labels, &e.confusion);
    scores.add(logits, batch.labels);
    if (keep_logits && segments) add_ious(e.example_iou, logits, batch.labels);
    if (keep_logits && !segments) kept.push_back(logits.clone()), labels.push_back(batch.labels.clone());
    if (++batches == options_.limit_val_batches) break;
  }
  e.average_precision = scores.average_precision();
  if (!kept.empty()) e.logits = concat(kept), e.labels = concat(labels);
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return e;
}

Tensor Trainer::predict(const nn::Module& model, const Tensor& images, data::Task task) {
  const nn::EvalMode eval(model);
  const NoGrad guard;
  const Tensor out = model(images.to(dtype_of_model(model)));
  if (task == data::Task::regress) return out;
  if (task == data::Task::multilabel) return sigmoid(out);
  return softmax(out, task == data::Task::transcribe ? -1 : 1);
}

}  // namespace fovea::train

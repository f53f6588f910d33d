#include "fovea/lr_finder.h"

#include <cmath>

#include "fovea/compile.h"
#include "nn/eval_mode.h"
#include "train/fit.h"

namespace fovea::train {
namespace {

/// Keeps weights, buffers and modes while alive, and puts them back.
class Kept {
 public:
  explicit Kept(const nn::Module& model) : model_(model), modes_(model) {
    for (const auto& [name, t] : model.state_dict()) state_.push_back(t.detach().clone());
  }
  ~Kept() {
    const NamedTensors now = model_.state_dict();
    for (size_t i = 0; i < now.size(); ++i) now[i].second.detach().copy_from(state_[i]);
    model_.zero_grad();
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

 private:
  const nn::Module& model_;
  nn::EvalMode modes_;
  std::vector<Tensor> state_;
};

void check_options(const LrFinderOptions& o) {
  check_range("low", o.low, 1e-12, 1e6);
  check(o.high > o.low && o.high <= 1e6, "high={} is outside of low={} to 1e6", o.high, o.low);
  check(o.steps >= 10 && o.steps <= 100'000, "steps={} is outside of 10 to 100000", o.steps);
  check_range("smoothing", o.smoothing, 0, 0.999);
  check_range("diverged", o.diverged, 1.01, 1e6);
}

/// The optimizer's step on one batch: its loss before.
class Step {
 public:
  Step(const nn::Module& model, data::Task task, const TrainerOptions& training)
      : model_(model), task_(task), training_(training), optimizer_(make_optimizer(training, model)) {}

  double take(const data::Batch& batch, double lr) {
    for (auto& group : optimizer_->groups()) group.lr = lr;
    const Tensor x = batch.images.to(dtype_of_model(model_));
    return (training_.compile ? compiled_(x, batch.labels) : learn(x, batch.labels)).item();
  }

 private:
  Tensor learn(const Tensor& x, const Tensor& labels) {
    const Tensor loss = loss_of(training_, task_, model_(x), labels);
    loss.backward();
    if (training_.gradient_clip_val > 0)
      optim::clip_grad_norm_(model_.parameters(), training_.gradient_clip_val);
    optimizer_->step();
    optimizer_->zero_grad();
    return loss;
  }

  const nn::Module& model_;
  data::Task task_;
  const TrainerOptions& training_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  Compiled<std::function<Tensor(const Tensor&, const Tensor&)>> compiled_{
      [this](const Tensor& x, const Tensor& labels) { return learn(x, labels); }};
};

/// The averages of losses, each step weighing less by `keep` than the one after it, and the best so far.
class Smoothed {
 public:
  explicit Smoothed(double keep) : keep_(keep) {}
  double add(double loss) {
    sum_ = keep_ * sum_ + loss, weight_ = keep_ * weight_ + 1;
    best_ = std::min(best_, sum_ / weight_);
    return sum_ / weight_;
  }
  double best() const { return best_; }

 private:
  double keep_, sum_ = 0, weight_ = 0, best_ = INFINITY;
};

/// Reads the rates off the curve.
void find_rates(LrCurve& c, int64_t steps) {
  check(!c.loss.empty(), "the loss is not finite before the first step");
  const auto n = int64_t(c.smoothed.size());
  const int64_t least = std::min_element(c.smoothed.begin(), c.smoothed.end()) - c.smoothed.begin();
  check(least > 0, "the loss falls at no learning rate from {:.2g} to {:.2g}: a smaller low= may help",
        c.lr.front(), c.lr.back());
  const int64_t reach = std::max<int64_t>(1, steps / 40);  // of the slope, to either side
  double fastest = 0;
  for (int64_t i = 0; i <= least; ++i) {
    const int64_t from = std::max<int64_t>(0, i - reach), to = std::min(n - 1, i + reach);
    const double slope = (c.smoothed[size_t(to)] - c.smoothed[size_t(from)]) / double(to - from);
    if (i == 0 || slope < fastest) fastest = slope, c.steepest = c.lr[size_t(i)];
  }
  c.lowest = c.lr[size_t(least)], c.suggestion = c.lowest / 10;
}

}  // namespace

LrCurve find_lr(const nn::Module& model, data::DataLoader& train, const TrainerOptions& training,
                const LrFinderOptions& options) {
  check_options(training);
  check_options(options);
  const Kept kept(model);
  model.train();
  Step step(model, train.dataset().task(), training);
  LrCurve curve;
  Smoothed average(options.smoothing);
  int64_t taken = 0;
  for (int64_t pass = 0; taken < options.steps && !curve.ran_away; ++pass)
    for (const data::Batch& batch : train.epoch(pass)) {
      const double lr =
          options.low * std::pow(options.high / options.low, double(taken) / double(options.steps - 1));
      seed_step(training.seed, taken);
      const double loss = step.take(batch, lr);
      const double smoothed = average.add(loss);
      curve.ran_away = !std::isfinite(smoothed) || smoothed > options.diverged * average.best();
      if (std::isfinite(loss))
        curve.lr.push_back(lr), curve.loss.push_back(loss), curve.smoothed.push_back(smoothed);
      if (++taken == options.steps || curve.ran_away) break;
    }
  find_rates(curve, options.steps);
  return curve;
}

}  // namespace fovea::train

#include "train/recipe.h"

#include <fmt/format.h>
#include <cmath>

#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/strings.h"
#include "train/fit_parts.h"

namespace fovea::train {
namespace {

using namespace lr_scheduler;

const std::vector<std::string> schedule_names{"onecycle", "cosine", "linear", "plateau", "constant"};
constexpr int64_t plateau_patience = 2;  // epochs
constexpr double warmup_start = 0.1;     // of lr0

/// Linear warm-up, then `rest`.
std::unique_ptr<LRScheduler> after_warmup(optim::Optimizer& optimizer, int64_t warm,
                                          std::shared_ptr<Schedule> rest) {
  const auto rise = std::make_shared<LinearLR>(optimizer, warmup_start, 1, std::max<int64_t>(warm, 1));
  return std::make_unique<SequentialLR>(
      optimizer, std::vector<std::shared_ptr<Schedule>>{rise, std::move(rest)}, std::vector<int64_t>{warm});
}

}  // namespace

void check_range(const char* key, double value, double low, double high) {
  check(value >= low && value <= high, "{}={} is outside of {} to {}", key, value, low, high);
}

void check_count(const char* key, int64_t value, int64_t low) {
  check(value >= low, "{}={} is below {}", key, value, low);
}

void check_optimizer(const std::string& name) {
  const auto known = optim::names();
  const std::string near = nearest(name, known);
  check(std::find(known.begin(), known.end(), name) != known.end(), "optimizer={} is none of {}{}", name,
        fmt::join(known, ", "), near.empty() ? "" : "; did you mean " + near + "?");
}

void check_options(const TrainerOptions& o) {
  check_count("epochs", o.max_epochs, 1);
  check_count("accumulate", o.accumulate_grad_batches, 1);
  for (const auto& [key, value] : {std::pair{"max_steps", o.max_steps},
                                   {"patience", o.patience},
                                   {"limit_train", o.limit_train_batches},
                                   {"limit_val", o.limit_val_batches}})
    check_count(key, value, 0);
  check_range("lr0", o.lr0, 0, 1e6);
  check_range("weight_decay", o.weight_decay, 0, 1e6);
  check_range("clip", o.gradient_clip_val, 0, INFINITY);
  check_range("momentum", o.momentum, 0, 0.9999);
  check_range("warmup", o.warmup, 0, 0.9);
  regression_loss_named(o.regression_loss);
  check_range("label_smoothing", o.label_smoothing, 0, 0.9);
  check_range("ema", o.ema, 0, 0.999999);
  check_range("min_delta", o.min_delta, 0, 1);
  check_range("stop_at", o.stop_at, 0, 1);
  const std::string near = nearest(o.schedule, schedule_names);
  check(std::find(schedule_names.begin(), schedule_names.end(), o.schedule) != schedule_names.end(),
        "schedule={} is none of {}{}", o.schedule, fmt::join(schedule_names, ", "),
        near.empty() ? "" : "; did you mean " + near + "?");
  check_optimizer(o.optimizer);
}

nn::Loss regression_loss_named(const std::string& name) {
  if (name == "mse") return nn::MSELoss();
  if (name == "smooth_l1") return nn::SmoothL1Loss();
  check(name == "l1", "regression_loss={} is none of mse, smooth_l1, l1", name);
  return nn::L1Loss();
}

namespace {

/// The cross-entropy of the pixels that count, (N,C,H,W) against i64 (N,H,W). 0 if none do, where the mean
/// would be NaN.
Tensor pixel_loss(const Tensor& logits, const Tensor& labels, double smoothing) {
  check(logits.rank() == 4, "a network that segments gives logits (N,classes,H,W), not {}",
        logits.describe());
  const Tensor counts = not_equal(labels, full({}, double(data::ignored_class), i64));
  return cross_entropy(logits, labels, {}, data::ignored_class, smoothing, "sum") /
         clamp(sum(cast(counts, logits.dtype())), 1);
}

}  // namespace

Tensor loss_of(const TrainerOptions& o, data::Task task, const Tensor& logits, const Tensor& labels) {
  if (o.loss) return o.loss(logits, labels);
  const Tensor target = labels.dtype() == i64 ? labels : labels.to(logits.dtype());
  switch (task) {
    case data::Task::classify:
      return nn::CrossEntropyLoss({.label_smoothing = o.label_smoothing})(logits, target);
    case data::Task::multilabel:
      return nn::BCEWithLogitsLoss()(logits, target);
    case data::Task::regress:
      return regression_loss_named(o.regression_loss)(logits, target);
    case data::Task::transcribe:
      return string_loss(logits, labels);
    case data::Task::segment:
      return pixel_loss(logits, target, o.label_smoothing);
  }
  fail("unknown task {}", int(task));
}

std::unique_ptr<optim::Optimizer> make_optimizer(const TrainerOptions& o, const nn::Module& model) {
  return optim::make(o.optimizer, optim::parameter_groups(model, o.weight_decay),
                     {.lr = o.lr0, .momentum = o.momentum});
}

int64_t optimizer_steps(const TrainerOptions& o, int64_t batches) {
  const int64_t together = o.accumulate_grad_batches;
  return (limited(batches, o.limit_train_batches) + together - 1) / together * o.max_epochs;
}

std::unique_ptr<LRScheduler> make_schedule(const TrainerOptions& o, optim::Optimizer& optimizer,
                                           int64_t steps) {
  const int64_t warm = std::min<int64_t>(std::llround(o.warmup * double(steps)), steps - 1),
                rest = steps - warm;
  if (o.schedule == "onecycle") {
    check(steps >= onecycle_min_steps && o.warmup > 0,
          "schedule=onecycle wants warmup > 0 and {} steps or more, but warmup is {} and there are {}: take "
          "schedule=cosine",
          onecycle_min_steps, o.warmup, steps);
    OneCycleOptions options{.pct_start = std::max(o.warmup, 2.0 / double(steps))};
    options.cycle_momentum = o.momentum > 0;
    return std::make_unique<OneCycleLR>(optimizer, o.lr0, steps, options);
  }
  if (o.schedule == "cosine")
    return after_warmup(optimizer, warm, std::make_shared<CosineAnnealingLR>(optimizer, rest));
  if (o.schedule == "linear")
    return after_warmup(optimizer, warm, std::make_shared<LinearLR>(optimizer, 1, 0, rest));
  if (o.schedule == "plateau")
    return std::make_unique<ReduceLROnPlateau>(
        optimizer, PlateauOptions{.maximise = true, .patience = plateau_patience});
  return std::make_unique<LambdaLR>(optimizer, [](int64_t) { return 1.0; });
}

}  // namespace fovea::train

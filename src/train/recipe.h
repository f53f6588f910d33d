// The optimizer and the learning rate schedule that the options of a Trainer name.
#pragma once
#include "fovea/lr_scheduler.h"
#include "fovea/train.h"

namespace fovea::train {

/// Fewer optimizer steps than this make no cycle: such runs want schedule=cosine.
constexpr int64_t onecycle_min_steps = 10;

/// Throw, naming the key, if its value is out of its range.
void check_range(const char* key, double value, double low, double high);
void check_count(const char* key, int64_t value, int64_t low);
void check_optimizer(const std::string& name);

/// Throws, naming the key, if an option is out of its range or names something unknown.
void check_options(const TrainerOptions& options);

/// "mse", "smooth_l1" or "l1".
nn::Loss regression_loss_named(const std::string& name);
/// options.loss, else the loss of the task: cross-entropy of classes or of the pixels that count, binary one
/// of labels, `regression_loss` of numbers.
Tensor loss_of(const TrainerOptions& options, data::Task task, const Tensor& logits, const Tensor& labels);
std::unique_ptr<optim::Optimizer> make_optimizer(const TrainerOptions& options, const nn::Module& model);

/// Steps of the optimizer in all epochs over a training set of so many batches.
int64_t optimizer_steps(const TrainerOptions& options, int64_t batches);

/// The schedule over `steps` optimizer steps, set to the first.
std::unique_ptr<lr_scheduler::LRScheduler> make_schedule(const TrainerOptions& options,
                                                         optim::Optimizer& optimizer, int64_t steps);

}  // namespace fovea::train

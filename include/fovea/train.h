// Training: a Trainer fits a network to a data set, keeps the run in a folder and continues one bit for bit.
//   train::Trainer trainer({.max_epochs = 5, .lr0 = 0.1, .folder = "runs/mine"});
//   trainer.add(train::progress_bar());
//   const auto result = trainer.fit(net, train_loader, &val_loader);      // result.best_top1
//   const auto evaluation = trainer.validate(net, val_loader);           // loss, top-1, top-5, confusion
//   matrix
// The folder holds args.json, results.csv (a row per epoch), last.safetensors (all that resuming takes),
// best.safetensors, curves.png and confusion.png; fovea/report.h adds report.html. Threads: one thread uses a
// Trainer; stop() may come from any thread or signal handler.
#pragma once
#include <atomic>
#include <concepts>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fovea/loader.h"
#include "fovea/metrics.h"
#include "fovea/nn.h"
#include "fovea/optim.h"

namespace fovea::train {

struct TrainerOptions {
  int64_t max_epochs = 5;
  int64_t max_steps = 0;               // stop after so many optimizer steps; 0: no bound
  std::string optimizer = "nesterov";  // see optim::names()
  double lr0 = 0.05;                   // the largest learning rate of the schedule
  double momentum = 0.9;               // of sgd, nesterov and rmsprop; Adam's beta1
  double weight_decay = 5e-4;          // not applied to biases and norms
  std::string schedule = "onecycle";   // onecycle, cosine, linear, plateau, constant
  double warmup = 0.2;         // part of the training in which the learning rate rises (not for constant)
  double label_smoothing = 0;  // of the cross-entropy
  std::string regression_loss = "mse";  // of numbers: mse, smooth_l1 or l1
  int64_t accumulate_grad_batches = 1;  // batches per optimizer step
  double gradient_clip_val = 0;         // largest norm of the gradient; 0: unbounded
  double ema = 0;        // decay of the averaged weights that are validated and kept as best; 0: none
  int64_t patience = 0;  // stop after so many epochs without a better validation; 0: never
  double min_delta = 0;  // what counts as better, in parts of 1 of top-1
  double stop_at = 0;    // stop after an epoch whose validation reaches this score, in parts of 1; 0: never
  int64_t limit_train_batches = 0;  // batches per epoch; 0: all
  int64_t limit_val_batches = 0;
  bool compile = true;                // capture the steps and replay them (compile.h): the same bits, faster
  uint64_t seed = 0;                  // of dropout and other random ops; the loaders have their own
  std::string folder = {};            // of the run; empty: nothing is written
  bool resume = false;                // continue from last.safetensors in `folder`, if there is one
  std::string model = {}, data = {};  // names kept with the weights, so that they can be put to use again
  std::vector<std::pair<std::string, std::string>> more_settings = {};  // of the caller, for args.json
  /// The loss of (logits, labels) instead of that of the data's task: the cross-entropy of classes or of the
  /// pixels that count, the binary one of labels, `regression_loss` of numbers, string_loss of strings.
  std::function<Tensor(const Tensor&, const Tensor&)> loss = nullptr;
};

/// Calls visit(key, field, help) for every option that is a setting: the one list behind CLI keys and
/// args.json.
template <class Options, class Visit>
requires std::same_as<std::remove_const_t<Options>, TrainerOptions>
void for_each_setting(Options& o, const Visit& visit) {
  visit("epochs", o.max_epochs, "passes over the training set");
  visit("max_steps", o.max_steps, "stop after so many steps (0: no bound)");
  visit("optimizer", o.optimizer, "sgd, nesterov, adam, adamw, rmsprop, adagrad or adadelta");
  visit("lr0", o.lr0, "largest learning rate");
  visit("momentum", o.momentum, "of sgd, nesterov and rmsprop; beta1 of adam");
  visit("weight_decay", o.weight_decay, "pulls weights (not biases, not norms) towards 0");
  visit("schedule", o.schedule,
        "of the learning rate: onecycle, cosine, linear, plateau (a tenth after 3 epochs without a better "
        "validation) or constant");
  visit("warmup", o.warmup, "part of the training in which the learning rate rises");
  visit("label_smoothing", o.label_smoothing, "part of the target spread over all classes");
  visit("regression_loss", o.regression_loss, "of numbers to predict: mse, smooth_l1 or l1");
  visit("accumulate", o.accumulate_grad_batches, "batches per step");
  visit("clip", o.gradient_clip_val, "largest norm of the gradient (0: unbounded)");
  visit("ema", o.ema, "decay of averaged weights, such as 0.999 (0: none)");
  visit("patience", o.patience, "stop after so many epochs without improvement (0: never)");
  visit("min_delta", o.min_delta, "improvement that counts, in parts of 1");
  visit("stop_at", o.stop_at,
        "top-1 (F1, R2, strings, mIoU) of the validation to stop at, in parts of 1 (0: never)");
  visit("limit_train", o.limit_train_batches, "batches per epoch (0: all)");
  visit("limit_val", o.limit_val_batches, "batches per validation (0: all)");
  visit("compile", o.compile, "capture steps and replay them; false for networks that branch on values");
  visit("seed", o.seed, "of weights, order, augmentation and dropout");
}

struct Evaluation {
  Metrics metrics;
  ConfusionMatrix confusion;  // of classes
  double seconds = 0;
  std::vector<double> average_precision = {};  // of each label, NaN where none has it
  Tensor logits = {}, labels = {};             // of all examples, where they were asked for,
  std::vector<double> example_iou = {};        // and instead, of task segment, the mean IoU of each
  /// Its mean over the labels that some example has; 0 if there are none.
  double mean_average_precision() const;
};

/// Where training stands after a step.
struct StepInfo {
  int64_t epoch, epochs;   // from 1
  int64_t batch, batches;  // of this epoch, from 1
  int64_t step;            // optimizer steps so far, over all epochs
  const Metrics& train;    // of this epoch so far
  double lr;
  double seconds;        // of this epoch
  int64_t new_examples;  // of this epoch since this process runs
  double waited;         // of these seconds, those spent waiting for data
};

struct EpochInfo {
  StepInfo last;
  const Evaluation* val;  // null without a validation set
  bool best;              // the best epoch so far
};

enum class Stop { finished, max_steps, patience, reached, stopped };

struct FitResult {
  Stop why = Stop::finished;
  int64_t epochs = 0, steps = 0;  // done, those before a resume included
  double best_top1 = 0;           // of the validation (of the training without one), in parts of 1; F1 of
                                  // labels, R2 of numbers, right ones of strings, mean IoU of masks
  int64_t best_epoch = 0;         // from 1; 0: no epoch was finished
  Metrics train;                  // of the last epoch
  double seconds = 0;             // of this process
  double waited = 0;              // of these seconds, those in which steps waited for data
};

/// Is told how training goes. All are called from the thread that trains; the references live as long as the
/// call.
class Callback {
 public:
  virtual ~Callback() = default;
  virtual void on_step_end(const StepInfo&) {}
  virtual void on_epoch_end(const EpochInfo&) {}
  virtual void on_fit_end(const FitResult&) {}
};

/// One line per epoch, redrawn in place on a terminal:
/// "epoch 1/5 ━━━━━━  938/938  loss 0.21  top1 93.9%  31,200 img/s  data 3%  eta 0s   val 98.1% *" (data:
/// part of the time in which steps waited for it; * = best so far) `unit` is what examples are called.
std::shared_ptr<Callback> progress_bar(std::FILE* out = stdout, const std::string& unit = "img");

/// A training that can be told to end.
class Stoppable {
 public:
  /// Makes fit() save and return after the current step. Async-signal-safe.
  void stop() noexcept { stop_ = true; }

 protected:
  std::atomic<bool> stop_{false};
};

class Trainer : public Stoppable {
 public:
  /// Throws if an option is out of its range or names something unknown.
  explicit Trainer(TrainerOptions options);

  void add(std::shared_ptr<Callback> callback) { callbacks_.push_back(std::move(callback)); }

  /// Trains `model` in place. The weights after it are those of the last step; best.safetensors holds the
  /// best. Throws, naming step and op, if the loss is no longer finite: the checkpoints stay as they were.
  FitResult fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val = nullptr);

  /// Loss and accuracy in eval mode, without gradients; the model's mode is restored. `keep_logits`: the
  /// answers themselves too, as they came from the network; of task segment the mean IoU of each example.
  Evaluation validate(const nn::Module& model, data::DataLoader& loader, bool keep_logits = false) const;

  /// In eval mode: the probability of each class, (N, classes) or of each pixel (N, classes, H, W), of each
  /// label, or of each character at each step, (N, T, 1 + classes); numbers as the network gives them, for
  /// ModelCard::targets to turn back.
  static Tensor predict(const nn::Module& model, const Tensor& images,
                        data::Task task = data::Task::classify);

  const TrainerOptions& options() const { return options_; }

 private:
  friend class Fit;
  TrainerOptions options_;
  std::vector<std::shared_ptr<Callback>> callbacks_;
};

}  // namespace fovea::train

// One run of Trainer::fit: what changes while training, and how that is saved and restored.
#pragma once
#include <future>
#include <map>
#include <optional>

#include "fovea/compile.h"
#include "fovea/train.h"
#include "train/checkpoint.h"
#include "train/ema.h"
#include "train/fit_parts.h"
#include "train/recipe.h"
#include "train/run_folder.h"

namespace fovea::train {

/// Empty ones for what `loader` gives.
Metrics metrics_for(const data::DataLoader& loader);
/// Of the parameters; f32 if there are none.
DType dtype_of_model(const nn::Module& model);

class Fit {
 public:
  Fit(Trainer& trainer, const nn::Module& model, data::DataLoader& train, data::DataLoader* val);
  FitResult run();

 private:
  std::string file(const char* name) const { return o_.folder + "/" + name; }
  bool writes() const { return !o_.folder.empty(); }
  /// Whether the schedule waits for the scores of epochs instead of counting steps.
  bool follows_score() const { return o_.schedule == "plateau"; }
  bool must_stop();

  void open_folder();
  void load(const std::string& path);
  void save_last() const;
  void save_best() const;

  /// Trains until the end of the epoch or until it must stop.
  void train_epoch();
  /// Batch `in_group` of the `group` that make an optimizer step together; the last one takes the step.
  void learn(const data::Batch& batch, int64_t in_group, int64_t group);
  /// What learn() computes, compiled: loss and logits.
  std::vector<Tensor> compute(const Tensor& images, const Tensor& labels, int64_t in_group, int64_t group);
  void after_step();
  [[noreturn]] void fail_non_finite(const data::Batch& batch, double loss) const;
  void end_epoch();
  std::optional<Evaluation> evaluate() const;
  void append_results(const std::optional<Evaluation>& val, const StepInfo& last) const;
  StepInfo info() const;
  FitResult result() const;

  Trainer& trainer_;
  const TrainerOptions& o_;
  const nn::Module& model_;
  data::DataLoader& train_;
  data::DataLoader* val_;
  int64_t batches_;  // per epoch
  DType dtype_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<lr_scheduler::LRScheduler> schedule_;
  std::optional<Ema> ema_;
  std::optional<ResultsFile> results_;
  ModelCard card_;
  TrainState state_;
  Metrics last_epoch_;
  Stop why_ = Stop::finished;
  Clock::time_point started_ = Clock::now(), epoch_started_ = started_;
  using Batch = Compiled<std::function<std::vector<Tensor>(const Tensor&, const Tensor&)>>;
  std::map<std::pair<int64_t, int64_t>, Batch> compiled_;  // by place in the group and size of the group
  std::future<void> drawing_;                              // of the confusion matrix, beside the training
  double waited_before_ = 0, waited_before_epoch_ = 0;     // by the training loader
  int64_t resumed_examples_ = 0;                           // of the current epoch, by an earlier process
};

}  // namespace fovea::train

// One run of UnsupervisedTrainer::fit, as Fit is one of Trainer::fit.
#pragma once
#include <optional>

#include "fovea/compile.h"
#include "train/fit_parts.h"
#include "train/learner.h"

namespace fovea::train {

/// What the loop needs of the options of a trainer.
struct LoopOptions {
  int64_t max_epochs, max_steps, limit_train_batches, limit_val_batches;
  bool compile;
  uint64_t seed;
  std::string folder;
  bool resume;
  std::string model, data;
  Settings settings;
};
inline const Settings& settings_of(const LoopOptions& o) { return o.settings; }
template <class Options>
LoopOptions loop_options(const Options& o) {
  return {o.max_epochs,
          o.max_steps,
          o.limit_train_batches,
          o.limit_val_batches,
          o.compile,
          o.seed,
          o.folder,
          o.resume,
          o.model,
          o.data,
          settings_of(o)};
}

/// Throws unless `schedule` is one of `known`.
void check_schedule(const std::string& schedule, const std::vector<std::string>& known);
/// By what lr0 is multiplied when `part` of the steps are done: constant, linear or cosine towards 0.
double schedule_factor(const std::string& schedule, double part);

/// The scores of stage `i` over the first `limit` batches of epoch 0 of `loader` (0: all), in eval mode.
Scores scores_of(const Learner& learner, int64_t i, data::DataLoader& loader, int64_t limit, bool compile);

class LearnerFit {
 public:
  using Callbacks = std::vector<std::shared_ptr<LearningCallback>>;
  /// All are referred to; `stop` ends the run.
  LearnerFit(LoopOptions options, Learner& learner, const std::atomic<bool>& stop, const Callbacks& callbacks,
             data::DataLoader& train, data::DataLoader* val);
  LearningResult run();

 private:
  int64_t stage() const { return state_.epoch / o_.max_epochs; }
  int64_t epoch_of_stage() const { return state_.epoch % o_.max_epochs; }
  int64_t epochs() const { return o_.max_epochs * learner_.stages(); }
  bool between_stages() const { return epoch_of_stage() == 0 && state_.batch == 0; }
  bool writes() const { return !o_.folder.empty(); }
  std::string last_file() const { return o_.folder + "/last.safetensors"; }
  bool must_stop();

  void open_folder();
  void load();
  void save() const;

  /// Makes what learns the current stage.
  void open_stage();
  void train_epoch();
  void learn(const data::Batch& batch);
  [[noreturn]] void fail_non_finite(const data::Batch& batch, double loss) const;
  void end_epoch();
  std::vector<std::string> columns() const;
  std::vector<double> row(const LearningStep& last, const Scores* val, const Scores* train) const;
  Scores running() const;
  LearningStep info() const;

  const LoopOptions o_;
  Learner& learner_;
  const std::atomic<bool>& stop_;
  const Callbacks& callbacks_;
  data::DataLoader& train_;
  data::DataLoader* val_;
  int64_t batches_;  // per epoch
  DType dtype_;
  ModelCard card_;
  TrainState state_;
  LearningResult result_;
  using Step = Compiled<std::function<std::vector<Tensor>(const Tensor&)>>;
  std::optional<Step> compiled_;  // the step of the learner
  std::optional<ResultsFile> results_;
  Clock::time_point started_ = Clock::now(), epoch_started_ = started_;
  double waited_before_, waited_before_epoch_ = 0;  // by the training loader
  int64_t resumed_examples_ = 0;                    // of the current epoch, by an earlier process
};

}  // namespace fovea::train

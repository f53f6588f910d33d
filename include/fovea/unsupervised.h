// Training without labels: what energy models (fovea/energy.h) and generative networks (fovea/generative.h)
// share. An UnsupervisedTrainer fits a model to the examples of a data set, keeps the run in a folder and
// continues one bit for bit; the kind of its options says which models those are:
//   train::EnergyTrainer trainer({.max_epochs = 10, .folder = "runs/mine"});  // or GenerativeTrainer
//   trainer.add(train::learning_progress());
//   const auto result = trainer.fit(model, train_loader, &val_loader);        // result.val["reconstruction"]
// The folder holds args.json, results.csv (a row per epoch), last.safetensors (all that resuming takes),
// curves.png and pictures of what the model has learned. Threads: as a Trainer.
#pragma once
#include "fovea/train.h"

namespace fovea::train {

/// Means over examples, by name.
struct Scores {
  int64_t examples = 0;
  std::vector<std::pair<std::string, double>> values = {};  // NaN: the model has no such score
  /// Throws if there is none of that name.
  double operator[](const std::string& name) const;
};

/// Where training stands after a step.
struct LearningStep {
  int64_t stage, stages;   // from 1: the layer of a deep belief network, for all others 1 of 1
  int64_t epoch, epochs;   // of this stage, from 1
  int64_t batch, batches;  // of this epoch, from 1
  int64_t step;            // so far, over all epochs and stages
  Scores scores;           // of this epoch so far
  std::string text;        // the same for the progress line
  double lr, momentum;
  double seconds;        // of this epoch
  int64_t new_examples;  // of this epoch since this process runs
  double waited;         // of these seconds, those spent waiting for data
};

struct LearningEpoch {
  LearningStep last;
  const Scores* val;  // null without a validation set
  /// Of the training set, over as many batches as the validation has. That the mean free energy of an energy
  /// model falls below that of `val` shows overfitting (Hinton 2010, section 6); null without one.
  const Scores* train;
  std::string text;  // the validation for the progress line
};

struct LearningResult {
  Stop why = Stop::finished;
  int64_t epochs = 0, steps = 0;  // done, over all stages, those before a resume included
  Scores train;                   // of the last epoch
  Scores val;                     // after it
  double seconds = 0;             // of this process
  double waited = 0;              // of these seconds, those in which steps waited for data
};

/// Is told how training goes, as a Callback is.
class LearningCallback {
 public:
  virtual ~LearningCallback() = default;
  virtual void on_step_end(const LearningStep&) {}
  virtual void on_epoch_end(const LearningEpoch&) {}
  virtual void on_fit_end(const LearningResult&) {}
};

/// The progress_bar() of training without labels:
/// "epoch 1/10 ━━━━━━  600/600  reconstruction 0.021  61,000 img/s  data 3%  eta 0s   val 0.019  PL -85.2"
std::shared_ptr<LearningCallback> learning_progress(std::FILE* out = stdout, const std::string& unit = "img");

/// `Options` is EnergyOptions or GenerativeOptions.
template <class Options>
class UnsupervisedTrainer : public Stoppable {
 public:
  /// Throws if an option is out of its range.
  explicit UnsupervisedTrainer(Options options);

  void add(std::shared_ptr<LearningCallback> callback) { callbacks_.push_back(std::move(callback)); }

  /// Trains `model` in place. Throws for models of another kind, for data that the model cannot take, and,
  /// naming step and op, if a loss is no longer finite: the checkpoints stay as they were.
  LearningResult fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val = nullptr);

  /// The scores of each stage: one, but for a deep belief network.
  std::vector<Scores> measure(const nn::Module& model, data::DataLoader& loader) const;

  const Options& options() const { return options_; }

 private:
  Options options_;
  std::vector<std::shared_ptr<LearningCallback>> callbacks_;
};

}  // namespace fovea::train

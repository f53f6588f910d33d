// One run of EnergyTrainer::fit, as Fit is one of Trainer::fit.
#pragma once
#include <optional>

#include "fovea/compile.h"
#include "fovea/energy.h"
#include "train/checkpoint.h"
#include "train/energy_pictures.h"
#include "train/fit_parts.h"

namespace fovea::train {

/// The scores of layer `i` over the first `limit` batches of epoch 0 of `loader` (0: all).
EnergyScores scores_of(const EnergyLayers& layers, int i, data::DataLoader& loader, int64_t limit,
                       const EnergyOptions& options);

class EnergyFit {
 public:
  EnergyFit(EnergyTrainer& trainer, const nn::Module& model, data::DataLoader& train, data::DataLoader* val);
  EnergyResult run();

 private:
  int layer() const { return int(state_.epoch / o_.max_epochs); }
  int64_t epoch_of_layer() const { return state_.epoch % o_.max_epochs; }
  int64_t epochs() const { return o_.max_epochs * layers_.size(); }
  bool between_layers() const { return epoch_of_layer() == 0 && state_.batch == 0; }
  bool writes() const { return !o_.folder.empty(); }
  std::string last_file() const { return o_.folder + "/last.safetensors"; }
  bool must_stop();

  void open_folder();
  void load();
  void save() const;

  /// Makes what learns the current layer.
  void build_layer();
  void start_biases() const;
  void set_rates();
  void train_epoch();
  void learn(const data::Batch& batch);
  [[noreturn]] void fail_non_finite(const data::Batch& batch, double error) const;
  void end_epoch();
  void draw(int layer, bool layer_ends) const;
  EnergyStep info() const;

  EnergyTrainer& trainer_;
  const EnergyOptions& o_;
  const EnergyLayers layers_;
  data::DataLoader& train_;
  data::DataLoader* val_;
  int64_t batches_;  // per epoch
  DType dtype_;
  ModelCard card_;
  TrainState state_;
  EnergyResult result_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::optional<rbm::ContrastiveDivergence> cd_;
  using Step = Compiled<std::function<Tensor(const Tensor&)>>;
  std::function<Tensor(const Tensor&)> compute_;
  std::optional<Step> compiled_;  // compute_
  std::optional<ResultsFile> results_;
  std::optional<EnergyPictures> pictures_;
  Clock::time_point started_ = Clock::now(), epoch_started_ = started_;
  double waited_before_, waited_before_epoch_ = 0;  // by the training loader
  int64_t resumed_examples_ = 0;                    // of the current epoch, by an earlier process
};

}  // namespace fovea::train

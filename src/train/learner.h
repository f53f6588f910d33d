// A model that learns without labels, as the loop of learner_fit.h sees it: its step, what is measured of it,
// its pictures, and what resuming takes. Random ops draw from the default generator, which the loop seeds.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "fovea/checkpoint.h"
#include "fovea/loader.h"
#include "fovea/unsupervised.h"
#include "train/checkpoint.h"

namespace fovea::train {

class Learner {
 public:
  virtual ~Learner() = default;
  virtual const nn::Module& model() const = 0;

  /// What is trained one after the other, each for all epochs.
  virtual int64_t stages() const { return 1; }
  /// What a stage is called in results.csv; empty: there is but one.
  virtual std::string stage_name() const { return ""; }
  /// Makes what learns stage `i`, from 0, as it is before the first step.
  virtual void open_stage(int64_t i) = 0;
  /// Lets the model look at the data before the first step of the open stage.
  virtual void look_at(data::DataLoader&) const {}

  struct Rates {
    double lr, momentum;
  };
  /// Of the step that comes next, in epoch `epoch`, from 0, when `part` of the steps of the stage are done.
  virtual void set_rates(int64_t epoch, double part) = 0;
  virtual Rates rates() const = 0;

  /// One update by the batch x. Gives its scores (0-d each). Can be part of a compiled step.
  virtual std::vector<Tensor> step(const Tensor& x) = 0;
  /// Their names, in the order of the progress line.
  virtual std::vector<std::string> step_scores() const = 0;
  /// Computes the loss of x again, to find what is not finite in it.
  virtual void run_again(const Tensor& x) const = 0;
  virtual std::string advice() const { return "a smaller lr0 may help"; }

  /// The scores of x, of stage `i`, without learning: 0-d each, NaN where the model has none.
  virtual std::vector<Tensor> measure(int64_t i, const Tensor& x) const = 0;
  struct Measured {
    std::string name;
    bool on_train = false;  // measured on the training set too
  };
  virtual std::vector<Measured> measured() const = 0;

  /// For the progress line: of the epoch so far; of the validation and, measured alike, the training set.
  virtual std::string text(const Scores& running) const = 0;
  virtual std::string text(const Scores& val, const Scores& train) const = 0;

  /// What resuming takes beside the weights.
  virtual std::vector<Part> state() const = 0;
  /// Restores it from all tensors of last.safetensors.
  virtual void load_state(const NamedTensors& all) = 0;

  /// Where pictures go, and what examples look like.
  virtual void draw_into(const std::string& folder, const ModelCard& card) = 0;
  /// The pictures of an epoch, the last one of its stage or not; x is a batch of examples.
  virtual void draw(const Tensor& x, bool stage_ends) const = 0;
  /// curves.png of rows of results.csv, which hold `columns`.
  virtual void draw_curves(const std::vector<std::string>& columns,
                           const std::vector<std::vector<double>>& rows, const std::string& title) const = 0;
};

}  // namespace fovea::train

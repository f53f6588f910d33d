// The trainer of learners of one kind: what include/fovea/unsupervised.h declares. A file that ends with
//   template class UnsupervisedTrainer<MyOptions>;
// brings, above it, check_options(const MyOptions&) and make_learner(const MyOptions&, const nn::Module&).
#pragma once
#include "train/learner_fit.h"

namespace fovea::train {

template <class Options>
UnsupervisedTrainer<Options>::UnsupervisedTrainer(Options options) : options_(std::move(options)) {
  check_options(options_);
}

template <class Options>
LearningResult UnsupervisedTrainer<Options>::fit(const nn::Module& model, data::DataLoader& train,
                                                 data::DataLoader* val) {
  const std::unique_ptr<Learner> learner = make_learner(options_, model);
  const LearningResult result =
      LearnerFit(loop_options(options_), *learner, stop_, callbacks_, train, val).run();
  stop_ = false;  // for the next one; a stop() that came before this one began has had its effect
  return result;
}

template <class Options>
std::vector<Scores> UnsupervisedTrainer<Options>::measure(const nn::Module& model,
                                                          data::DataLoader& loader) const {
  const std::unique_ptr<Learner> learner = make_learner(options_, model);
  std::vector<Scores> all;
  for (int64_t i = 0; i < learner->stages(); ++i)
    all.push_back(scores_of(*learner, i, loader, options_.limit_val_batches, options_.compile));
  return all;
}

}  // namespace fovea::train

#include "cli/contest.h"

#include <algorithm>

#include "cli/budget.h"
#include "cli/recipes.h"
#include "cli/train_keys.h"
#include "fovea/functional.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "fovea/train.h"
#include "fovea/zoo.h"
#include "train/recipe.h"

namespace fovea::cli {
namespace {

/// The settings of `fovea train` for a model, whose defaults are its recipe.
TrainKeys recipe_keys(const std::string& model) {
  TrainKeys keys;
  KeySet set;
  define_keys(set, keys);
  set.parse({});
  for (const auto& [key, text] : recipe_for(model)) set_default(set, key, text);
  return keys;
}

/// Notes when each step ended.
class Clock : public train::Callback {
 public:
  void on_step_end(const train::StepInfo& info) override { ends_.push_back(info.seconds); }
  /// Seconds of a step; the first ones, in which steps are planned and loaders start, do not count.
  double each() const {
    const size_t first = std::min<size_t>(4, ends_.size() - 1);
    return ends_.size() < 2
               ? ends_.at(0)
               : (ends_.back() - ends_[first]) / double(std::max<size_t>(1, ends_.size() - 1 - first));
  }

 private:
  std::vector<double> ends_;
};

nn::AnyModule fresh_net(const std::string& model, const data::DataLoader& train, uint64_t seed) {
  manual_seed(seed);
  return zoo::make(model, {int64_t(train.dataset().classes().size()), train.example_shape()});
}

double seconds_of_a_step(const std::string& model, train::TrainerOptions o, data::DataLoader& train) {
  constexpr int64_t tried = 24;
  o.max_steps = tried, o.max_epochs = tried, o.schedule = "constant";
  train::Trainer trainer(o);
  const auto clock = std::make_shared<Clock>();
  trainer.add(clock);
  trainer.fit(fresh_net(model, train, o.seed), train);
  return std::max(clock->each(), 1e-6);
}

}  // namespace

Contestant trained_for(const std::string& model, const std::shared_ptr<data::Dataset>& train,
                       const std::shared_ptr<data::Dataset>& val, const ContestOptions& options) {
  const TrainKeys keys = recipe_keys(model);
  train::TrainerOptions o = keys.options;
  o.seed = options.seed;
  data::DataLoader loader(train, {.batch = std::min(keys.batch, train->size()),
                                  .shuffle = true,
                                  .seed = options.seed,
                                  .workers = options.workers,
                                  .transforms = train->transforms(keys.augment == "true")});
  data::DataLoader val_loader(val, {.batch = std::min<int64_t>(256, val->size()),
                                    .workers = options.workers,
                                    .transforms = val->transforms(false),
                                    .normalize = loader.normalization()});
  const double each = seconds_of_a_step(model, o, loader);
  const Budget budget =
      budget_of(std::max<int64_t>(1, int64_t(options.seconds / each)), loader.batches(), options.most_epochs);
  o.max_epochs = budget.epochs, o.limit_train_batches = budget.batches;
  if (budget.steps() < train::onecycle_min_steps && o.schedule == "onecycle") o.schedule = "cosine";
  Contestant c{model, fresh_net(model, loader, o.seed), std::move(val_loader), 0, 0, 0, {}};
  train::Trainer trainer(o);
  c.seconds = trainer.fit(c.net, loader).seconds;
  c.passes = double(budget.steps()) / double(loader.batches());
  const train::Evaluation e = trainer.validate(c.net, c.val, true);
  c.error = 1 - e.metrics.score();
  c.says = argmax(e.logits, 1).to_vector<int64_t>();
  return c;
}

}  // namespace fovea::cli

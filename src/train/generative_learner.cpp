// Generative networks, each player by an optimizer of its own.
#include <optional>

#include "fovea/generative_trainer.h"
#include "fovea/operators.h"
#include "fovea/plot.h"
#include "train/generative_pictures.h"
#include "train/recipe.h"
#include "train/terminal.h"
#include "train/unsupervised.h"

namespace fovea::train {
namespace {

constexpr size_t scores_shown = 3;  // of the validation in the progress line

const generative::Model& model_in(const nn::Module& net) {
  const nn::Module* inside = &net;
  if (const auto* any = dynamic_cast<const nn::AnyModule*>(inside)) inside = any->ptr().get();
  const auto* model = dynamic_cast<const generative::Model*>(inside);
  check(model, "{} is no generative network: a Trainer trains it", inside->describe());
  return *model;
}

class GenerativeLearner : public Learner {
 public:
  GenerativeLearner(const GenerativeOptions& options, const nn::Module& net)
      : o_(options), model_(model_in(net)) {}

  const nn::Module& model() const override { return model_; }
  void open_stage(int64_t) override;
  void set_rates(int64_t epoch, double part) override;
  Rates rates() const override { return {first_group().lr, first_group().momentum}; }

  std::vector<Tensor> step(const Tensor& x) override;
  std::vector<std::string> step_scores() const override { return model_.scores(); }
  void run_again(const Tensor& x) const override { measure(0, x); }
  std::vector<Tensor> measure(int64_t, const Tensor& x) const override { return model_.measure(noisy(x), x); }
  std::vector<Measured> measured() const override;

  std::string text(const Scores& running) const override;
  std::string text(const Scores& val, const Scores& train) const override;

  std::vector<Part> state() const override;
  void load_state(const NamedTensors& all) override;

  void draw_into(const std::string& folder, const ModelCard& card) override {
    pictures_.emplace(folder, model_, card);
  }
  void draw(const Tensor& x, bool) const override { pictures_->draw(x, noisy(x)); }
  void draw_curves(const std::vector<std::string>& columns, const std::vector<std::vector<double>>& rows,
                   const std::string& title) const override;

 private:
  struct Player {
    std::string prefix;  // of its optimizer in last.safetensors
    std::unique_ptr<optim::Optimizer> optimizer;
  };
  const optim::Optimizer::Group& first_group() const { return players_[0].optimizer->groups()[0]; }
  Tensor noisy(const Tensor& x) const { return with_noise(x, o_.noise, o_.noise_type); }

  const GenerativeOptions& o_;
  const generative::Model& model_;
  std::vector<Player> players_;
  std::optional<GenerativePictures> pictures_;
};

void GenerativeLearner::open_stage(int64_t) {
  players_.clear();
  for (const auto& [name, module] : model_.players())
    players_.push_back({name.empty() ? "optimizer/" : "optimizer/" + name + "/",
                        optim::make(o_.optimizer, optim::parameter_groups(*module, o_.weight_decay),
                                    {.lr = o_.lr0, .momentum = o_.momentum})});
}

void GenerativeLearner::set_rates(int64_t, double part) {
  for (const Player& player : players_)
    for (auto& group : player.optimizer->groups()) group.lr = o_.lr0 * schedule_factor(o_.schedule, part);
}

std::vector<Tensor> GenerativeLearner::step(const Tensor& x) {
  return model_.learn(noisy(x), x, [this](const Tensor& loss, size_t i) {
    refuse_non_finite(loss);
    loss.backward();
    players_[i].optimizer->step();
    players_[i].optimizer->zero_grad();
  });
}

std::vector<Learner::Measured> GenerativeLearner::measured() const {
  std::vector<Measured> all;
  for (const std::string& name : model_.scores()) all.push_back({name});
  return all;
}

std::string GenerativeLearner::text(const Scores& running) const {
  std::vector<std::string> parts;
  for (const auto& [name, value] : running.values) parts.push_back(name + " " + short_number(value));
  return fmt::format("{}", fmt::join(parts, "  "));
}

/// The first score needs no name: it comes first while training too.
std::string GenerativeLearner::text(const Scores& val, const Scores&) const {
  std::vector<std::string> parts;
  for (const auto& [name, value] : val.values)
    if (parts.size() < scores_shown) parts.push_back((parts.empty() ? "" : name + " ") + short_number(value));
  return fmt::format("{}", fmt::join(parts, "  "));
}

std::vector<Part> GenerativeLearner::state() const {
  std::vector<Part> parts;
  for (const Player& player : players_) parts.emplace_back(player.prefix, player.optimizer->state_dict());
  return parts;
}

void GenerativeLearner::load_state(const NamedTensors& all) {
  for (const Player& player : players_) player.optimizer->load_state_dict(only_prefix(player.prefix, all));
}

/// Scores of the training and of the validation over epochs.
void GenerativeLearner::draw_curves(const std::vector<std::string>& columns,
                                    const std::vector<std::vector<double>>& rows,
                                    const std::string& title) const {
  if (rows.empty()) return;
  std::vector<image::Series> all;
  for (const std::string& score : model_.scores())
    for (const char* side : {"train", "val"}) {
      const std::string column = fmt::format("{}/{}", side, score);
      const auto at = size_t(std::find(columns.begin(), columns.end(), column) - columns.begin());
      image::Series s{side, {}, {}, score};
      for (const auto& row : rows)
        if (!std::isnan(row[at])) s.x.push_back(row[0]), s.y.push_back(row[at]);
      if (!s.x.empty()) all.push_back(std::move(s));
    }
  image::plot_curves(pictures_->folder() + "/curves.png", title, "epoch", all);
}

}  // namespace

Tensor with_noise(const Tensor& x, double noise, const std::string& noise_type) {
  if (noise == 0) return x;
  if (noise_type == "gaussian") return x + randn(x.shape(), 0, noise, x.dtype());
  return x * bernoulli(x.shape(), 1 - noise, x.dtype());
}

void check_options(const GenerativeOptions& o) {
  check_count("epochs", o.max_epochs, 1);
  for (const auto& [key, value] : {std::pair{"max_steps", o.max_steps},
                                   {"limit_train", o.limit_train_batches},
                                   {"limit_val", o.limit_val_batches}})
    check_count(key, value, 0);
  check_range("lr0", o.lr0, 0, 1e6);
  check_range("momentum", o.momentum, 0, 0.9999);
  check_range("weight_decay", o.weight_decay, 0, 1e6);
  check_schedule(o.schedule, {"constant", "linear", "cosine"});
  check_optimizer(o.optimizer);
  check(o.noise_type == "mask" || o.noise_type == "gaussian", "noise_type={} is neither mask nor gaussian",
        o.noise_type);
  check_range("noise", o.noise, 0, o.noise_type == "mask" ? 1 : 1e6);
}

std::unique_ptr<Learner> make_learner(const GenerativeOptions& options, const nn::Module& model) {
  return std::make_unique<GenerativeLearner>(options, model);
}

template class UnsupervisedTrainer<GenerativeOptions>;

}  // namespace fovea::train

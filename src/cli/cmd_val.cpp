#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/figure.h"
#include "cli/keys.h"
#include "cli/val_energy.h"
#include "cli/val_generative.h"
#include "cli/val_masks.h"
#include "cli/val_strings.h"
#include "cli/validation.h"
#include "fovea/calibration.h"
#include "fovea/report.h"
#include "fovea/views.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string model, data, augment = "false";
  std::string out = "mistakes.png";
  int64_t batch = 64, mistakes = 0;
  bool json = false;
  EnergyValKeys energy;
  GenerativeValKeys generative;
  ComputeKeys compute;
};

/// As the network is, and at the temperature that suits these examples best.
struct Calibrations {
  see::Calibration as_it_is, scaled;
  double temperature;
};
/// Nothing where answers are not finite.
std::optional<Calibrations> calibrations_of(const train::Evaluation& e) {
  if (!std::isfinite(e.metrics.loss())) return {};
  const double t = see::fit_temperature(e.logits, e.labels);
  return Calibrations{see::calibrate(e.logits, e.labels), see::calibrate(e.logits, e.labels, t), t};
}

void print_json(const train::Evaluation& e, const std::vector<std::string>& classes) {
  nlohmann::ordered_json per_class = nlohmann::ordered_json::array(),
                         matrix = nlohmann::ordered_json::array();
  for (int64_t t = 0; t < e.confusion.classes(); ++t) {
    per_class.push_back({{"class", classes[size_t(t)]},
                         {"recall", e.confusion.recall(t)},
                         {"precision", e.confusion.precision(t)}});
    auto row = nlohmann::ordered_json::array();
    for (int64_t p = 0; p < e.confusion.classes(); ++p) row.push_back(e.confusion.count(t, p));
    matrix.push_back(row);
  }
  nlohmann::ordered_json all{{"examples", e.metrics.examples},
                             {"loss", e.metrics.loss()},
                             {"top1", e.metrics.top1()},
                             {"top5", e.metrics.top5()},
                             {"seconds", e.seconds},
                             {"classes", per_class},
                             {"confusion", matrix}};
  if (const auto c = calibrations_of(e))
    all["calibration"] = {{"ece", c->as_it_is.ece},      {"mce", c->as_it_is.mce},
                          {"nll", c->as_it_is.nll},      {"temperature", c->temperature},
                          {"ece_scaled", c->scaled.ece}, {"mce_scaled", c->scaled.mce},
                          {"nll_scaled", c->scaled.nll}};
  fmt::print("{}\n", all.dump(2));
}

/// A row for each label or number of other tasks than classes.
void print_outputs(const train::Evaluation& e, const std::vector<std::string>& names) {
  const train::Metrics& m = e.metrics;
  const bool labels = m.task == data::Task::multilabel;
  size_t width = 6;
  for (const auto& name : names) width = std::max(width, name.size());
  fmt::print("{:<{}}  {}\n", labels ? "label" : "number", width,
             labels ? "     F1       AP" : "       MAE       RMSE       R2");
  for (size_t k = 0; k < m.outputs.size(); ++k)
    if (labels)
      fmt::print("{:<{}}  {:>6.1f}%  {:>6.1f}%\n", names[k], width, 100 * m.f1(k),
                 100 * e.average_precision[k]);
    else fmt::print("{:<{}}  {:>10.4g} {:>10.4g} {:>8.3f}\n", names[k], width, m.mae(k), m.rmse(k), m.r2(k));
  fmt::print("val  {}{}  loss {:.4f}  {} examples\n", m.score_text(2),
             labels ? fmt::format("  mAP {:.2f}%", 100 * e.mean_average_precision()) : "", m.loss(),
             thousands(m.examples));
}

nlohmann::ordered_json json_of_outputs(const train::Evaluation& e, const std::vector<std::string>& names) {
  const train::Metrics& m = e.metrics;
  nlohmann::ordered_json outputs = nlohmann::ordered_json::array();
  for (size_t k = 0; k < m.outputs.size(); ++k)
    if (m.task == data::Task::multilabel)
      outputs.push_back(
          {{"label", names[k]}, {"f1", m.f1(k)}, {"average_precision", e.average_precision[k]}});
    else outputs.push_back({{"number", names[k]}, {"mae", m.mae(k)}, {"rmse", m.rmse(k)}, {"r2", m.r2(k)}});
  return {{"examples", m.examples},
          {"loss", m.loss()},
          {m.score_name(), m.score()},
          {"seconds", e.seconds},
          {"outputs", outputs}};
}

void print_table(const train::Evaluation& e, const std::vector<std::string>& classes) {
  size_t width = 5;
  for (const auto& name : classes) width = std::max(width, name.size());
  fmt::print("{:<{}}  {:>7}  {:>9}\n", "class", width, "recall", "precision");
  const auto percent = [](double x) {
    return std::isnan(x) ? std::string("-") : fmt::format("{:.1f}%", 100 * x);
  };
  for (int64_t c = 0; c < e.confusion.classes(); ++c)
    fmt::print("{:<{}}  {:>7}  {:>9}\n", classes[size_t(c)], width, percent(e.confusion.recall(c)),
               percent(e.confusion.precision(c)));
  fmt::print("val  top1 {:.2f}%  top5 {:.2f}%  loss {:.4f}  {} examples  {} img/s\n", 100 * e.metrics.top1(),
             100 * e.metrics.top5(), e.metrics.loss(), thousands(e.metrics.examples),
             thousands(int64_t(double(e.metrics.examples) / std::max(e.seconds, 1e-9))));
  const auto [t, p] = e.confusion.worst();
  if (t >= 0)
    fmt::print("most often confused: {} taken for {}, {} times\n", classes[size_t(t)], classes[size_t(p)],
               e.confusion.count(t, p));
  if (const auto c = calibrations_of(e))
    fmt::print("calibration  ECE {:.2f}%  NLL {:.4f}   at temperature {:.2f}: ECE {:.2f}%  NLL {:.4f}\n",
               100 * c->as_it_is.ece, c->as_it_is.nll, c->temperature, 100 * c->scaled.ece, c->scaled.nll);
}

void write_mistakes(const Keys& k, const train::Evaluation& e, const data::DataLoader& loader) {
  const std::vector<train::Mistake> worst = train::worst_mistakes(e.logits, e.labels, k.mistakes);
  if (worst.empty()) return fmt::print(stderr, "there are no mistakes to show\n");
  image::write(k.out, image::Image(train::mistakes_sheet(loader, worst)));
  fmt::print(stderr, "wrote {}: {} of the mistakes, the worst first\n", k.out, worst.size());
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  const train::ModelCard& card = trained.checkpoint.card;
  const train::Views views = train::views_named(k.augment);
  data::DataLoader loader =
      validation_loader(trained, open_validation(trained, k.data), k.batch, k.compute.worker_count(), views);
  check(!k.energy.ais || zoo::is_energy_model(card.model), "ais=true is for energy models, but {} holds {}",
        trained.checkpoint.file, card.model);
  if (zoo::is_generative(card.model)) return val_generative(trained, loader, k.generative, k.json);
  check_not_generative(k.generative, trained);
  if (zoo::is_energy_model(card.model)) return val_energy(trained, loader, k.energy, k.json);
  if (card.task == data::Task::segment) return val_masks(trained, loader, {k.mistakes, k.out, k.json});
  const bool classifies = card.task == data::Task::classify;
  const bool transcribes = card.task == data::Task::transcribe;
  check(k.mistakes == 0 || ((classifies || transcribes) && card.input.size() == 3),
        "mistakes= shows pictures that were taken for another class or read wrong; this network is to {} {}",
        name_of(card.task), card.input.size() == 3 ? "images" : "numbers");
  const train::Evaluation e = train::Trainer({}).validate(train::with_views(trained.net, views, card.input),
                                                          loader, classifies || transcribes);
  if (transcribes) print_strings(e, loader, k.json);
  else if (classifies) k.json ? print_json(e, card.classes) : print_table(e, card.classes);
  else if (k.json) fmt::print("{}\n", json_of_outputs(e, card.classes).dump(2));
  else print_outputs(e, card.classes);
  if (!k.json && views == train::Views::one) print_compared(card, figure_of(e), loader.dataset());
  if (k.mistakes > 0)
    transcribes ? write_misreadings(k.out, e, loader, k.mistakes) : write_mistakes(k, e, loader);
  return 0;
}

}  // namespace

const Command val_command{
    "val", "measures a trained network: accuracy per class, confusions, calibration",
    "  fovea val model=runs/train/1\n  fovea val model=runs/train/1/last.safetensors data=mnist --json\n"
    "  fovea val model=runs/train/1 augment=true       # each image and its mirror image\n"
    "  fovea val model=runs/train/2 ais=true           # log-likelihood of an rbm\n"
    "  fovea val model=runs/train/3 sheet=samples.png  # what a vae or dcgan makes\n"
    "  fovea val model=runs/train/1 mistakes=24 out=mistakes.png\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--model", k->model,
                     "run folder, .safetensors file, or a model that ships: lenet5@mnist")
          ->required();
      app.add_option("--data", k->data, "whose validation part to use (default: that of the training)");
      app.add_option("--batch", k->batch, "examples per batch")->check(at_least(1));
      app.add_option("--mistakes", k->mistakes, "draws so many of the worst mistakes on a sheet")
          ->check(between(0, 1000));
      app.add_option("--out", k->out, "file of that sheet");
      add_views_key(app, k->augment);
      add_energy_keys(app, k->energy);
      add_generative_keys(app, k->generative);
      add_compute_keys(app, k->compute);
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

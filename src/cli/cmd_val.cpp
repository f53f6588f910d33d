#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/train.h"
#include "fovea/views.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string model, data, augment = "false";
  int64_t batch = 64;
  bool json = false;
  ComputeKeys compute;
};

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
  const nlohmann::ordered_json all{{"examples", e.metrics.examples},
                                   {"loss", e.metrics.loss()},
                                   {"top1", e.metrics.top1()},
                                   {"top5", e.metrics.top5()},
                                   {"seconds", e.seconds},
                                   {"classes", per_class},
                                   {"confusion", matrix}};
  fmt::print("{}\n", all.dump(2));
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
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  const train::ModelCard& card = trained.checkpoint.card;
  const std::string what = k.data.empty() ? card.data : k.data;
  check(!what.empty(), "{} does not say which data it was trained with: give data=", trained.checkpoint.file);
  const auto set = data::open_dataset(what, data::Split::val, open_options(card));
  check(set->classes().size() == card.classes.size(), "{} has {} classes, but {} was trained for {}", what,
        set->classes().size(), trained.checkpoint.file, card.classes.size());
  data::LoaderOptions o;
  o.batch = std::min(k.batch, set->size()), o.workers = k.compute.workers;
  o.transforms = set->has_pictures() ? data::parse_transforms(card.transforms) : set->transforms(false);
  o.normalize = card.normalization;
  const train::Views views = train::views_named(k.augment);
  if (views != train::Views::one) o.transforms = train::transforms_for(views, o.transforms, card.input);
  data::DataLoader loader(set, o);
  const train::Evaluation e =
      train::Trainer({}).validate(train::with_views(trained.net, views, card.input), loader);
  if (k.json) print_json(e, card.classes);
  else print_table(e, card.classes);
  return 0;
}

}  // namespace

const Command val_command{
    "val", "measures a trained network: accuracy per class, confusions",
    "  fovea val model=runs/train/1\n  fovea val model=runs/train/1/last.safetensors data=mnist --json\n"
    "  fovea val model=runs/train/1 augment=true       # each image and its mirror image\n",
    [](CLI::App& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--model", k->model, "run folder or .safetensors file")->required();
      app.add_option("--data", k->data, "whose validation part to use (default: that of the training)");
      app.add_option("--batch", k->batch, "examples per batch")->check(at_least(1));
      add_views_key(app, k->augment);
      add_compute_keys(app, k->compute);
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

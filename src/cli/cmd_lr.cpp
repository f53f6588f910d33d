// `fovea lr`: the learning rate that suits a network and its data, found by letting it rise until the loss
// runs away.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/recipes.h"
#include "cli/setup.h"
#include "fovea/lr_finder.h"
#include "fovea/plot.h"
#include "fovea/random.h"
#include "fovea/zoo.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

struct Keys {
  std::string data = "mnist", model, out;
  int64_t batch = 64, imgsz = 0;
  FileKeys files;
  train::TrainerOptions training;
  train::LrFinderOptions finder;
  bool json = false;
  ComputeKeys compute;
};

/// The settings of `fovea train` that a single step knows.
constexpr const char* step_settings[] = {"optimizer",       "momentum", "weight_decay", "label_smoothing",
                                         "regression_loss", "clip",     "compile",      "seed"};

void add_training_keys(KeySet& app, train::TrainerOptions& options) {
  train::for_each_setting(options, [&](const std::string& key, auto& field, const char* help) {
    if (std::find(std::begin(step_settings), std::end(step_settings), key) != std::end(step_settings))
      app.add_option("--" + key, field, help);
  });
}

/// What the user did not say: the model for the data, and those settings of its recipe that concern a step.
void fill_in(KeySet& app, const Keys& k, const data::Dataset& set) {
  if (k.model.empty()) set_default(app, "model", default_model(set));
  check_model(k.model, set);
  check(!zoo::is_energy_model(k.model), "{} is an energy model, which has no loss to follow", k.model);
  check(!zoo::is_generative(k.model), "{} is a generative network, whose loss has no labels to be found with",
        k.model);
  for (const auto& [key, text] : recipe_for(k.model))
    if (app.find(key)) set_default(app, key, text);
}

image::Series curve_of(const std::string& name, const train::LrCurve& c, std::vector<double> loss) {
  std::vector<double> x;
  for (const double lr : c.lr) x.push_back(std::log10(lr));
  const double most = *std::max_element(c.smoothed.begin(), c.smoothed.end());
  for (double& y : loss) y = std::min(y, most);  // a few wild ones would flatten all others
  return {name, std::move(x), std::move(loss), "loss"};
}

void draw(const Keys& k, const train::LrCurve& c) {
  const auto at =
      std::min(std::lower_bound(c.lr.begin(), c.lr.end(), c.suggestion), c.lr.end() - 1) - c.lr.begin();
  image::plot_curves(k.out, fmt::format("{} on {}: a rising learning rate", k.model, k.data),
                     "log10 of the learning rate",
                     {curve_of("each batch", c, c.loss),
                      curve_of("smoothed", c, c.smoothed),
                      {fmt::format("lr0={:.2g}", c.suggestion),
                       {std::log10(c.suggestion)},
                       {c.smoothed[size_t(at)]},
                       "loss"}});
}

void print(const Keys& k, const train::LrCurve& c) {
  const int columns = std::clamp(train::terminal_of(stdout).columns - 12, 40, 100);
  fmt::print("{}", image::text_curve(
                       curve_of("smoothed loss, over log10 of the learning rate", c, c.smoothed), columns));
  fmt::print(
      "{} steps; {}\n", c.lr.size(),
      c.ran_away ? fmt::format("the loss ran away at {:.2g}", c.lr.back()) : "the loss never ran away");
  fmt::print("falls fastest at {:.2g}, is lowest at {:.2g}\n", c.steepest, c.lowest);
  fmt::print("suggested: {} train data={} model={} lr0={:.2g}\n", program_name(), k.data, k.model,
             c.suggestion);
}

int run(KeySet& app, Keys& k) {
  use(k.compute);
  data::OpenOptions options = open_options(k.files);
  options.seed = k.training.seed, options.imgsz = k.imgsz;
  const auto set = data::open_dataset(k.data, data::Split::train, options);
  fill_in(app, k, *set);
  data::DataLoader loader(set, {.batch = std::min(k.batch, set->size()),
                                .shuffle = true,
                                .seed = k.training.seed,
                                .workers = k.compute.worker_count(),
                                .transforms = set->transforms(false)});
  manual_seed(k.training.seed);
  const nn::AnyModule net = zoo::make(k.model, {int64_t(set->classes().size()), loader.example_shape()});
  net.to(dtype_named(k.compute.dtype));
  const train::LrCurve curve = train::find_lr(net, loader, k.training, k.finder);
  if (!k.out.empty()) draw(k, curve);
  if (k.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"data", k.data},
                                              {"model", k.model},
                                              {"suggestion", curve.suggestion},
                                              {"steepest", curve.steepest},
                                              {"lowest", curve.lowest},
                                              {"ran_away", curve.ran_away},
                                              {"lr", curve.lr},
                                              {"loss", curve.loss},
                                              {"smoothed", curve.smoothed}}
                           .dump(2));
    return 0;
  }
  print(k, curve);
  if (!k.out.empty()) fmt::print("wrote {}\n", k.out);
  return 0;
}

}  // namespace

const Command lr_command{
    "lr", "the learning rate for a network and its data: it rises until the loss runs away",
    "  fovea lr data=mnist model=lenet5\n"
    "  fovea lr data=cifar10 model=resnet20 optimizer=adamw out=lr.png\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--data", k->data, "as for train");
      app.add_option("--model", k->model, "as for train (default: as suits the data)");
      app.add_option("--batch", k->batch, "examples per step")->check(at_least(1));
      app.add_option("--imgsz", k->imgsz, "side of the images (0: as they are)")->check(at_least(0));
      add_file_keys(app, k->files);
      add_training_keys(app, k->training);
      app.add_option("--low", k->finder.low, "the first rate");
      app.add_option("--high", k->finder.high, "the last rate, if the loss has not run away before");
      app.add_option("--steps", k->finder.steps, "from the one to the other");
      app.add_option("--out", k->out, "picture to write: .png, .svg, .jpg");
      app.add_flag("--json", k->json, "for machines");
      add_compute_keys(app, k->compute);
      return [&app, k] { return run(app, *k); };
    }};

}  // namespace fovea::cli

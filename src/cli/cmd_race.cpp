// `fovea race`: the networks of the field's history on one data set, each with the same time to learn.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "bench/workload.h"
#include "cli/budget.h"
#include "cli/setup.h"
#include "data/csv.h"
#include "fovea/init.h"
#include "fovea/plot.h"
#include "fovea/zoo.h"
#include "train/run_folder.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

struct Entrant {
  int year;
  const char* model;
};
/// The race unless `models` says otherwise; resnet20 is the paper's network for small images.
constexpr Entrant history[] = {{1958, "perceptron"},       {1986, "mlp"},     {1998, "lenet5"},
                               {2012, "alexnet_original"}, {2013, "zfnet"},   {2014, "vgg11"},
                               {2014, "googlenet"},        {2015, "resnet20"}};
/// Years of networks that are not in the race unless they are named.
constexpr Entrant more_years[] = {{1997, "lstm"},         {2014, "gru"},          {1990, "rnn"},
                                  {2012, "alexnet"},      {2014, "vgg"},          {2015, "resnet"},
                                  {2016, "densenet121"},  {2016, "squeezenet"},   {2017, "mobilenet_v1"},
                                  {2017, "se_resnet50"},  {2018, "mobilenet_v2"}, {2019, "mobilenet_v3"},
                                  {2019, "efficientnet"}, {2020, "vit_tiny"}};

int year_of(const std::string& model) {
  for (const Entrant& e : history)
    if (model == e.model || model.starts_with(std::string(e.model) + ":")) return e.year;
  for (const Entrant& e : more_years)
    if (model.starts_with(e.model)) return e.year;
  return 0;
}

struct Keys {
  std::string data = "mnist", project = "runs/race";
  double minutes = 8;
  std::vector<std::string> models;
  int64_t batch = 64, imgsz = 0, most_epochs = 40;
  bool json = false;
  ComputeKeys compute;
};

/// What a network is entered with, and how it came out.
struct Run {
  std::string model;
  int year = 0;
  zoo::Options size;
  int64_t parameters = 0, epochs = 0, batches = 0;  // of each epoch
  double passes = 0;                                // over the training set
  double error = NAN, seconds = 0;
};

/// Images as the network can take them: of side `imgsz`, enlarged where that is too small.
zoo::Options size_for(const std::string& model, const data::Dataset& set, int64_t imgsz) {
  zoo::Options size{int64_t(set.classes().size()), set.example_shape()};
  if (size.input.size() != 3) return size;
  int64_t side = imgsz > 0 ? imgsz : std::max(size.input[1], size.input[2]);
  side = std::max(side, zoo::info(model).smallest);
  if (model == "lenet5") side = side <= 28 ? 28 : 32;
  size.input[1] = size.input[2] = side;
  return size;
}

/// How long it may train: whole epochs of as many batches as fit into `seconds`.
Run entered(const Keys& k, const std::string& model, const data::Dataset& set, double seconds) {
  Run r{.model = model, .year = year_of(model), .size = size_for(model, set, k.imgsz)};
  const auto step = bench::make_step({model, k.batch, true, r.size});
  for (int i = 0; i < 3; ++i) step();
  const double each = bench::quantile(bench::measure(step, std::min(1.0, seconds / 10)), 0.5);
  const int64_t steps = std::max<int64_t>(1, int64_t(seconds / each)),
                all = (set.size() + k.batch - 1) / k.batch;
  const Budget budget = budget_of(steps, all, k.most_epochs);
  r.epochs = budget.epochs, r.batches = budget.batches;
  r.passes = double(r.epochs * r.batches) / double(all);
  const init::Skip only_counted;
  r.parameters = zoo::make(model, r.size).num_parameters();
  return r;
}

std::vector<std::string> train_words(const Keys& k, const Run& r, const std::string& folder) {
  std::vector<std::string> words{"data=" + k.data,
                                 "model=" + r.model,
                                 fmt::format("epochs={}", r.epochs),
                                 fmt::format("limit_train={}", r.batches),
                                 fmt::format("batch={}", k.batch),
                                 "schedule=" + std::string(r.epochs * r.batches < 50 ? "cosine" : "onecycle"),
                                 fmt::format("threads={}", k.compute.threads),
                                 "workers=" + k.compute.workers,
                                 "project=" + folder,
                                 "name=" + r.model};
  if (r.size.input.size() == 3) words.push_back(fmt::format("imgsz={}", r.size.input[1]));
  return words;
}

/// Reads the best validation and the time that training took out of results.csv.
void read_results(Run& r, const std::string& file) {
  const Bytes bytes = read_file(file, size_t{1} << 20);
  const auto rows =
      data::parse_csv(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), file);
  const auto column = [&](const char* name) {
    const auto& names = rows.at(0).cells;
    const auto at = std::find(names.begin(), names.end(), name);
    check(at != names.end(), "{} has no column {}: the race is for data with classes", file, name);
    return size_t(at - names.begin());
  };
  const size_t top1 = column("val/top1"), seconds = column("seconds");
  for (size_t i = 1; i < rows.size(); ++i) {
    const double error = 1 - std::stod(rows[i].cells.at(top1));
    if (!(error >= r.error)) r.error = error;
    r.seconds = std::stod(rows[i].cells.at(seconds));
  }
}

std::string label_of(const Run& r) { return r.year ? fmt::format("{}  {}", r.year, r.model) : r.model; }

void print(const std::vector<Run>& runs) {
  const auto terminal = train::terminal_of(stdout);
  double worst = 1e-9;
  for (const Run& r : runs) worst = std::max(worst, r.error);
  fmt::print("\n{:<24} {:>12} {:>7} {:>9} {:>8}\n", "", "parameters", "epochs", "training", "error");
  for (const Run& r : runs)
    fmt::print("{:<24} {:>12} {:>7.2f} {:>9} {:>7.2f}%  {}\n", label_of(r), thousands(r.parameters), r.passes,
               train::duration(r.seconds), 100 * r.error, train::bar(r.error / worst, 40, terminal));
}

void save(const std::vector<Run>& runs, const Keys& k, const std::string& folder) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::vector<std::string> names;
  std::vector<double> errors;
  for (const Run& r : runs) {
    all.push_back({{"model", r.model},
                   {"year", r.year},
                   {"parameters", r.parameters},
                   {"error", r.error},
                   {"epochs", r.passes},
                   {"seconds", r.seconds}});
    names.push_back(r.year ? fmt::format("{} {}", r.model, r.year) : r.model);
    errors.push_back(100 * r.error);
  }
  write_file(folder + "/race.json", all.dump(2) + "\n");
  image::write(folder + "/race.png",
               image::draw_bars(fmt::format("Error on {} after {:.3g} minutes of training each", k.data,
                                            k.minutes / double(runs.size())),
                                "error in %", names, errors));
  if (k.json) fmt::print("{}\n", all.dump(2));
}

int run(const Keys& k) {
  use(k.compute);
  data::OpenOptions options;
  options.imgsz = k.imgsz;
  const auto set = data::open_dataset(k.data, data::Split::train, options);
  check(set->task() == data::Task::classify, "the race is for data with classes, {} is for {}", set->name(),
        name_of(set->task()));
  std::vector<std::string> models = k.models;
  if (models.empty())
    for (const Entrant& e : history) models.emplace_back(e.model);
  for (const std::string& model : models)
    size_for(model, *set, k.imgsz);  // a wrong name is said before the start
  const double seconds = 60 * k.minutes / double(models.size());
  const std::string folder = train::make_run_folder(k.project, "", false);
  std::vector<Run> runs;
  for (const std::string& model : models) {
    Run r = entered(k, model, *set, seconds);
    fmt::print("\n{}\n", label_of(r));
    if (const int code = run_command(train_command, train_words(k, r, folder))) return code;
    read_results(r, folder + "/" + model + "/results.csv");
    runs.push_back(r);
  }
  std::stable_sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.year < b.year; });
  print(runs);
  save(runs, k, folder);
  fmt::print("saved {} (race.png, race.json, and the run of each network)\n", folder);
  return 0;
}

}  // namespace

const Command race_command{
    "race", "trains the networks of history on your data, each for the same time: error by year",
    "  fovea race data=mnist minutes=4\n"
    "  fovea race data=photos/ imgsz=64 minutes=60\n"
    "  fovea race data=cifar10 models=lenet5,resnet20,vit_tiny minutes=30\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--data", k->data, "as for train; a set with classes");
      app.add_option("--minutes", k->minutes, "of training, shared evenly among the networks")
          ->check(between(0.01, 100000));
      app.add_option("--models", k->models, "names, with commas between (default: perceptron to ResNet)")
          ->delimiter(',');
      app.add_option("--batch", k->batch, "examples per batch")->check(at_least(1));
      app.add_option(
             "--imgsz", k->imgsz,
             "side of the images (0: as they are); a network that wants larger ones gets them enlarged")
          ->check(at_least(0));
      app.add_option("--epochs", k->most_epochs,
                     "most passes over the training set, where time would allow more")
          ->check(at_least(1));
      app.add_option("--project", k->project, "folder of the race folders");
      app.add_flag("--json", k->json, "print the results for machines too");
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

// `fovea predict`: what a trained network sees in images.
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/files.h"
#include "fovea/ops.h"
#include "fovea/train.h"
#include "fovea/views.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;

struct Keys {
  std::string model;
  std::vector<std::string> source;
  int top = 5;
  int64_t batch = 64;
  std::string augment = "false";
  bool invert = false, json = false;
  ComputeKeys compute;
};

struct Prediction {
  std::string file;
  std::vector<std::pair<int64_t, double>> best;  // class and probability, falling; of numbers each in turn
};

/// Files as they are; the images of folders and their subfolders, sorted.
std::vector<std::string> files_of(const std::vector<std::string>& sources) {
  std::vector<std::string> files;
  for (const auto& source : sources) {
    if (!fs::is_directory(source)) {
      files.push_back(source);
      continue;
    }
    const std::vector<std::string> inside = data::image_files_below(source);
    check(!inside.empty(), "source={} holds no image of a format that is read (docs/formats.md)", source);
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

/// The files to predict, read as in training. One that cannot be read is noted and stands as an empty
/// picture, so that the others keep their places.
class Sources : public data::FileDataset {
 public:
  Sources(const std::vector<std::string>& files, const data::PictureSurvey& survey,
          const data::OpenOptions& options)
      : FileDataset({.name = "source", .split = data::Split::val, .classes = {"unknown"}}, examples_of(files),
                    survey, options) {}
  Tensor picture(int64_t index) const override {
    try {
      return FileDataset::picture(index);
    } catch (const Error& e) {
      const std::lock_guard lock(mutex_);
      failed_.emplace(index, e.what());
      return full({1, 1, format()->channels}, 0, dtype());
    }
  }
  /// None: all of a file is read, so that all damage is found.
  std::span<const uint8_t> picture_file(int64_t, std::vector<uint8_t>&) const override { return {}; }
  /// Why example `index`, which has been read, could not be; empty if it could.
  std::string failure(int64_t index) const {
    const std::lock_guard lock(mutex_);
    const auto found = failed_.find(index);
    return found == failed_.end() ? "" : found->second;
  }

 private:
  static std::vector<data::FileExample> examples_of(const std::vector<std::string>& files) {
    std::vector<data::FileExample> all;
    for (const std::string& file : files) all.push_back({file});
    return all;
  }
  mutable std::mutex mutex_;
  mutable std::map<int64_t, std::string> failed_;
};

/// The card says how files are read; for networks whose data were no files, what these are like does.
std::shared_ptr<Sources> open_sources(const Keys& k, const train::ModelCard& card) {
  const std::vector<std::string> files = files_of(k.source);
  const data::OpenOptions options = open_options(card);
  return std::make_shared<Sources>(files, card.pictures ? data::PictureSurvey() : data::survey_files(files),
                                   options);
}

/// What validation saw, or what views want, of pictures of any size.
data::Compose transforms_of(const Keys& k, const train::ModelCard& card) {
  data::Compose transforms = data::parse_transforms(card.transforms);
  if (transforms.empty()) transforms = data::Compose(data::Cover({card.input[1], card.input[2]}));
  transforms = train::transforms_for(train::views_named(k.augment), transforms, card.input);
  const bool in_range = !card.pictures || card.pictures->dtype != f32 || !card.pictures->range.empty() ||
                        card.pictures->own_window;
  check(!k.invert || in_range, "invert=true wants numbers within a range, and this network takes {}",
        card.pictures ? card.pictures->describe() : "");
  if (k.invert) transforms.push_back(std::make_shared<const data::RandomInvert>(1.f));
  return transforms;
}

std::vector<std::pair<int64_t, double>> best_of(const float* row, int64_t classes, int top) {
  std::vector<int64_t> order(static_cast<size_t>(classes));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return row[a] > row[b]; });
  std::vector<std::pair<int64_t, double>> best;
  for (int64_t i = 0; i < std::min<int64_t>(top, classes); ++i)
    best.emplace_back(order[size_t(i)], row[order[size_t(i)]]);
  return best;
}

/// The numbers that a network of task regress gives, in their own units.
std::vector<std::pair<int64_t, double>> numbers_of(const float* row, const data::Normalization& targets) {
  std::vector<std::pair<int64_t, double>> all;
  for (size_t i = 0; i < targets.mean.size(); ++i)
    all.emplace_back(int64_t(i), double(row[i]) * double(targets.std[i]) + double(targets.mean[i]));
  return all;
}

/// Predicts the files that can be read; the others are named on standard error and counted in `failed`.
std::vector<Prediction> predict(const Keys& k, const Trained& trained, int& failed) {
  const train::ModelCard& card = trained.checkpoint.card;
  check_views(train::views_named(k.augment), card);
  const std::shared_ptr<const Sources> sources = open_sources(k, card);
  const nn::AnyModule net = train::with_views(trained.net, train::views_named(k.augment), card.input);
  data::DataLoader loader(sources, {.batch = std::min(k.batch, sources->size()),
                                    .workers = k.compute.worker_count(),
                                    .transforms = transforms_of(k, card),
                                    .normalize = card.normalization});
  std::vector<Prediction> all;
  int64_t index = 0;
  for (const auto& [images, labels] : loader.epoch(0)) {
    const Tensor p = train::Trainer::predict(net, images, card.task).to(f32).contiguous();
    for (int64_t i = 0; i < p.size(0); ++i, ++index) {
      if (const std::string why = sources->failure(index); !why.empty()) {
        fmt::print(stderr, "fovea predict: {}\n", why);
        ++failed;
      } else {
        const float* row = p.data<float>() + i * p.size(1);
        all.push_back({sources->where(index), card.task == data::Task::regress
                                                  ? numbers_of(row, card.targets)
                                                  : best_of(row, p.size(1), k.top)});
      }
    }
  }
  return all;
}

void print_json(const std::vector<Prediction>& all, const train::ModelCard& card) {
  const bool numbers = card.task == data::Task::regress;
  auto list = nlohmann::ordered_json::array();
  for (const auto& p : all) {
    auto top = nlohmann::ordered_json::array();
    for (const auto& [c, probability] : p.best)
      top.push_back({{numbers ? "number" : "class", card.classes[size_t(c)]},
                     {"index", c},
                     {numbers ? "value" : "probability", probability}});
    list.push_back({{"file", p.file}, {numbers ? "numbers" : "top", top}});
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_bars(const Prediction& p, const std::vector<std::string>& classes) {
  constexpr int bar_width = 30;
  const train::Terminal terminal = train::terminal_of(stdout);
  size_t width = 0;
  for (const auto& [c, unused] : p.best) width = std::max(width, classes[size_t(c)].size());
  fmt::print("{}\n", p.file);
  for (const auto& [c, probability] : p.best)
    fmt::print("  {:<{}}  {:>5.1f}%  {}\n", classes[size_t(c)], width, 100 * probability,
               train::bar(probability, bar_width, terminal));
}

/// One line for a file: its most probable class, all labels above one half, or all numbers.
void print_line(const Prediction& p, const train::ModelCard& card) {
  std::string text;
  for (const auto& [c, value] : p.best) {
    const std::string& name = card.classes[size_t(c)];
    if (card.task == data::Task::regress) text += fmt::format("  {} {:.5g}", name, value);
    else if (text.empty() || (card.task == data::Task::multilabel && value > 0.5))
      text += fmt::format("  {}  {:.1f}%", name, 100 * value);
  }
  fmt::print("{}{}\n", p.file, text);
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  const train::ModelCard& card = trained.checkpoint.card;
  check(card.input.size() == 3, "{} takes {} numbers, not images: try `fovea val`", trained.checkpoint.file,
        card.input.numel());
  int failed = 0;
  const std::vector<Prediction> all = predict(k, trained, failed);
  if (k.json) print_json(all, card);
  else if (all.size() == 1 && card.task != data::Task::regress) print_bars(all[0], card.classes);
  else
    for (const auto& p : all) print_line(p, card);
  return failed ? 1 : 0;
}

}  // namespace

const Command predict_command{
    "predict", "tells what images show",
    "  fovea predict model=runs/train/1 source=digit.png\n"
    "  fovea predict model=runs/train/1 scan.png invert=true     # dark ink on white paper\n"
    "  fovea predict model=runs/train/1 source=photos/ augment=true --json\n",
    [](CLI::App& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("source,--source", k->source, "image files, folders of them")->required();
      app.add_option("--model", k->model, "run folder or .safetensors file")->required();
      app.add_option("--top", k->top, "how many classes to show")->check(at_least(1));
      app.add_option("--batch", k->batch, "images per batch")->check(at_least(1));
      app.add_flag("--invert", k->invert, "swap dark and light, for networks trained on light ink");
      add_views_key(app, k->augment);
      add_compute_keys(app, k->compute);
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

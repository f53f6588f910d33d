// `fovea predict`: what a trained network sees in images.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/image.h"
#include "fovea/train.h"
#include "train/terminal.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;

struct Keys {
  std::string model;
  std::vector<std::string> source;
  int top = 5;
  int64_t batch = 64;
  bool invert = false, json = false;
  ComputeKeys compute;
};

struct Prediction {
  std::string file;
  std::vector<std::pair<int64_t, double>> best;  // class and probability, falling
};

bool is_image(const fs::path& path) {
  std::string e = path.extension().string();
  for (char& c : e) c = char(std::tolower(static_cast<unsigned char>(c)));
  return e == ".png" || e == ".jpg" || e == ".jpeg";
}

/// Files as they are; the images of folders and their subfolders, sorted.
std::vector<std::string> files_of(const std::vector<std::string>& sources) {
  std::vector<std::string> files;
  for (const auto& source : sources) {
    if (!fs::is_directory(source)) {
      files.push_back(source);
      continue;
    }
    std::vector<std::string> inside;
    for (const auto& entry :
         fs::recursive_directory_iterator(source, fs::directory_options::skip_permission_denied))
      if (is_image(entry.path())) inside.push_back(entry.path().string());
    check(!inside.empty(), "source={} holds no JPEG or PNG file", source);
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

/// The image as the network saw it in validation: upright, its channels, through the transforms of the card,
/// normalised.
Tensor input_of(const std::string& file, const train::ModelCard& card, bool invert) {
  const image::Image picture = image::read(file);
  const Tensor pixels = image::upright(picture);
  Tensor x =
      card.input[0] == 1 ? image::to_gray(pixels, picture.color) : image::to_rgb(pixels, picture.color);
  x = x.reshape({x.size(0), x.size(1), card.input[0]});
  data::Compose transforms = data::parse_transforms(card.transforms);
  if (transforms.empty()) transforms = data::Compose(data::Cover({card.input[1], card.input[2]}));
  data::Sample sample{.image = x.permute({2, 0, 1}).contiguous()};
  transforms.apply(sample, 0, 0, 0);
  check(sample.image.shape() == card.input, "the transforms {} make {} of {}, but the network wants {}",
        card.transforms, sample.image.shape(), file, card.input);
  const auto& n = card.normalization;
  Tensor out = image::to_float_chw(sample.image.permute({1, 2, 0}).contiguous());
  const int64_t plane = card.input[1] * card.input[2];
  for (int64_t c = 0; c < out.size(0); ++c) {
    const float mean = n.mean.empty() ? 0 : n.mean[size_t(c)], std = n.std.empty() ? 1 : n.std[size_t(c)];
    float* p = out.data<float>() + c * plane;
    for (int64_t i = 0; i < plane; ++i) p[i] = ((invert ? 1 - p[i] : p[i]) - mean) / std;
  }
  return out;
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

/// Predicts the files that can be read; the others are named on standard error and counted in `failed`.
std::vector<Prediction> predict(const Keys& k, const Trained& trained, int& failed) {
  const train::ModelCard& card = trained.checkpoint.card;
  std::vector<Prediction> all;
  std::vector<Tensor> inputs;
  const auto flush = [&] {
    if (inputs.empty()) return;
    Dims shape = card.input;
    shape.insert(0, int64_t(inputs.size()));
    const Tensor batch = Tensor::empty(shape);
    for (size_t i = 0; i < inputs.size(); ++i) batch.select(0, int64_t(i)).copy_from(inputs[i]);
    const Tensor p = train::Trainer::predict(trained.net, batch).to(f32).contiguous();
    for (size_t i = 0; i < inputs.size(); ++i)
      all[all.size() - inputs.size() + i].best =
          best_of(p.data<float>() + int64_t(i) * p.size(1), p.size(1), k.top);
    inputs.clear();
  };
  for (const auto& file : files_of(k.source)) {
    try {
      inputs.push_back(input_of(file, card, k.invert));
      all.push_back({file, {}});
    } catch (const Error& e) {
      fmt::print(stderr, "fovea predict: {}\n", e.what());
      ++failed;
    }
    if (int64_t(inputs.size()) == k.batch) flush();
  }
  flush();
  return all;
}

void print_json(const std::vector<Prediction>& all, const std::vector<std::string>& classes) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& p : all) {
    auto top = nlohmann::ordered_json::array();
    for (const auto& [c, probability] : p.best)
      top.push_back({{"class", classes[size_t(c)]}, {"index", c}, {"probability", probability}});
    list.push_back({{"file", p.file}, {"top", top}});
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

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  const train::ModelCard& card = trained.checkpoint.card;
  check(card.input.size() == 3, "{} takes {} numbers, not images: try `fovea val`", trained.checkpoint.file,
        card.input.numel());
  int failed = 0;
  const std::vector<Prediction> all = predict(k, trained, failed);
  if (k.json) print_json(all, card.classes);
  else if (all.size() == 1) print_bars(all[0], card.classes);
  else
    for (const auto& p : all)
      fmt::print("{}  {}  {:.1f}%\n", p.file, card.classes[size_t(p.best[0].first)], 100 * p.best[0].second);
  return failed ? 1 : 0;
}

}  // namespace

const Command predict_command{
    "predict", "tells what images show",
    "  fovea predict model=runs/train/1 source=digit.png\n"
    "  fovea predict model=runs/train/1 scan.png invert=true     # dark ink on white paper\n"
    "  fovea predict model=runs/train/1 source=photos/ --json\n",
    [](CLI::App& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("source,--source", k->source, "JPEG and PNG files, folders of them")->required();
      app.add_option("--model", k->model, "run folder or .safetensors file")->required();
      app.add_option("--top", k->top, "how many classes to show")->check(at_least(1));
      app.add_option("--batch", k->batch, "images per batch")->check(at_least(1));
      app.add_flag("--invert", k->invert, "swap dark and light, for networks trained on light ink");
      add_compute_keys(app, k->compute);
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

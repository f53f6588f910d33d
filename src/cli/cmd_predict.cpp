// `fovea predict`: what a trained network sees in images and videos.
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cli/keys.h"
#include "cli/predict_maps.h"
#include "cli/validation.h"
#include "fovea/files.h"
#include "fovea/ops.h"
#include "fovea/strings.h"
#include "fovea/train.h"
#include "fovea/video.h"
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
  int64_t frames = 0;  // of a video; 0: as in training, or 8
  std::string augment = "false";
  bool invert = false, json = false;
  std::string out = "predictions";
  ComputeKeys compute;
};

struct Answer {
  std::string name;  // of a class or number, or a string
  double value;      // its probability; of numbers the number
  int64_t index;     // of the class or number
};

struct Prediction {
  std::string file;
  int64_t pictures = 1;      // whose mean it is: frames of a video
  std::vector<Answer> best;  // by falling probability; of numbers each in turn
};

struct Files {
  std::vector<std::string> images, videos;
};

/// Files as they are; the images and videos of folders and their subfolders, sorted.
Files files_of(const std::vector<std::string>& sources) {
  Files files;
  for (const auto& source : sources) {
    if (!fs::is_directory(source)) {
      (video::is_video_name(source) ? files.videos : files.images).push_back(source);
      continue;
    }
    std::vector<std::string> images = data::image_files_below(source),
                             videos = data::video_files_below(source);
    std::erase_if(images, video::is_video_name);  // of those that are both
    check(!images.empty() || !videos.empty(),
          "source={} holds no image or video of a format that is read (docs/formats.md, docs/video.md)",
          source);
    files.images.insert(files.images.end(), images.begin(), images.end());
    files.videos.insert(files.videos.end(), videos.begin(), videos.end());
  }
  return files;
}

/// The images and, after them, the frames of videos to predict, read as in training. One that cannot be read
/// is noted and stands as an empty picture, so that the others keep their places.
class Sources : public data::FileDataset {
 public:
  /// `videos`: null if there are none.
  Sources(const Files& files, std::shared_ptr<const data::FileDataset> videos,
          const data::PictureSurvey& survey, const data::OpenOptions& options)
      : FileDataset({.name = "source", .split = data::Split::val, .classes = {"unknown"}},
                    examples_of(files, videos.get()), survey, options),
        videos_(std::move(videos)),
        images_(videos_ ? size() - videos_->size() : size()) {}
  Tensor picture(int64_t index) const override {
    try {
      return index < images_ ? FileDataset::picture(index) : videos_->picture(index - images_);
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
  /// Whether example `index` is followed by another frame of its video.
  bool goes_on(int64_t index) const {
    return index >= images_ && index + 1 < size() && file(index).path == file(index + 1).path;
  }
  std::string name_of(int64_t index) const { return index < images_ ? where(index) : source(index); }

 private:
  static std::vector<data::FileExample> examples_of(const Files& files, const data::FileDataset* videos) {
    std::vector<data::FileExample> all;
    for (const std::string& file : files.images) all.push_back({file});
    for (int64_t i = 0; videos && i < videos->size(); ++i) all.push_back({videos->file(i).path});
    return all;
  }
  std::shared_ptr<const data::FileDataset> videos_;
  int64_t images_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, std::string> failed_;
};

/// The card says how files are read; for networks whose data were no files, what these are like does.
std::shared_ptr<Sources> open_sources(const Keys& k, const train::ModelCard& card) {
  const Files files = files_of(k.source);
  data::OpenOptions options = open_options(card);
  const bool ask = !card.pictures && !files.images.empty();
  const data::PictureSurvey survey = ask ? data::survey_files(files.images) : data::PictureSurvey();
  data::OpenOptions of_videos = options;
  if (ask) of_videos.format = survey.format(options);
  check(k.frames == 0 || !card.pictures || card.pictures->frames.kind != data::Frames::channels,
        "frames={}: this network takes as many frames as it was trained with", k.frames);
  if (k.frames > 0) of_videos.frames = data::Frames{data::Frames::spread, k.frames};
  if (k.frames > 0 && of_videos.format) of_videos.format->frames = *of_videos.frames;
  const auto videos = files.videos.empty() ? nullptr : data::open_video_files(files.videos, of_videos);
  if (!card.pictures && !ask && videos) options.format = videos->format();
  if (options.format && options.format->frames.kind == data::Frames::spread) options.format->frames = {};
  return std::make_shared<Sources>(files, videos, survey, options);
}

/// What validation saw, or what views want, of pictures of any size.
data::Compose input_transforms(const Keys& k, const train::ModelCard& card) {
  data::Compose transforms =
      train::transforms_for(train::views_named(k.augment), transforms_of(card), card.input);
  check(!k.invert || has_black_and_white(card),
        "invert=true wants numbers within a range, and this network takes {}",
        card.pictures ? card.pictures->describe() : "");
  if (k.invert) transforms.push_back(std::make_shared<const data::RandomInvert>(1.f));
  return transforms;
}

std::vector<Answer> best_of(const float* row, const std::vector<std::string>& classes, int top) {
  std::vector<int64_t> order(classes.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return row[a] > row[b]; });
  order.resize(std::min(order.size(), size_t(top)));
  std::vector<Answer> best;
  for (const int64_t c : order) best.push_back({classes[size_t(c)], row[c], c});
  return best;
}

/// The numbers that a network of task regress gives, in their own units.
std::vector<Answer> numbers_of(const float* row, const train::ModelCard& card) {
  const auto& [mean, std] = card.targets;
  std::vector<Answer> all;
  for (size_t i = 0; i < mean.size(); ++i)
    all.push_back({card.classes[i], double(row[i]) * double(std[i]) + double(mean[i]), int64_t(i)});
  return all;
}

/// The most probable strings by what was said step by step.
std::vector<Answer> strings_of(const std::vector<float>& said, const std::vector<std::string>& alphabet,
                               int top) {
  const auto outputs = int64_t(alphabet.size()) + 1;
  const Tensor p = Tensor::of<float>(said, {int64_t(said.size()) / outputs, outputs});
  std::vector<Answer> all;
  for (const nn::Reading& r : train::likely_strings(log(p), top))
    all.push_back({train::spelled(r.labels, alphabet), std::exp(r.log_prob), int64_t(all.size())});
  return all;
}

/// The mean of what a network says of the pictures of one source.
struct Mean {
  std::vector<float> sum;
  int64_t pictures = 0;
  std::string failure = {};

  explicit Mean(int64_t numbers = 0) : sum(size_t(numbers), 0.f) {}
  void add(const float* row) {
    for (size_t c = 0; c < sum.size(); ++c) sum[c] += row[c];
    ++pictures;
  }
  const std::vector<float>& row() {
    for (float& value : sum) value /= float(pictures);
    return sum;
  }
};

std::vector<Answer> answers_of(const std::vector<float>& row, const train::ModelCard& card, int top) {
  if (card.task == data::Task::transcribe) return strings_of(row, card.classes, top);
  return card.task == data::Task::regress ? numbers_of(row.data(), card)
                                          : best_of(row.data(), card.classes, top);
}

/// Predicts the files that can be read; the others are named on standard error and counted in `failed`.
std::vector<Prediction> predict(const Keys& k, const Trained& trained, int& failed) {
  const train::ModelCard& card = trained.checkpoint.card;
  check_views(train::views_named(k.augment), card);
  const std::shared_ptr<const Sources> sources = open_sources(k, card);
  const nn::AnyModule net = train::with_views(trained.net, train::views_named(k.augment), card.input);
  data::DataLoader loader(sources, {.batch = std::min(k.batch, sources->size()),
                                    .workers = k.compute.worker_count(),
                                    .transforms = input_transforms(k, card),
                                    .normalize = card.normalization});
  std::vector<Prediction> all;
  int64_t index = 0;
  Mean mean;
  for (const auto& [images, labels] : loader.epoch(0)) {
    const Tensor p = train::Trainer::predict(net, images, card.task).to(f32).contiguous();
    const int64_t numbers = p.numel() / p.size(0);
    for (int64_t i = 0; i < p.size(0); ++i, ++index) {
      const std::string why = sources->failure(index);
      if (mean.sum.empty()) mean = Mean(numbers);
      if (why.empty()) mean.add(p.data<float>() + i * numbers);
      else if (mean.failure.empty()) mean.failure = why;
      if (sources->goes_on(index)) continue;
      if (!mean.failure.empty()) {
        fmt::print(stderr, "fovea predict: {}\n", mean.failure);
        ++failed;
      } else {
        all.push_back({sources->name_of(index), mean.pictures, answers_of(mean.row(), card, k.top)});
      }
      mean = Mean();
    }
  }
  return all;
}

/// The same of a network that segments: its maps are drawn and written.
std::vector<MapAnswer> predict_maps(const Keys& k, const Trained& trained, int& failed) {
  const train::ModelCard& card = trained.checkpoint.card;
  check_views(train::views_named(k.augment), card);
  const std::shared_ptr<const Sources> sources = open_sources(k, card);
  data::DataLoader loader(sources, {.batch = std::min(k.batch, sources->size()),
                                    .workers = k.compute.worker_count(),
                                    .transforms = input_transforms(k, card),
                                    .normalize = card.normalization});
  MapWriter writer(k.out, card.classes);
  std::vector<MapAnswer> all;
  int64_t index = 0;
  for (const auto& [images, labels] : loader.epoch(0)) {
    const Tensor classes = argmax(train::Trainer::predict(trained.net, images, card.task), 1);
    for (int64_t i = 0; i < classes.size(0); ++i, ++index) {
      if (const std::string why = sources->failure(index); !why.empty()) {
        fmt::print(stderr, "fovea predict: {}\n", why);
        ++failed;
      } else {
        all.push_back(writer.write(sources->name_of(index), sources->picture(index), classes.select(0, i)));
      }
    }
  }
  return all;
}

nlohmann::ordered_json json_of(const Answer& answer, data::Task task) {
  if (task == data::Task::transcribe) return {{"text", answer.name}, {"probability", answer.value}};
  const bool number = task == data::Task::regress;
  return {{number ? "number" : "class", answer.name},
          {"index", answer.index},
          {number ? "value" : "probability", answer.value}};
}

void print_json(const std::vector<Prediction>& all, const train::ModelCard& card) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& p : all) {
    auto answers = nlohmann::ordered_json::array();
    for (const Answer& answer : p.best) answers.push_back(json_of(answer, card.task));
    nlohmann::ordered_json one{{"file", p.file}};
    if (p.pictures > 1) one["frames"] = p.pictures;
    one[card.task == data::Task::regress ? "numbers" : "top"] = answers;
    list.push_back(std::move(one));
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_bars(const Prediction& p) {
  constexpr int bar_width = 30;
  const train::Terminal terminal = train::terminal_of(stdout);
  size_t width = 0;
  for (const Answer& answer : p.best) width = std::max(width, answer.name.size());
  fmt::print("{}{}\n", p.file, p.pictures > 1 ? fmt::format("  mean of {} frames", p.pictures) : "");
  for (const Answer& answer : p.best)
    fmt::print("  {:<{}}  {:>5.1f}%  {}\n", answer.name, width, 100 * answer.value,
               train::bar(answer.value, bar_width, terminal));
}

/// One line for a file: its most probable class or string, all labels above one half, or all numbers.
void print_line(const Prediction& p, data::Task task) {
  std::string text;
  for (const Answer& answer : p.best) {
    if (task == data::Task::regress) text += fmt::format("  {} {:.5g}", answer.name, answer.value);
    else if (text.empty() || (task == data::Task::multilabel && answer.value > 0.5))
      text += fmt::format("  {}  {:.1f}%", answer.name, 100 * answer.value);
  }
  fmt::print("{}{}\n", p.file, text);
}

int run(const Keys& k) {
  use(k.compute);
  const Trained trained = load_trained(k.model, k.compute);
  const train::ModelCard& card = trained.checkpoint.card;
  check_knows_classes(trained);
  check(card.input.size() == 3, "{} takes {} numbers, not images: try `fovea val`", trained.checkpoint.file,
        card.input.numel());
  int failed = 0;
  if (card.task == data::Task::segment) {
    const std::vector<MapAnswer> maps = predict_maps(k, trained, failed);
    print(maps, card.classes, k.top, k.json);
    return failed ? 1 : 0;
  }
  const std::vector<Prediction> all = predict(k, trained, failed);
  if (k.json) print_json(all, card);
  else if (all.size() == 1 && card.task != data::Task::regress) print_bars(all[0]);
  else
    for (const auto& p : all) print_line(p, card.task);
  return failed ? 1 : 0;
}

}  // namespace

const Command predict_command{
    "predict", "tells what images and videos show",
    "  fovea predict model=runs/train/1 source=digit.png\n"
    "  fovea predict model=runs/train/1 scan.png invert=true     # dark ink on white paper\n"
    "  fovea predict model=runs/train/1 source=photos/ augment=true --json\n"
    "  fovea predict model=runs/train/1 walk.mp4 frames=16      # the mean of 16 frames\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("source,--source", k->source, "image and video files, folders of them")->required();
      app.add_option("--model", k->model,
                     "run folder, .safetensors file, or a model that ships: lenet5@mnist")
          ->required();
      app.add_option("--top", k->top, "how many classes or strings to show")->check(at_least(1));
      app.add_option("--batch", k->batch, "images per batch")->check(at_least(1));
      app.add_option("--frames", k->frames,
                     "of a video, spread evenly, whose mean is told (0: as in training, or 8)")
          ->check(at_least(0));
      app.add_option("--out", k->out, "of a network that segments: folder for masks and tinted pictures");
      app.add_flag("--invert", k->invert, "swap dark and light, for networks trained on light ink");
      add_views_key(app, k->augment);
      add_compute_keys(app, k->compute);
      app.add_flag("--json", k->json, "as JSON");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli

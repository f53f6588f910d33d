#include "cli/validation.h"

#include <filesystem>

#include "base/file.h"
#include "fovea/files.h"
#include "train/run_folder.h"

namespace fovea::cli {
namespace {

/// A set without a part for validation is split as it was for the training, so that no example of that is
/// measured on.
void split_as_trained(data::OpenOptions& options, const train::Checkpoint& trained) {
  const std::string file = (std::filesystem::path(trained.file).parent_path() / "args.json").string();
  train::Settings settings;
  if (trained.card.origin) settings = trained.card.origin->recipe;
  else if (is_file(file)) settings = train::load_settings(file);
  for (const auto& [key, text] : settings) {
    if (key == "seed") options.seed = std::stoull(text);
    if (key == "val") options.val = std::stod(text);
  }
}

std::shared_ptr<data::Dataset> open_part(const Trained& trained, const std::string& data, data::Split split) {
  const train::ModelCard& card = trained.checkpoint.card;
  const std::string& file = trained.checkpoint.file;
  const std::string what = data.empty() ? card.data : data;
  check(!what.empty(), "{} does not say which data it was trained with: give data=", file);
  data::OpenOptions options = open_options(card);
  split_as_trained(options, trained.checkpoint);
  auto set = data::open_dataset(what, split, options);
  check(set->task() == card.task, "{} is for the task {}, but {} was trained to {}", what,
        name_of(set->task()), file, name_of(card.task));
  check(set->classes().size() == card.classes.size(), "{} has {} classes, but {} was trained for {}", what,
        set->classes().size(), file, card.classes.size());
  return set;
}

}  // namespace

std::shared_ptr<data::Dataset> open_validation(const Trained& trained, const std::string& data) {
  return open_part(trained, data, data::Split::val);
}

std::shared_ptr<data::Dataset> open_training(const Trained& trained, const std::string& data) {
  return open_part(trained, data, data::Split::train);
}

data::DataLoader validation_loader(const Trained& trained, std::shared_ptr<data::Dataset> set, int64_t batch,
                                   int workers, train::Views views) {
  const train::ModelCard& card = trained.checkpoint.card;
  data::LoaderOptions o;
  o.batch = std::min(batch, set->size()), o.workers = workers;
  o.transforms = set->has_pictures() ? transforms_of(card) : set->transforms(false);
  o.normalize = card.normalization;
  check_views(views, card);
  if (views != train::Views::one) o.transforms = train::transforms_for(views, o.transforms, card.input);
  if (set->task() == data::Task::regress) o.targets = card.targets;
  return data::DataLoader(std::move(set), o);
}

bool has_black_and_white(const train::ModelCard& card) {
  const auto& format = card.pictures;
  return !format || format->dtype != f32 || !format->range.empty() || format->own_window;
}

data::Compose transforms_of(const train::ModelCard& card) {
  data::Compose transforms = data::parse_transforms(card.transforms);
  if (!transforms.empty()) return transforms;
  const data::Size size(card.input[1], card.input[2]);
  if (card.task == data::Task::transcribe) return data::Compose(data::Letterbox(size));  // nothing is cut off
  return data::Compose(data::Cover(size));
}

std::shared_ptr<data::Dataset> open_images(const std::vector<std::string>& files,
                                           const train::ModelCard& card) {
  std::vector<data::FileExample> examples;
  for (const std::string& file : files) examples.push_back({.path = file});
  const data::OpenOptions options = open_options(card);
  const data::PictureSurvey survey = card.pictures ? data::PictureSurvey() : data::survey_files(files);
  return std::make_shared<data::FileDataset>(
      data::FileDataset::Info{.name = "image", .split = data::Split::val, .classes = {"unknown"}}, examples,
      survey, options);
}

}  // namespace fovea::cli

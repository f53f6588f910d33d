#include "cli/show_data.h"

#include <algorithm>
#include <filesystem>

#include "data/inspect/collection.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;

/// " label 7: horse"
std::string label_text(const data::Collection& set, data::Place place) {
  const int64_t label = set.label(place);
  if (label < 0) return "";
  const bool named =
      label < int64_t(set.classes().size()) && set.classes()[size_t(label)] != std::to_string(label);
  return fmt::format("{}{}", label, named ? " " + set.classes()[size_t(label)] : "");
}

data::Split split_of(const ExampleKeys& keys) {
  return keys.split == "train" ? data::Split::train : data::Split::val;
}

}  // namespace

bool is_data_set(const std::string& what) {
  const auto names = data::dataset_names();
  std::error_code ignored;
  if (!fs::exists(what, ignored))
    return std::find(names.begin(), names.end(), what.substr(0, what.find(':'))) != names.end();
  if (!fs::is_directory(what, ignored)) return false;
  return std::none_of(fs::directory_iterator(what, ignored), fs::directory_iterator(),
                      [](const fs::directory_entry& e) { return image::is_image_name(e.path().string()); });
}

image::Image example_of(const std::string& what, const ExampleKeys& keys) {
  const data::Collection set(what, keys.seed);
  const data::Place place{split_of(keys), keys.example};
  check(keys.example < set.size(place.split), "example={} of {}: its {} split holds {}", keys.example,
        set.name(), data::name_of(place.split), set.size(place.split));
  image::Image picture = set.picture(place);
  picture.name = set.where(place);
  picture.entries.emplace_back("label", label_text(set, place));
  return picture;
}

Tensor sheet_of_examples(const std::string& what, const ExampleKeys& keys, int64_t count,
                         const image::RenderOptions& render) {
  const data::Collection set(what, keys.seed);
  const data::Split split = split_of(keys);
  const int64_t n = set.size(split), shown = std::min(n, count);
  std::vector<image::Cell> cells;
  for (int64_t k = 0; k < shown; ++k) {
    const data::Place place{split, k * n / shown};
    try {
      cells.push_back({image::shrink_to(image::render(set.picture(place), render), sheet_picture_side),
                       fmt::format("{}  {}", place.index, label_text(set, place))});
    } catch (const Error&) {  // `fovea data` names it
      cells.push_back({full({2, 3, 3}, 128, u8), fmt::format("{} unreadable", place.index)});
    }
  }
  return image::contact_sheet(cells);
}

Tensor sheet_of_frames(const std::string& file, int64_t count, const image::ReadOptions& read,
                       const image::RenderOptions& render) {
  image::ReadOptions at = read;
  at.frame = 0;
  const image::Image first = image::read(file, at);
  const int64_t shown = std::min(first.frames, count);
  std::vector<image::Cell> cells;
  for (int64_t k = 0; k < shown; ++k) {
    at.frame = k * first.frames / shown;
    cells.push_back(
        {image::render(k == 0 ? first : image::read(file, at), render), fmt::format("{}", at.frame)});
  }
  return image::contact_sheet(cells);
}

Tensor sheet_of_channels(const image::Image& picture, int64_t count, const image::RenderOptions& render) {
  std::vector<image::Cell> cells;
  image::RenderOptions one = render;
  one.bands.clear();
  for (one.channel = 0; one.channel < std::min<int64_t>(picture.channels(), count); ++one.channel)
    cells.push_back({image::shrink_to(image::render(picture, one), sheet_picture_side),
                     fmt::format("channel {}", one.channel)});
  return image::contact_sheet(cells);
}

}  // namespace fovea::cli

// COCO's json: {"images": [...], "annotations": [...], "categories": [...]} in any order. Elements are taken
// one by one as the parser ends them, so that memory holds one at a time and what is kept of it.
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "base/file.h"
#include "data/annotations/collector.h"
#include "data/annotations/runs.h"
#include "fovea/image.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int deepest = 16;
constexpr size_t largest = size_t{2} << 30;

struct Category {
  int64_t id;
  std::string name;
};

struct Marked {
  Annotation object;
  std::array<double, 4> box;  // left, top, width, height
  std::string id, image;
  int64_t category;
};

/// Numbers and texts serve as ids.
std::string id_of(const json& element, const char* key) {
  const auto it = element.find(key);
  check(it != element.end(), "has no {}", key);
  if (it->is_string()) return it->get<std::string>();
  check(it->is_number_integer(), "has a {} that is neither text nor a whole number", key);
  return it->dump();
}

int64_t integer_of(const json& element, const char* key) {
  const auto it = element.find(key);
  check(it != element.end() && it->is_number_integer(), "has no whole number as {}", key);
  return it->get<int64_t>();
}

double number_of(const json& value, const char* what) {
  check(value.is_number(), "has {} as a number of its {}", value.type_name(), what);
  return value.get<double>();
}

std::string text_of(const json& element, const char* key) {
  const auto it = element.find(key);
  check(it != element.end() && it->is_string(), "has no text as {}", key);
  return it->get<std::string>();
}

void read_runs(const json& segmentation, Annotation& object) {
  const auto size = segmentation.find("size"), counts = segmentation.find("counts");
  check(size != segmentation.end() && size->is_array() && size->size() == 2 &&
            (*size)[0].is_number_integer() && (*size)[1].is_number_integer() && counts != segmentation.end(),
        "has a mask without size and counts");
  const auto height = (*size)[0].get<int64_t>(), width = (*size)[1].get<int64_t>();
  const int64_t most = image::default_limits().pixels;
  check(height > 0 && width > 0 && height <= most && width <= most / height,
        "has a mask of {} x {}, beyond the limit of {} pixels", height, width, most);
  if (counts->is_string()) {
    object.runs = runs_of_text(counts->get_ref<const std::string&>(), height * width);
    return;
  }
  check(counts->is_array(), "has counts that are neither text nor a list");
  for (const json& run : *counts) {
    check(run.is_number_unsigned() && run.get<uint64_t>() <= uint64_t(height * width),
          "has the run {} in a mask of {} x {}", run.dump(), height, width);
    object.runs.push_back(run.get<uint32_t>());
  }
  check(!object.runs.empty(), "has an empty mask");
}

void read_outlines(const json& segmentation, Annotation& object) {
  check(segmentation.is_array(), "has a segmentation that is neither outlines nor runs");
  for (const json& outline : segmentation) {
    check(outline.is_array(), "has an outline that is no list");
    auto& xy = object.polygons.emplace_back();
    for (const json& v : outline) xy.push_back(number_of(v, "outline"));
  }
}

Marked marked_of(const json& element) {
  Marked m{.object = {},
           .box = {},
           .id = id_of(element, "id"),
           .image = id_of(element, "image_id"),
           .category = integer_of(element, "category_id")};
  const auto box = element.find("bbox");
  check(box != element.end() && box->is_array() && box->size() == 4, "has no bbox of four numbers");
  for (size_t i = 0; i < 4; ++i) m.box[i] = number_of((*box)[i], "bbox");
  if (const auto crowd = element.find("iscrowd"); crowd != element.end())
    m.object.crowd = crowd->is_boolean() ? crowd->get<bool>() : number_of(*crowd, "iscrowd") != 0;
  if (const auto s = element.find("segmentation"); s != element.end() && !s->is_null())
    s->is_object() ? read_runs(*s, m.object) : read_outlines(*s, m.object);
  return m;
}

class CocoFile {
 public:
  explicit CocoFile(const std::string& file) : file_(file) {
    const Bytes bytes = read_file(file, largest);
    std::string key;
    size_t number = 0;
    const auto each = [&](int depth, json::parse_event_t event, json& parsed) {
      const bool opens =
          event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
      check(!opens || depth < deepest, "{} is nested deeper than {} levels", file, deepest);
      if (depth == 1 && event == json::parse_event_t::key) key = parsed.get<std::string>(), number = 0;
      if (depth != 2 || opens || event == json::parse_event_t::key) return true;
      take(key, number++, parsed);
      return false;
    };
    try {
      [[maybe_unused]] const json rest = json::parse(bytes, each);
    } catch (const json::exception& e) {
      fail("{} is no JSON file: {}", file, e.what());
    }
    check(!images_.empty(), "{} lists no images: COCO has them as \"images\": [...]", file);
  }

  /// The pictures that exist in `folder` with what is marked in them.
  AnnotatedDataset::Content content(const std::string& folder);
  std::vector<std::string> picture_names(size_t most) const {
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(images_.size(), most); ++i) names.push_back(images_[i].file);
    return names;
  }

 private:
  void take(const std::string& list, size_t number, const json& element);
  void take_image(const json& element);
  void assign(std::vector<AnnotatedImage>& images);

  std::string file_;
  Collector collector_;
  std::vector<AnnotatedImage> images_;
  std::unordered_map<std::string, size_t> image_numbers_;
  std::vector<Marked> marked_;
  std::vector<Category> categories_;
};

void CocoFile::take(const std::string& list, size_t number, const json& element) {
  const bool image = list == "images", annotation = list == "annotations", category = list == "categories";
  if (!image && !annotation && !category) return;
  const char* what = image ? "image" : annotation ? "annotation" : "category";
  std::string name = fmt::format("number {}", number);
  try {
    check(element.is_object(), "is no object");
    name = id_of(element, "id");
    if (image) take_image(element);
    else if (annotation) marked_.push_back(marked_of(element));
    else categories_.push_back({integer_of(element, "id"), text_of(element, "name")});
  } catch (const Error& e) {
    collector_.defect(fmt::format("{}: {} {}", file_, what, name), "{}", e.what());
  }
}

void CocoFile::take_image(const json& element) {
  AnnotatedImage image{.file = text_of(element, "file_name"),
                       .height = integer_of(element, "height"),
                       .width = integer_of(element, "width")};
  const image::Limits& limits = image::default_limits();
  check(image.height > 0 && image.width > 0 && image.height <= limits.side && image.width <= limits.side &&
            image.height * image.width <= limits.pixels,
        "is {} x {}: no size of a picture, or beyond the limits", image.height, image.width);
  check(image_numbers_.emplace(id_of(element, "id"), images_.size()).second, "is there twice");
  images_.push_back(std::move(image));
}

AnnotatedDataset::Content CocoFile::content(const std::string& folder) {
  std::stable_sort(categories_.begin(), categories_.end(),
                   [](const Category& a, const Category& b) { return a.id < b.id; });
  AnnotatedDataset::Content content;
  std::unordered_map<int64_t, int64_t> labels;
  for (const Category& c : categories_) {
    if (labels.emplace(c.id, int64_t(content.classes.size())).second) content.classes.push_back(c.name);
    else collector_.defect(fmt::format("{}: category {}", file_, c.id), "is there twice");
  }
  std::unordered_set<std::string> ids;
  for (Marked& m : marked_) {
    const std::string where = fmt::format("{}: annotation {}", file_, m.id);
    const auto image = image_numbers_.find(m.image);
    const auto label = labels.find(m.category);
    if (!ids.insert(m.id).second) collector_.defect(where, "is there twice");
    else if (image == image_numbers_.end()) collector_.defect(where, "there is no image {}", m.image);
    else if (label == labels.end()) collector_.defect(where, "there is no category {}", m.category);
    else {
      const auto [left, top, width, height] = m.box;
      m.object.label = label->second;
      collector_.add(images_[image->second], std::move(m.object), {left, top, left + width, top + height},
                     int64_t(content.classes.size()), where);
    }
  }
  for (AnnotatedImage& image : images_) {
    image.file = (fs::path(folder) / image.file).string();
    if (is_file(image.file)) content.images.push_back(std::move(image));
    else collector_.defect(file_, "picture {} is missing", image.file);
  }
  content.warnings = collector_.warnings();
  return content;
}

/// The json files of a folder, of instances if there are such: annotations/*.json, or _annotations.coco.json
/// beside the pictures of each part.
std::vector<std::string> json_files(const std::string& path) {
  std::vector<std::string> all, instances;
  if (path.ends_with(".json")) return {path};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::path(path) / "annotations", ignored))
    if (entry.path().extension() == ".json") {
      all.push_back(entry.path().string());
      if (entry.path().filename().string().starts_with("instances")) instances.push_back(all.back());
    }
  for (const char* part : {"", "train", "valid", "val", "test"})
    if (const fs::path file = fs::path(path) / part / "_annotations.coco.json"; is_there(file))
      all.push_back(file.string());
  auto& found = instances.empty() ? all : instances;
  std::sort(found.begin(), found.end());
  return found;
}

/// The part that a json file is of, by its name or that of its folder.
std::string part_of(const std::string& file) {
  const std::string part = part_in_name(fs::path(file).filename().string());
  return part.empty() ? part_in_name(fs::path(file).parent_path().filename().string()) : part;
}

/// "train2017" of "instances_train2017.json"
std::string stem_part(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  return stem.substr(stem.rfind('_') + 1);
}

/// Where the pictures lie: the first usual folder in which one of `names` is.
std::string picture_folder(const std::string& file, const std::vector<std::string>& names) {
  const fs::path at = fs::absolute(file).parent_path(), root = at.parent_path();
  const std::vector<fs::path> usual{at,
                                    root / "images" / stem_part(file),
                                    root / stem_part(file),
                                    root / "images" / part_of(file),
                                    root / part_of(file),
                                    root / "images",
                                    root,
                                    at / "images"};
  std::string looked;
  for (const fs::path& folder : usual) {
    for (const std::string& name : names)
      if (is_file(folder / name)) return folder.string();
    looked += "\n  " + folder.string();
  }
  fail("{} names pictures such as {}, but they are not in{}", file, names[0], looked);
}

}  // namespace

bool is_coco(const std::string& path) { return !json_files(path).empty() && is_there(path); }

AnnotatedDataset::Content open_coco(const std::string& path, Split split, uint64_t seed) {
  const std::vector<std::string> files = json_files(path);
  check(!files.empty(), "{} holds no annotations/*.json", path);
  std::map<std::string, std::string> parts;
  for (const std::string& file : files) parts.emplace(part_of(file), file);
  const bool whole = parts.contains("train") && parts.contains("val");
  const std::string chosen = whole ? parts[name_of(split)] : files[0];
  CocoFile file(chosen);
  AnnotatedDataset::Content content = file.content(picture_folder(chosen, file.picture_names(16)));
  if (whole) return content;
  std::vector<AnnotatedImage> part;
  for (const size_t i : numbers_of_split(content.images.size(), split, seed))
    part.push_back(std::move(content.images[i]));
  content.images = std::move(part);
  return content;
}

}  // namespace fovea::data

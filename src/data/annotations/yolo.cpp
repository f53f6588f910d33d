// YOLO: a .txt for each picture with a line "class cx cy width height" or "class x1 y1 x2 y2 x3 y3 ..." for
// each object, in parts of the picture's sides.
#include "data/annotations/yolo.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "base/module.h"
#include "data/annotations/collector.h"
#include "fovea/files.h"

namespace fovea::data {

YoloYaml (*yolo_yaml_parser)(const std::string& text, const std::string& file) = nullptr;

namespace {

namespace fs = std::filesystem;

constexpr size_t largest_yaml = 1 << 20, most_numbers = 100'000;

/// The yaml of `path`: itself, or one in that folder.
std::string yaml_of(const std::string& path) {
  if (path.ends_with(".yaml") || path.ends_with(".yml")) return path;
  for (const char* name : {"data.yaml", "dataset.yaml", "data.yml"})
    if (fs::path file = fs::path(path) / name; is_file(file)) return file.string();
  return "";
}

/// The file with the labels of a picture: .../images/a/b.jpg has .../labels/a/b.txt, else b.txt beside it.
std::string label_file(const std::string& picture) {
  std::string path = fs::path(picture).replace_extension(".txt").string();
  if (const size_t at = path.rfind("/images/"); at != path.npos) path.replace(at, 8, "/labels/");
  return path;
}

/// Empty if a word is no number.
std::vector<double> numbers_in(const std::string& line) {
  std::vector<double> numbers;
  const char *at = line.data(), *const end = at + line.size();
  while (at < end && numbers.size() <= most_numbers) {
    if (*at == ' ' || *at == '\t') {
      ++at;
      continue;
    }
    const auto [next, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc{} || (next < end && *next != ' ' && *next != '\t')) return {};
    at = next;
  }
  return numbers;
}

struct YoloParts {
  std::vector<std::string> train, val;  // pictures
  std::vector<std::string> names;
};

/// Pictures of an entry of the yaml: a folder, or a list whose lines are relative to it.
std::vector<std::string> pictures_of(const fs::path& base, const std::vector<std::string>& entries) {
  std::vector<std::string> all;
  for (const std::string& entry : entries) {
    fs::path path = base / entry;
    if (!is_there(path) && entry.starts_with("../")) path = base / entry.substr(3);  // as exports write it
    check(is_there(path), "there is no {}", path.string());
    if (is_folder(path)) {
      check(fs::canonical(path).has_relative_path(), "{} is the whole file system, no folder of pictures",
            entry);
      const auto files = image_files_below(path.string());
      all.insert(all.end(), files.begin(), files.end());
      continue;
    }
    for (const std::string& line : lines_of(path.string()))
      if (!line.empty()) all.push_back((path.parent_path() / line).lexically_normal().string());
  }
  return all;
}

std::vector<std::string> names_in_folder(const fs::path& root) {
  for (const fs::path& file : {root / "classes.txt", root / "labels/classes.txt", root / "obj.names"})
    if (is_there(file)) {
      std::vector<std::string> names = lines_of(file.string());
      while (!names.empty() && names.back().empty()) names.pop_back();
      return names;
    }
  return {};
}

YoloParts parts_of(const std::string& path) {
  const std::string yaml = yaml_of(path);
  if (yaml.empty()) {
    YoloParts parts{.train = image_files_below(path + "/images"), .val = {}, .names = names_in_folder(path)};
    const auto is_val = [&](const std::string& file) {
      return part_in_name(fs::relative(file, path + "/images").begin()->string()) == "val";
    };
    const auto middle = std::stable_partition(parts.train.begin(), parts.train.end(), std::not_fn(is_val));
    if (middle == parts.train.begin()) return parts;  // there is nothing to learn from but these
    parts.val.assign(middle, parts.train.end());
    parts.train.erase(middle, parts.train.end());
    return parts;
  }
  static const std::string missing = load_module("yaml", FOVEA_HAVE_YAML, "libyaml-cpp-dev");
  check(yolo_yaml_parser, "{} is read through yaml-cpp: {}", yaml, missing);
  const Bytes bytes = read_file(yaml, largest_yaml);
  const YoloYaml content = yolo_yaml_parser({bytes.begin(), bytes.end()}, yaml);
  try {
    fs::path base = fs::path(yaml).parent_path();
    if (is_there(base / content.path)) base /= content.path;
    return {pictures_of(base, content.train), pictures_of(base, content.val), content.names};
  } catch (const Error& e) {
    fail("{}: {}", yaml, e.what());
  }
}

/// A set without names has its classes numbered.
int64_t largest_class(const std::vector<std::string>& pictures) {
  double largest = -1;
  for (const auto& picture : pictures)
    if (const std::string file = label_file(picture); is_there(file))
      for (const auto& line : lines_of(file))
        if (const auto numbers = numbers_in(line); !numbers.empty() && numbers[0] < 100'000)
          largest = std::max(largest, numbers[0]);
  return int64_t(largest);
}

void add_line(const std::vector<double>& n, AnnotatedImage& image, int64_t classes, const std::string& where,
              Collector& collector) {
  const bool outline = n.size() >= 7 && n.size() % 2 == 1;
  if (n.size() != 5 && !outline)
    return collector.defect(where, "wants a class and 4 numbers of a box, or 6 and more of an outline");
  if (!(n[0] >= 0 && n[0] < double(classes)) || n[0] != double(int64_t(n[0])))
    return collector.defect(where, "class {:g} is outside of 0..{}", n[0], classes - 1);
  const auto width = double(image.width), height = double(image.height);
  Annotation object{.box = {}, .label = int64_t(n[0])};
  std::array<double, 4> box{(n[1] - n[3] / 2) * width, (n[2] - n[4] / 2) * height, (n[1] + n[3] / 2) * width,
                            (n[2] + n[4] / 2) * height};
  if (outline) {
    auto& xy = object.polygons.emplace_back();
    box = {width, height, 0, 0};
    for (size_t i = 1; i < n.size(); i += 2) {
      const double x = n[i] * width, y = n[i + 1] * height;
      xy.push_back(x), xy.push_back(y);
      box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x), std::max(box[3], y)};
    }
  }
  collector.add(image, std::move(object), box, classes, where);
}

void add_labels(AnnotatedImage& image, int64_t classes, Collector& collector) {
  const std::string file = label_file(image.file);
  if (!is_there(file)) return;  // a picture of background
  std::set<std::string> seen;
  int64_t number = 0;
  for (const std::string& line : lines_of(file)) {
    const std::string where = fmt::format("{}:{}", file, ++number);
    if (line.empty()) continue;
    const std::vector<double> numbers = numbers_in(line);
    if (!seen.insert(line).second) collector.defect(where, "stands there twice");
    else if (numbers.empty()) collector.defect(where, "holds something that is no number");
    else add_line(numbers, image, classes, where, collector);
  }
}

}  // namespace

bool is_yolo(const std::string& path) {
  return !yaml_of(path).empty() ||
         (is_folder(fs::path(path) / "images") && is_folder(fs::path(path) / "labels"));
}

AnnotatedDataset::Content open_yolo(const std::string& path, Split split, uint64_t seed) {
  YoloParts parts = parts_of(path);
  std::vector<std::string> pictures = split == Split::val ? parts.val : parts.train;
  if (parts.val.empty()) {
    pictures.clear();
    for (const size_t i : numbers_of_split(parts.train.size(), split, seed))
      pictures.push_back(parts.train[i]);
  }
  Collector collector;
  if (parts.names.empty()) {
    for (int64_t c = 0, n = largest_class(pictures); c <= n; ++c) parts.names.push_back(std::to_string(c));
    collector.defect(path, "no names of classes in data.yaml or classes.txt: they are numbered");
  }
  AnnotatedDataset::Content content{.classes = parts.names};
  const auto sizes = upright_sizes(pictures, collector);
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (!sizes[i]) continue;
    AnnotatedImage image{.file = pictures[i], .height = sizes[i]->first, .width = sizes[i]->second};
    add_labels(image, int64_t(parts.names.size()), collector);
    content.images.push_back(std::move(image));
  }
  content.warnings = collector.warnings();
  return content;
}

}  // namespace fovea::data

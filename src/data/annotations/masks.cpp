// Mask pictures: for each picture of images/ one of masks/ with the same name whose numbers are classes; 255
// is ignored. Palettes are colours for people: their indices count.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/parallel.h"
#include "data/annotations/collector.h"
#include "fovea/files.h"
#include "fovea/image.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

struct Folders {
  std::string images, masks;
};

/// The pair of folders of `path`, if there is one.
Folders folders_of(const std::string& path) {
  for (const auto& [images, masks] : {std::pair{"images", "masks"}, {"JPEGImages", "SegmentationClass"}})
    if (is_folder(fs::path(path) / images) && is_folder(fs::path(path) / masks))
      return {(fs::path(path) / images).string(), (fs::path(path) / masks).string()};
  return {};
}

struct Match {
  std::string image, mask;
  std::string part;  // "train", "val" or empty
};

/// Pictures with the masks of their names; pictures without one are listed, but where most have none (VOC).
std::vector<Match> pairs_of(const std::string& path, Collector& collector) {
  std::vector<Match> pairs;
  std::vector<std::string> alone;
  for (const fs::path& root : {fs::path(path), fs::path(path) / "train", fs::path(path) / "val",
                               fs::path(path) / "valid", fs::path(path) / "test"}) {
    const Folders folders = folders_of(root.string());
    if (folders.images.empty()) continue;
    for (const std::string& file : image_files_below(folders.images)) {
      const fs::path relative = fs::relative(file, folders.images);
      const fs::path at = fs::path(folders.masks) / relative.parent_path();
      const std::string mask = picture_named(at.string(), relative.stem().string());
      const std::string inner = relative.has_parent_path() ? part_in_name(relative.begin()->string()) : "";
      const std::string outer = root == path ? "" : part_in_name(root.filename().string());
      if (mask.empty()) alone.push_back(file);
      else pairs.push_back({file, mask, outer.empty() ? inner : outer});
    }
  }
  if (alone.size() <= pairs.size())
    for (const auto& file : alone) collector.defect(file, "there is no mask of this name");
  else collector.defect(path, "{} pictures have no mask", alone.size());
  return pairs;
}

struct Scanned {
  AnnotatedImage image;
  std::map<int64_t, int64_t> counts;  // numbers in the mask, without 255
  int64_t ignored = 0;
  std::string problem;
};

template <class T>
void count(const Tensor& pixels, Scanned& s) {
  std::vector<int64_t> counts(size_t{1} << (8 * sizeof(T)), 0);
  const T* p = pixels.data<T>();
  for (int64_t i = 0; i < pixels.numel(); ++i) ++counts[p[i]];
  s.ignored = std::exchange(counts[size_t(ignored_class)], 0);
  for (size_t v = 0; v < counts.size(); ++v)
    if (counts[v]) s.counts[int64_t(v)] = counts[v];
}

Scanned scan(const Match& pair) {
  Scanned s{.image = {.file = pair.image, .mask_file = pair.mask}, .counts = {}, .problem = {}};
  try {
    std::tie(s.image.height, s.image.width) = upright_size(pair.image);
    const image::Image mask = image::read(pair.mask, {.indices = true});
    check(mask.channels() == 1 && (mask.dtype == u8 || mask.dtype == u16),
          "a mask is gray or a palette, not {} of {}", name_of(mask.color), name_of(mask.dtype));
    check(mask.height() == s.image.height && mask.width() == s.image.width,
          "it is {} x {}, but its picture {} x {}", mask.height(), mask.width(), s.image.height,
          s.image.width);
    mask.dtype == u8 ? count<uint8_t>(mask.pixels, s) : count<uint16_t>(mask.pixels, s);
  } catch (const Error& e) {
    s.problem = e.what();
  }
  return s;
}

/// Names of classes.txt, or the numbers up to the largest.
std::vector<std::string> classes_of(const std::string& path, const std::vector<Scanned>& all, bool binary) {
  if (const fs::path file = fs::path(path) / "classes.txt"; is_there(file)) {
    std::vector<std::string> names = lines_of(file.string());
    while (!names.empty() && names.back().empty()) names.pop_back();
    return names;
  }
  if (binary) return {"background", "object"};
  int64_t largest = -1;
  for (const Scanned& s : all)
    if (!s.counts.empty()) largest = std::max(largest, s.counts.rbegin()->first);
  std::vector<std::string> names;
  for (int64_t c = 0; c <= largest; ++c) names.push_back(std::to_string(c));
  return names;
}

/// Whether all masks are of 0 and 255 alone.
bool is_binary(const std::vector<Scanned>& all) {
  bool white = false;
  for (const Scanned& s : all) {
    if (s.counts.size() > 1 || (s.counts.size() == 1 && s.counts.begin()->first != 0)) return false;
    white |= s.ignored > 0 && s.problem.empty();
  }
  return white;
}

}  // namespace

bool is_masks(const std::string& path) {
  return !folders_of(path).images.empty() || !folders_of(path + "/train").images.empty();
}

AnnotatedDataset::Content open_masks(const std::string& path, Split split, uint64_t seed) {
  Collector collector;
  const std::vector<Match> pairs = pairs_of(path, collector);
  std::vector<Scanned> all(pairs.size());
  parallel_for(int64_t(pairs.size()), 1, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i) all[i] = scan(pairs[i]);
  });
  AnnotatedDataset::Content content{.binary_masks = is_binary(all)};
  content.classes = classes_of(path, all, content.binary_masks);

  std::set<std::string> parts;
  for (const Match& pair : pairs) parts.insert(pair.part);
  const bool told = parts.contains("train") && parts.contains("val");
  std::vector<size_t> numbers;
  if (!told) numbers = numbers_of_split(pairs.size(), split, seed);
  else
    for (size_t i = 0; i < pairs.size(); ++i)
      if (pairs[i].part == name_of(split)) numbers.push_back(i);
  for (const Scanned& s : all)
    if (s.problem.empty()) content.all_files.push_back(s.image.file);
  for (const size_t i : numbers) {
    Scanned& s = all[i];
    if (content.binary_masks && s.ignored) s.counts[1] = s.ignored;
    const int64_t last = s.counts.empty() ? 0 : s.counts.rbegin()->first;
    const auto classes = int64_t(content.classes.size());
    if (!s.problem.empty()) collector.defect(pairs[i].mask, "is left out: {}", s.problem);
    else if (last >= classes)
      collector.defect(pairs[i].mask, "class {} is outside of 0..{}", last, classes - 1);
    else if (last == 0) collector.defect(pairs[i].mask, "an empty mask: it holds nothing but background");
    else {
      s.image.mask_pixels.assign(s.counts.begin(), s.counts.end());
      content.images.push_back(std::move(s.image));
    }
  }
  content.warnings = collector.warnings();
  return content;
}

}  // namespace fovea::data

// Pascal VOC: Annotations/*.xml, one for each picture of JPEGImages/ (Everingham et al. 2010).
#include "data/annotations/voc.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "base/module.h"
#include "base/parallel.h"
#include "data/annotations/collector.h"
#include "fovea/image.h"

namespace fovea::data {

VocFile (*voc_parser)(std::string_view text, const std::string& file) = nullptr;

namespace {

namespace fs = std::filesystem;

constexpr size_t largest = size_t{16} << 20;

/// The folder with Annotations/: `path`, or the last of the years below VOCdevkit/.
std::string root_of(const std::string& path) {
  if (is_folder(fs::path(path) / "Annotations")) return path;
  std::string last;
  for (const char* above : {"", "VOCdevkit"}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(fs::path(path) / above, ignored))
      if (entry.path().filename().string().starts_with("VOC") && is_folder(entry.path() / "Annotations"))
        last = std::max(last, entry.path().string());
  }
  return last;
}

/// The names in ImageSets/Main/PART.txt; the classes' own files hold a number behind each.
std::vector<std::string> stems_of_part(const std::string& root, Split split) {
  const fs::path folder = fs::path(root) / "ImageSets" / "Main";
  std::vector<std::string> stems;
  if (!is_there(folder / "train.txt") || !(is_there(folder / "val.txt") || is_there(folder / "test.txt")))
    return stems;
  const fs::path held_out = folder / (is_there(folder / "val.txt") ? "val.txt" : "test.txt");
  for (const auto& line : lines_of((split == Split::train ? folder / "train.txt" : held_out).string()))
    if (!line.empty()) stems.push_back(line.substr(0, line.find_first_of(" \t")));
  return stems;
}

std::vector<std::string> all_stems(const std::string& root) {
  std::vector<std::string> stems;
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "Annotations"))
    if (entry.path().extension() == ".xml") stems.push_back(entry.path().stem().string());
  std::sort(stems.begin(), stems.end());
  return stems;
}

class VocFolder {
 public:
  VocFolder(std::string root, std::vector<std::string> stems)
      : root_(std::move(root)), stems_(std::move(stems)) {
    files_.resize(stems_.size());
    std::vector<std::string> problems(stems_.size());
    parallel_for(int64_t(stems_.size()), 16, [&](int64_t begin, int64_t end) {
      for (size_t i = size_t(begin); i < size_t(end); ++i) try {
          const Bytes bytes = read_file(xml(i), largest);
          files_[i] = voc_parser({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, xml(i));
        } catch (const Error& e) {
          problems[i] = e.what();
        }
    });
    for (size_t i = 0; i < stems_.size(); ++i)
      if (!problems[i].empty()) collector_.defect(xml(i), "is left out: {}", problems[i]);
    for (const VocFile& file : files_)
      for (const VocObject& object : file.objects)
        if (object.problem.empty()) labels_.emplace(object.name, 0);
    int64_t number = 0;
    for (auto& [name, label] : labels_) label = number++;
  }

  AnnotatedDataset::Content content(const std::vector<size_t>& part) {
    AnnotatedDataset::Content content;
    for (const auto& [name, label] : labels_) content.classes.push_back(name);
    for (const size_t i : part) take(i, content.images);
    content.warnings = collector_.warnings();
    return content;
  }
  size_t size() const { return stems_.size(); }
  /// The numbers of the pictures with these stems; those without xml are listed.
  std::vector<size_t> numbers(const std::vector<std::string>& stems) {
    std::vector<size_t> part;
    for (const auto& stem : stems) {
      const auto it = std::lower_bound(stems_.begin(), stems_.end(), stem);
      if (it != stems_.end() && *it == stem) part.push_back(size_t(it - stems_.begin()));
      else collector_.defect(root_ + "/ImageSets/Main", "there is no Annotations/{}.xml", stem);
    }
    return part;
  }

 private:
  std::string xml(size_t i) const { return root_ + "/Annotations/" + stems_[i] + ".xml"; }

  void take(size_t i, std::vector<AnnotatedImage>& images) {
    const VocFile& voc = files_[i];
    AnnotatedImage image{
        .file = picture_named(root_ + "/JPEGImages", stems_[i]), .height = voc.height, .width = voc.width};
    if (image.file.empty() && !voc.filename.empty()) image.file = root_ + "/JPEGImages/" + voc.filename;
    if (!is_file(image.file)) {
      collector_.defect(xml(i), "its picture JPEGImages/{} is missing", stems_[i]);
      return;
    }
    if (image.height == 0 || image.width == 0) try {
        std::tie(image.height, image.width) = upright_size(image.file);
      } catch (const Error& e) {
        return collector_.defect(xml(i), "it tells no size, and its picture cannot be read: {}", e.what());
      }
    for (const VocObject& object : voc.objects) add(object, image, fmt::format("{}:{}", xml(i), object.line));
    images.push_back(std::move(image));
  }

  void add(const VocObject& object, AnnotatedImage& image, const std::string& where) {
    if (!object.problem.empty()) return collector_.defect(where, "an object {}", object.problem);
    const auto [xmin, ymin, xmax, ymax] = object.corners;
    collector_.add(image,
                   {.box = {},
                    .label = labels_.at(object.name),
                    .difficult = object.difficult,
                    .truncated = object.truncated},
                   {xmin - 1, ymin - 1, xmax, ymax}, int64_t(labels_.size()), where);
  }

  std::string root_;
  std::vector<std::string> stems_;
  std::vector<VocFile> files_;
  std::map<std::string, int64_t> labels_;
  Collector collector_;
};

}  // namespace

bool is_voc(const std::string& path) { return !root_of(path).empty(); }

AnnotatedDataset::Content open_voc(const std::string& path, Split split, uint64_t seed) {
  static const std::string missing = load_module("voc", FOVEA_HAVE_PUGIXML, "libpugixml-dev");
  check(voc_parser, "{}: Pascal VOC is read through pugixml: {}", path, missing);
  const std::string root = root_of(path);
  check(!root.empty(), "{} holds no Annotations/", path);
  VocFolder folder(root, all_stems(root));
  const std::vector<std::string> stems = stems_of_part(root, split);
  return folder.content(stems.empty() ? numbers_of_split(folder.size(), split, seed) : folder.numbers(stems));
}

}  // namespace fovea::data

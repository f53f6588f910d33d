// Collector: gathers the pictures of a set while it checks them; what is wrong is listed and left out.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fovea/annotations.h"

namespace fovea::data {

class Collector {
 public:
  /// Lists a defect: "where: what".
  template <class... Args>
  void defect(const std::string& where, fmt::format_string<Args...> what, Args&&... args) {
    list(where + ": " + fmt::format(what, std::forward<Args>(args)...));
  }
  /// Adds `object` to `image` if its box (cut at the border where it reaches over it by a pixel at most),
  /// label, outlines and runs make sense, and lists it otherwise. Corners and outlines are in pixels.
  void add(AnnotatedImage& image, Annotation object, const std::array<double, 4>& box, int64_t classes,
           const std::string& where);
  /// The defects so far.
  std::vector<std::string> warnings() const;

 private:
  void list(std::string text);
  std::vector<std::string> listed_;
  int64_t count_ = 0;
};

/// Height and width of a picture when it is upright, from its header. Throws if that cannot be read.
std::pair<int64_t, int64_t> upright_size(const std::string& file);
/// upright_size() of each file, read in parallel; nothing for those that cannot be, which `collector` lists.
std::vector<std::optional<std::pair<int64_t, int64_t>>> upright_sizes(const std::vector<std::string>& files,
                                                                      Collector& collector);

/// The picture in `folder` with this stem, whatever its extension; empty if there is none.
std::string picture_named(const std::string& folder, const std::string& stem);
/// The lines of a text file without spaces at their ends and without a byte order mark.
std::vector<std::string> lines_of(const std::string& file);
/// "train" or "val" if the name tells: train2017, valid, test, instances_val2017.json; empty otherwise.
std::string part_in_name(const std::string& name);
/// Whether example `number` belongs to `split` where a set has no parts: one in ten, by seed, is for
/// validation.
std::vector<size_t> numbers_of_split(size_t count, Split split, uint64_t seed);

/// The readers of the formats; `path` is what stands after "coco:".
AnnotatedDataset::Content open_coco(const std::string& path, Split split, uint64_t seed);
AnnotatedDataset::Content open_voc(const std::string& path, Split split, uint64_t seed);
AnnotatedDataset::Content open_yolo(const std::string& path, Split split, uint64_t seed);
AnnotatedDataset::Content open_masks(const std::string& path, Split split, uint64_t seed);
bool is_coco(const std::string& path);
bool is_voc(const std::string& path);
bool is_yolo(const std::string& path);
bool is_masks(const std::string& path);

}  // namespace fovea::data

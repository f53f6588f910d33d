// What networks that segment say of pictures, as files.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::cli {

struct MapAnswer {
  std::string file, overlay, mask;  // the source, and what was written of it
  std::vector<double> parts;        // of its pixels, of each class
};

/// Writes into a folder, which it makes.
class MapWriter {
 public:
  MapWriter(std::string folder, const std::vector<std::string>& classes);
  /// NAME.png, the picture (H,W,C) tinted by its classes, and NAME_mask.png, their numbers in gray.
  /// `classes`: i64 (h,w), which is brought to the size of the picture.
  MapAnswer write(const std::string& file, const Tensor& picture, const Tensor& classes);

 private:
  /// The name of `file` without its ending, with a number if another source had it.
  std::string free_name(const std::string& file);
  std::string folder_;
  size_t classes_;
  std::set<std::string> names_;
};

/// For each the files and the `top` classes with the most pixels; or all of it as JSON.
void print(const std::vector<MapAnswer>& all, const std::vector<std::string>& classes, int top, bool json);

}  // namespace fovea::cli

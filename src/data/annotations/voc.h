// What a Pascal VOC xml file says, and the module that reads it (base/module.h): pugixml.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::data {

struct VocObject {
  std::string name;
  std::array<double, 4> corners{};  // xmin, ymin, xmax, ymax: from 1, inclusive
  bool difficult = false, truncated = false;
  int64_t line = 0;
  std::string problem = {};  // why it cannot be used
};

struct VocFile {
  std::string filename;
  int64_t height = 0, width = 0;  // 0: not told
  std::vector<VocObject> objects;
};

/// Set by the module. Throws if `text` is no VOC xml.
extern VocFile (*voc_parser)(std::string_view text, const std::string& file);

}  // namespace fovea::data

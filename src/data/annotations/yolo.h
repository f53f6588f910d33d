// What a data.yaml of YOLO says, and the module that reads it (base/module.h): yaml-cpp.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::data {

struct YoloYaml {
  std::string path;                     // the folder that the others are below, itself below the yaml's
  std::vector<std::string> train, val;  // folders of pictures, or .txt lists of them
  std::vector<std::string> names;       // of the classes
};

/// Set by the module. Throws if `text` is no such file.
extern YoloYaml (*yolo_yaml_parser)(const std::string& text, const std::string& file);

}  // namespace fovea::data

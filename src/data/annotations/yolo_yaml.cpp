// YOLO's data.yaml through yaml-cpp. This file is a module of its own (base/module.h).
#include <yaml-cpp/yaml.h>

#include "data/annotations/yolo.h"
#include "fovea/error.h"

namespace fovea::data {
namespace {

/// One text, or a list of them.
std::vector<std::string> texts_of(const YAML::Node& node) {
  if (!node || node.IsNull()) return {};
  if (node.IsSequence()) return node.as<std::vector<std::string>>();
  return {node.as<std::string>()};
}

/// A list, or a map from numbers 0, 1 ...
std::vector<std::string> names_of(const YAML::Node& node, const std::string& file) {
  if (!node || !node.IsMap()) return texts_of(node);
  std::vector<std::string> names(node.size());
  for (const auto& [number, name] : node.as<std::map<int64_t, std::string>>()) {
    check(number >= 0 && number < int64_t(names.size()), "{}: names has the class {} among {}", file, number,
          names.size());
    names[size_t(number)] = name;
  }
  return names;
}

YoloYaml parse(const std::string& text, const std::string& file) {
  try {
    const YAML::Node root = YAML::Load(text);
    check(root.IsMap(), "{} is no map of keys", file);
    const YAML::Node path = root["path"], val = root["val"] ? root["val"] : root["test"];
    return {.path = path && path.IsScalar() ? path.as<std::string>() : "",
            .train = texts_of(root["train"]),
            .val = texts_of(val),
            .names = names_of(root["names"], file)};
  } catch (const YAML::Exception& e) {
    fail("{}:{}: {}", file, e.mark.line + 1, e.msg);
  }
}

[[maybe_unused]] const bool loaded = (yolo_yaml_parser = parse, true);

}  // namespace
}  // namespace fovea::data

// Pascal VOC's xml through pugixml. This file is a module of its own (base/module.h).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <pugixml.hpp>

#include "data/annotations/voc.h"
#include "fovea/error.h"

namespace fovea::data {
namespace {

/// NaN if there is no number.
double number_of(const pugi::xml_node& parent, const char* name) {
  const char* text = parent.child_value(name);
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  return end == text ? std::numeric_limits<double>::quiet_NaN() : value;
}

bool flag_of(const pugi::xml_node& parent, const char* name) { return number_of(parent, name) == 1; }

int64_t size_of(const pugi::xml_node& size, const char* name) {
  const double value = number_of(size, name);
  return value >= 1 && value <= 1 << 30 ? int64_t(value) : 0;
}

VocObject object_of(const pugi::xml_node& node) {
  VocObject object{.name = node.child_value("name"),
                   .difficult = flag_of(node, "difficult"),
                   .truncated = flag_of(node, "truncated")};
  const pugi::xml_node box = node.child("bndbox");
  const char* const names[] = {"xmin", "ymin", "xmax", "ymax"};
  for (size_t i = 0; i < 4; ++i) {
    object.corners[i] = number_of(box, names[i]);
    if (std::isnan(object.corners[i])) object.problem = std::string("has no number as ") + names[i];
  }
  if (!box) object.problem = "has no bndbox";
  if (object.name.empty()) object.problem = "has no name";
  return object;
}

VocFile parse(std::string_view text, const std::string& file) {
  const auto line_at = [&](std::ptrdiff_t offset) {
    const auto n = std::clamp<std::ptrdiff_t>(offset, 0, std::ptrdiff_t(text.size()));
    return 1 + std::count(text.begin(), text.begin() + n, '\n');
  };
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer(text.data(), text.size());
  check(bool(result), "{}:{}: this is no XML: {}", file, line_at(result.offset), result.description());
  const pugi::xml_node root = document.child("annotation");
  check(bool(root), "{}:1: its root is <{}>, not <annotation>", file, document.first_child().name());
  const pugi::xml_node size = root.child("size");
  VocFile voc{.filename = root.child_value("filename"),
              .height = size_of(size, "height"),
              .width = size_of(size, "width"),
              .objects = {}};
  for (const pugi::xml_node& node : root.children("object")) {
    voc.objects.push_back(object_of(node));
    voc.objects.back().line = line_at(node.offset_debug());
  }
  return voc;
}

[[maybe_unused]] const bool loaded = (voc_parser = parse, true);

}  // namespace
}  // namespace fovea::data

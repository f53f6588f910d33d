// From what the user typed to a set with annotations.
#include <filesystem>

#include "base/file.h"
#include "data/annotations/collector.h"
#include "data/folder_errors.h"

namespace fovea::data {
namespace {

struct Kind {
  const char *name, *format;
  bool (*is)(const std::string& path);
  AnnotatedDataset::Content (*open)(const std::string& path, Split split, uint64_t seed);
};

// In this order: a VOC folder may hold masks too, and a COCO folder images/.
const Kind kinds[] = {{"coco", "COCO", is_coco, open_coco},
                      {"voc", "Pascal VOC", is_voc, open_voc},
                      {"masks", "mask PNGs", is_masks, open_masks},
                      {"yolo", "YOLO", is_yolo, open_yolo}};

struct Found {
  const Kind* kind = nullptr;
  std::string path;
};

Found find(const std::string& what) {
  const size_t colon = what.find(':');
  for (const Kind& kind : kinds)
    if (colon != what.npos && what.substr(0, colon) == kind.name) return {&kind, what.substr(colon + 1)};
  if (is_there(what))
    for (const Kind& kind : kinds)
      if (kind.is(what)) return {&kind, what};
  return {};
}

}  // namespace

bool is_annotated(const std::string& what) { return find(what).kind != nullptr; }

std::shared_ptr<AnnotatedDataset> open_annotated(const std::string& what, Split split, uint64_t seed) {
  const Found found = find(what);
  check(
      found.kind != nullptr,
      "{} is no set with annotations: it has neither annotations/*.json (COCO), nor Annotations/*.xml (VOC), "
      "nor images/ with labels/ (YOLO) or masks/",
      what);
  return with_folder_errors([&] {
    AnnotatedDataset::Content content = found.kind->open(found.path, split, seed);
    content.name = what, content.format = found.kind->format, content.split = split;
    const std::string first = content.warnings.empty() ? "" : ": " + content.warnings[0];
    check(!content.images.empty(), "{} has no picture that can be used for {}{}", what, name_of(split),
          first);
    return std::make_shared<AnnotatedDataset>(std::move(content));
  });
}

}  // namespace fovea::data

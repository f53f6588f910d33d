#include <filesystem>

#include "data/class_folder.h"

namespace fovea::data {

std::shared_ptr<Dataset> open_image_folder(const std::string& folder, Split split,
                                           const OpenOptions& options) {
  constexpr FileKindOfClass images{"image", "cat/1.jpg", "docs/formats.md", image_files_below};
  try {
    ClassFolder found = scan_classes(folder, split, options, images);
    return std::make_shared<FileDataset>(std::move(found.info), std::move(found.examples),
                                         survey_files(found.all, options), options);
  } catch (const std::filesystem::filesystem_error& e) {
    fail("cannot read folder {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data

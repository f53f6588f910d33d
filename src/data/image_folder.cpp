#include <algorithm>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "fovea/files.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t split_stream = uint64_t{0xD2} << 56;

using Files = std::vector<std::string>;
using Classes = std::map<std::string, Files>;  // sorted by name, and so are the files of each

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

Classes scan(const fs::path& root) {
  Classes classes;
  int64_t loose = 0;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (hidden(entry.path())) continue;
    if (entry.is_directory())
      classes[entry.path().filename().string()] = image_files_below(entry.path().string());
    else loose += image::is_image_name(entry.path().string());
  }
  int64_t count = 0;
  for (const auto& [name, files] : classes) count += int64_t(files.size());
  check(count > 0 || loose == 0,
        "folder {} holds {} images but no subfolder with some; each class wants a subfolder: {}/cat/1.jpg",
        root.string(), thousands(loose), root.string());
  check(count > 0, "folder {} holds no images (docs/formats.md) in subfolders", root.string());
  return classes;
}

/// The part of one class that belongs to `split`: one file in ten (at least one of two or more) is for
/// validation.
Files part_of(Files files, Split split, uint64_t seed, uint64_t class_number) {
  Generator random(seed, split_stream | class_number);
  Files shuffled = files;
  for (size_t i = shuffled.size(); i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  const size_t val = files.size() < 2 ? 0 : std::max<size_t>(1, (files.size() + 5) / 10);
  const auto border = shuffled.begin() + int64_t(val);
  Files part = split == Split::val ? Files(shuffled.begin(), border) : Files(border, shuffled.end());
  std::sort(part.begin(), part.end());
  return part;
}

std::shared_ptr<Dataset> open(const std::string& folder, Split split, const OpenOptions& options) {
  FileDataset::Info info{.name = folder, .split = split};
  const bool has_train = fs::is_directory(fs::path(folder) / "train");
  const Classes train = scan(has_train ? fs::path(folder) / "train" : fs::path(folder));
  Classes held_out;
  if (has_train)
    for (const char* name : {"val", "valid", "test"})
      if (held_out.empty() && fs::is_directory(fs::path(folder) / name))
        held_out = scan(fs::path(folder) / name);

  Files all;
  std::vector<FileExample> examples;
  for (const auto& [name, files] : train) {
    if (files.empty()) {
      info.warnings.push_back(fmt::format("class {} has no image and is left out", name));
      continue;
    }
    if (files.size() == 1) info.warnings.push_back(fmt::format("class {} has one image", name));
    all.insert(all.end(), files.begin(), files.end());
    const uint64_t number = info.classes.size();
    info.classes.push_back(name);
    Files part = files;
    if (held_out.empty()) part = part_of(files, split, options.seed, number);
    else if (split == Split::val) part = std::exchange(held_out[name], {});
    for (std::string& path : part) examples.push_back({std::move(path), int64_t(number)});
  }
  if (split == Split::val)
    for (const auto& [name, files] : held_out)
      check(files.empty(), "class {} of the validation images has no training images in {}", name, folder);
  check(!examples.empty(), "{}: no images are left for {}; a class of one image is for training alone",
        folder, name_of(split));
  return std::make_shared<FileDataset>(std::move(info), std::move(examples), survey_files(all, options),
                                       options);
}

}  // namespace

std::shared_ptr<Dataset> open_image_folder(const std::string& folder, Split split,
                                           const OpenOptions& options) {
  try {
    return open(folder, split, options);
  } catch (const fs::filesystem_error& e) {
    fail("cannot read folder {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data

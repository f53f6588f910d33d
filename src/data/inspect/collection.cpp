#include "data/inspect/collection.h"
#include "data/folder_errors.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "data/stored.h"
#include "fovea/files.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

}  // namespace

Collection::Collection(const std::string& what, uint64_t seed) : name_(what) {
  try {
    sets_[0] = open_dataset(what, Split::train, {.seed = seed});
  } catch (const Error& e) {
    if (!is_folder(what)) throw;
    with_folder_errors([&] { list_files(what); });
    check(!files_.empty(), "{}", e.what());
    warnings_.insert(warnings_.begin(), fmt::format("no data set to train on: {}", e.what()));
    return;
  }
  name_ = set(Split::train).name();
  if (set(Split::train).task() == Task::classify) classes_ = set(Split::train).classes();
  warnings_ = set(Split::train).warnings();
  try {
    sets_[1] = open_dataset(what, Split::val, {.seed = seed});
    for (const auto& w : set(Split::val).warnings())
      if (std::find(warnings_.begin(), warnings_.end(), w) == warnings_.end()) warnings_.push_back(w);
  } catch (const Error& e) {
    warnings_.push_back(fmt::format("nothing to validate with: {}", e.what()));
  }
}

void Collection::list_files(const std::string& folder) {
  files_ = image_files_below(folder);
  std::map<std::string, int64_t> others;
  for (auto it = fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink);
       it != fs::recursive_directory_iterator(); ++it) {
    const std::string path = it->path().string();
    if (it->path().filename().string().starts_with('.')) it.disable_recursion_pending();
    else if (it->is_regular_file() && !std::binary_search(files_.begin(), files_.end(), path))
      ++others[it->path().extension().string()];
  }
  std::string list;
  for (const auto& [extension, count] : others)
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", thousands(count),
                        extension.empty() ? "without extension" : extension);
  if (!list.empty()) warnings_.push_back("files that are no images: " + list);
}

int64_t Collection::size(Split split) const {
  if (!sets_[0]) return split == Split::train ? int64_t(files_.size()) : 0;
  return sets_[size_t(split)] ? set(split).size() : 0;
}

std::string Collection::where(Place place) const {
  return sets_[0] ? set(place.split).where(place.index) : files_[size_t(place.index)];
}

int64_t Collection::label(Place place) const {
  return classes_.empty() ? -1 : set(place.split).label(place.index);
}

bool Collection::is_file(Place place) const {
  if (!sets_[0]) return true;
  return !set(place.split).in_memory() && fovea::is_file(where(place));
}

image::Image Collection::picture(Place place) const {
  if (is_file(place)) return image::read(where(place));
  return stored_picture(set(place.split), place.index);
}

std::string Collection::misfit(Place place, std::span<const uint8_t> bytes,
                               const image::Header& header) const {
  if (!sets_[0] || !set(place.split).format()) return "";
  const std::string kind =
      fmt::format("{} {} {} {} {}", int(header.color), header.channels(), int(header.dtype), header.frames,
                  header.thermal || header.slope != 1 || header.intercept != 0);
  {
    const std::lock_guard lock(mutex_);
    if (fitting_.count(kind)) return "";
  }
  try {
    decode_picture(bytes, header.name, *set(place.split).format());
  } catch (const Error& e) {
    return e.what();
  }
  const std::lock_guard lock(mutex_);
  fitting_.insert(kind);
  return "";
}

}  // namespace fovea::data

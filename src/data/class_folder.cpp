#include "data/class_folder.h"
#include "base/file.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

using Files = std::vector<std::string>;
using Classes = std::map<std::string, Files>;  // sorted by name, and so are the files of each

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

Classes scan(const fs::path& root, const FileKindOfClass& kind) {
  Classes classes;
  for (const auto& entry : fs::directory_iterator(root))
    if (!hidden(entry.path()) && entry.is_directory())
      classes[entry.path().filename().string()] = kind.below(entry.path().string());
  const bool any =
      std::any_of(classes.begin(), classes.end(), [](const auto& c) { return !c.second.empty(); });
  const auto loose = any ? 0 : int64_t(kind.below(root.string()).size());
  check(loose == 0, "folder {} holds {} {}s but no subfolder with some; each class wants a subfolder: {}/{}",
        root.string(), thousands(loose), kind.one, root.string(), kind.example);
  check(any, "folder {} holds no {}s ({}) in subfolders", root.string(), kind.one, kind.page);
  return classes;
}

/// The files of one class that belong to `split`.
Files part_of(const Files& files, Split split, const OpenOptions& options, int64_t label) {
  const std::vector<bool> val =
      stratified_split(std::vector<int64_t>(files.size(), label), options.val, options.seed);
  Files part;
  for (size_t i = 0; i < files.size(); ++i)
    if (val[i] == (split == Split::val)) part.push_back(files[i]);
  return part;
}

}  // namespace

ClassFolder scan_classes(const std::string& folder, Split split, const OpenOptions& options,
                         const FileKindOfClass& kind) {
  ClassFolder found{.info = {.name = folder, .split = split}, .examples = {}, .all = {}};
  const bool has_train = is_folder(fs::path(folder) / "train");
  const Classes train = scan(has_train ? fs::path(folder) / "train" : fs::path(folder), kind);
  Classes held_out;
  if (has_train)
    for (const char* name : {"val", "valid", "test"})
      if (held_out.empty() && is_folder(fs::path(folder) / name))
        held_out = scan(fs::path(folder) / name, kind);

  for (const auto& [name, files] : train) {
    std::vector<std::string>& warnings = found.info.warnings;
    if (files.empty()) {
      warnings.push_back(fmt::format("class {} has no {} and is left out", name, kind.one));
      continue;
    }
    if (files.size() == 1) warnings.push_back(fmt::format("class {} has one {}", name, kind.one));
    found.all.insert(found.all.end(), files.begin(), files.end());
    const uint64_t number = found.info.classes.size();
    found.info.classes.push_back(name);
    Files part = files;
    if (held_out.empty()) part = part_of(files, split, options, int64_t(number));
    else if (split == Split::val) part = std::exchange(held_out[name], {});
    for (std::string& path : part) found.examples.push_back({std::move(path), int64_t(number)});
  }
  if (split == Split::val)
    for (const auto& [name, files] : held_out)
      check(files.empty(), "class {} of the validation {}s has no training {}s in {}", name, kind.one,
            kind.one, folder);
  check(!found.examples.empty(), "{}: no {}s are left for {}; a class of one {} is for training alone",
        folder, kind.one, name_of(split), kind.one);
  return found;
}

}  // namespace fovea::data

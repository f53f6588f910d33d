// Models that come with fovea: files named in models/MD5SUMS, as `md5sum` writes and checks it.
#include "base/shipped.h"

#include <algorithm>

#include "base/file.h"
#include "data/md5.h"
#include "fovea/checkpoint.h"

namespace fovea::train {
namespace {

constexpr size_t list_limit = 1 << 20;  // bytes
const std::string ending = ".safetensors";

struct Shipped {
  std::string name, file, md5;
};

/// A line of MD5SUMS: 32 digits, two spaces, the file's name.
Shipped shipped_in(const std::string& line, const std::filesystem::path& folder) {
  constexpr size_t digits = 32, before_name = digits + 2;
  const std::string file = line.size() > before_name ? line.substr(before_name) : "";
  check(file.ends_with(ending) && file.find('/') == file.npos && line.substr(digits, 2) == "  ",
        "{}: '{}' is no line of MD5SUMS", (folder / "MD5SUMS").string(), line);
  return {file.substr(0, file.size() - ending.size()), (folder / file).string(), line.substr(0, digits)};
}

std::vector<Shipped> all_shipped() {
  std::vector<Shipped> all;
  for (const auto& folder : shipped_folders("models", "FOVEA_MODELS")) {
    const std::string list = (folder / "MD5SUMS").string();
    if (!is_file(list)) continue;
    const Bytes bytes = read_file(list, list_limit);
    for (auto at = bytes.begin(); at != bytes.end();) {
      const auto end = std::find(at, bytes.end(), '\n');
      if (at != end) all.push_back(shipped_in(std::string(at, end), folder));
      at = end == bytes.end() ? end : end + 1;
    }
    break;
  }
  return all;
}

}  // namespace

std::vector<std::string> shipped_models() {
  std::vector<std::string> names;
  for (const Shipped& s : all_shipped()) names.push_back(s.name);
  return names;
}

bool names_shipped_model(const std::string& name) {
  return name.find('@') != name.npos && name.find('/') == name.npos && !name.ends_with(ending) &&
         !is_there(name);
}

std::string shipped_model_file(const std::string& name) {
  std::vector<std::string> names;
  for (const Shipped& s : all_shipped()) {
    names.push_back(s.name);
    if (s.name != name) continue;
    check(is_file(s.file), "{} is not there, though MD5SUMS beside it lists it", s.file);
    const std::string md5 = data::md5_of_file(s.file);
    check(md5 == s.md5, "{} is not the file that was shipped: its MD5 sum is {}, not {}. Restore the file",
          s.file, md5, s.md5);
    return s.file;
  }
  check(!names.empty(),
        "no trained models are here to look for {} in: put models/ beside the program or set FOVEA_MODELS to "
        "that folder",
        name);
  const std::string close = nearest(name, names);
  fail("no trained model is called {}{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(names, ", "));
}

}  // namespace fovea::train

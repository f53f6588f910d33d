// Known data sets from their official addresses.
//   data::open_dataset(data::get_dataset("cifar10"), data::Split::train);
// A file is fetched as NAME.part, which a later call continues, checked by its published MD5 sum and renamed;
// what is there and right is not fetched again. Threads: one call for a folder at a time.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fovea::data {

struct GetOptions {
  std::string folder = {};  // below which the set's own folder is made; FOVEA_DATA, else data/, if left out
  /// Takes the place of the official address before the names of the files: "https://host/path" or
  /// "file:///folder"; FOVEA_MIRROR if left out.
  std::string mirror = {};
  /// Told now and then: the file, its bytes so far and in all (0: not known).
  std::function<void(const std::string& file, int64_t done, int64_t total)> progress = {};
};

/// "mnist", "fashion-mnist", "cifar10", "cifar100", "imagenette"
std::vector<std::string> gettable_names();
/// Fetches and unpacks the set; gives its folder, which open_dataset takes. Throws naming the address and
/// what went wrong; a file whose sum is wrong is deleted.
std::string get_dataset(const std::string& name, const GetOptions& options = {});

/// What this build cannot open or fetch, and the Debian package to build again with.
struct MissingPart {
  const char *what, *package;
};
std::vector<MissingPart> missing_parts();

}  // namespace fovea::data

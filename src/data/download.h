// Files from addresses, checked and unpacked.
#pragma once
#include <filesystem>
#include <string>

#include "fovea/get.h"

namespace fovea::data {

/// Fetches what is missing of `path`, by way of PATH.part, unless it is there with this sum. Throws if the
/// sum is wrong in the end; the file is then deleted.
void download(const std::string& url, const std::filesystem::path& path, const std::string& md5,
              const GetOptions& options);
/// Unpacks the files of a .tar.gz below `folder`. Throws if a name in it would leave the folder.
void unpack(const std::filesystem::path& archive, const std::filesystem::path& folder);

}  // namespace fovea::data

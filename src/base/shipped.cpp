#include "base/shipped.h"

#include <cstdlib>

namespace fovea {

namespace fs = std::filesystem;

std::vector<fs::path> shipped_folders(const char* name, const char* variable) {
  std::vector<fs::path> folders;
  if (const char* given = std::getenv(variable); given && *given) folders.emplace_back(given);
  folders.emplace_back(name);
  std::error_code error;
  fs::path at = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (!error) folders.push_back(at.parent_path() / "share/fovea" / name);
  for (int level = 0; level < 4 && at.has_relative_path(); ++level, at = at.parent_path())
    folders.push_back(at / name);
  return folders;
}

}  // namespace fovea

// Where the folders lie that come with the program: data sets and trained models.
#pragma once
#include <filesystem>
#include <vector>

namespace fovea {

/// Folders called `name` that may hold them, nearest first: that of the environment's `variable`, that of the
/// current folder, the installed share, those above the program (a repository).
std::vector<std::filesystem::path> shipped_folders(const char* name, const char* variable);

}  // namespace fovea

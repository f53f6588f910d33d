#pragma once
#include <filesystem>

#include "fovea/error.h"

namespace fovea::data {

/// What `read()` gives; if a folder below cannot be listed, an Error that names it and the system's reason.
template <class Read>
auto with_folder_errors(Read&& read) {
  try {
    return read();
  } catch (const std::filesystem::filesystem_error& e) {
    fail("cannot read {}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace fovea::data

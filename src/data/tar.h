// Tar archives read by place: an index of their files, from the headers alone.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"

namespace fovea::data {

struct TarEntry {
  std::string name;
  int64_t offset = 0, size = 0;  // of the content
};

/// The regular files of a tar archive (ustar, GNU long names, pax paths and sizes) in their order. Throws
/// naming the archive and the place if a header is damaged or a file reaches beyond the end.
std::vector<TarEntry> tar_index(const std::string& archive);
/// The content of one of them.
Bytes read_entry(const std::string& archive, const TarEntry& entry);

}  // namespace fovea::data

#include "data/download.h"

#include <fstream>

#include "base/file.h"
#include "data/fetch.h"
#include "data/md5.h"
#include "data/tar.h"
#include "fovea/error.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t largest_unpacked = size_t{4} << 30;

/// A name in an archive that stays below the folder it is unpacked to.
bool is_inner(const std::string& name) {
  const fs::path path(name);
  if (path.is_absolute()) return false;
  for (const fs::path& step : path)
    if (step == "..") return false;
  return true;
}

}  // namespace

void download(const std::string& url, const fs::path& path, const std::string& md5,
              const GetOptions& options) {
  if (is_there(path) && md5_of_file(path.string()) == md5) return;
  const std::string part = path.string() + ".part";
  std::error_code ignored;
  const auto there = fs::file_size(part, ignored);
  std::ofstream out;
  int64_t done = 0, total = 0;
  const auto tell = [&] {
    if (options.progress) options.progress(path.filename().string(), done, total);
  };
  fetch({.url = url,
         .from = ignored ? 0 : int64_t(there),
         .begin =
             [&](int64_t from) {
               done = from;
               out.open(part,
                        from > 0 ? std::ios::binary | std::ios::app : std::ios::binary | std::ios::trunc);
               check(bool(out), "cannot write {}", part);
             },
         .write =
             [&](std::string_view bytes) {
               out.write(bytes.data(), std::streamsize(bytes.size()));
               check(bool(out), "cannot write {}: is the disk full?", part);
               done += int64_t(bytes.size());
               tell();
             },
         .announce = [&](int64_t all) { total = all, tell(); }});
  out.close();
  const std::string sum = is_there(part) ? md5_of_file(part) : "nothing";
  if (sum != md5) fs::remove(part, ignored);
  check(sum == md5, "{} has the MD5 sum {} and not {}: it was deleted; try again, or another mirror=", url,
        sum, md5);
  fs::rename(part, path);
}

void unpack(const fs::path& archive, const fs::path& folder) {
  const std::string tar = archive.string() + ".tar";
  {
    const Bytes bytes = read_file_gunzip(archive.string(), largest_unpacked);
    write_file(tar, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  for (const TarEntry& entry : tar_index(tar)) {
    check(is_inner(entry.name), "{} holds {}, which would leave the folder", archive.string(), entry.name);
    const fs::path path = folder / entry.name;
    fs::create_directories(path.parent_path());
    const Bytes bytes = read_entry(tar, entry);
    write_file(path.string(), std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  fs::remove(tar);
}

}  // namespace fovea::data

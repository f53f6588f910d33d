// Whole files, safely: bounded reads and atomic writes. Errors name the file and the reason of the system.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

using Bytes = std::vector<uint8_t>;

/// Whether a file, a folder, or either has this name; no where the system cannot say: a name too long, a
/// folder that may not be entered.
bool is_file(const std::string& path);
bool is_folder(const std::string& path);
bool is_there(const std::string& path);

/// The content of `path`; throws if it cannot be read or is larger than `limit`.
Bytes read_file(const std::string& path, size_t limit = size_t{4} << 30);
/// The same into `memory`, which only grows: for many files one after the other.
std::span<const uint8_t> read_file(const std::string& path, Bytes& memory, size_t limit = size_t{4} << 30);
/// Like read_file, but gunzips a file that starts with the gzip magic; `limit` bounds the unpacked size.
Bytes read_file_gunzip(const std::string& path, size_t limit = size_t{4} << 30);
/// Writes to a temporary name beside `path`, syncs, renames: after a crash the old or the new file is there,
/// whole.
void write_file(const std::string& path, std::string_view content);
/// The same for content produced in pieces: `produce` calls its argument with each piece.
void write_file(const std::string& path,
                const std::function<void(const std::function<void(std::string_view)>&)>& produce);

/// Little- and big-endian integers from hostile bytes: every read is bounds-checked and throws naming `what`.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, std::string what) : bytes_(bytes), what_(std::move(what)) {}
  uint8_t u8() { return take(1)[0]; }
  uint16_t u16_le();
  uint32_t u32_le();
  uint64_t u64_le();
  uint32_t u32_be();
  /// The next `n` bytes.
  std::span<const uint8_t> take(size_t n);
  size_t left() const { return bytes_.size() - at_; }
  size_t position() const { return at_; }

 private:
  std::span<const uint8_t> bytes_;
  std::string what_;
  size_t at_ = 0;
};

}  // namespace fovea

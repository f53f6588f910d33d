#include "data/tar.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "fovea/error.h"

namespace fovea::data {
namespace {

constexpr int64_t block = 512, longest_name = 1 << 20, most_entries = 50'000'000;

class File {
 public:
  explicit File(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    check(fd_ >= 0, "cannot open {}: {}", path, std::strerror(errno));
    struct stat info {};
    const bool known = ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
    if (!known) ::close(fd_);
    check(known, "{} is no regular file", path);
    size_ = info.st_size;
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int64_t size() const { return size_; }
  void read(int64_t offset, int64_t n, void* to) const {
    check(offset >= 0 && n >= 0 && n <= size_ && offset <= size_ - n, "{} ends within the file at byte {}",
          path_, offset);
    for (int64_t done = 0; done < n;) {
      const ssize_t got = ::pread(fd_, static_cast<char*>(to) + done, size_t(n - done), offset + done);
      if (got < 0 && errno == EINTR) continue;
      check(got > 0, "cannot read {} at byte {}: {}", path_, offset + done,
            got == 0 ? "it has become shorter" : std::strerror(errno));
      done += got;
    }
  }
  std::string text(int64_t offset, int64_t n) const {
    std::string out(size_t(n), '\0');
    read(offset, n, out.data());
    return out;
  }

 private:
  const std::string& path_;
  int fd_;
  int64_t size_ = 0;
};

using Header = std::array<char, block>;

std::string_view field(const Header& h, size_t at, size_t n) {
  const std::string_view all(h.data() + at, n);
  return all.substr(0, all.find('\0'));
}

/// Octal digits, or big-endian binary after a first byte 0x80 (GNU); -1 if it is neither.
int64_t number(const Header& h, size_t at, size_t n) {
  int64_t value = 0;
  if (uint8_t(h[at]) == 0x80) {
    for (size_t i = at + 1; i < at + n; ++i) {
      if (value >> 54) return -1;
      value = value << 8 | uint8_t(h[i]);
    }
    return value;
  }
  std::string_view text = field(h, at, n);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  return error == std::errc{} && end == text.data() + text.size() ? value : -1;
}

bool sum_is_right(const Header& h) {
  int64_t sum = 8 * ' ';
  for (size_t i = 0; i < h.size(); ++i)
    if (i < 148 || i >= 156) sum += uint8_t(h[i]);
  return number(h, 148, 8) == sum;
}

/// What stands before a file to say more of it.
struct Extra {
  std::string name;
  int64_t size = -1;
};

/// The records "length key=value\n" of a pax header.
void read_pax(std::string_view text, Extra& extra) {
  while (!text.empty()) {
    size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = size_t(end - text.data());
    check(error == std::errc{} && digits < length && length <= text.size() && text[digits] == ' ' &&
              text[length - 1] == '\n',
          "a pax header is damaged");
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const size_t equals = std::min(record.find('='), record.size() - 1);
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") extra.name = value;
    if (key == "size") {
      const auto [last, bad] = std::from_chars(value.data(), value.data() + value.size(), extra.size);
      check(bad == std::errc{} && last == value.data() + value.size() && extra.size >= 0,
            "a pax header is damaged: size={}", value);
    }
    text.remove_prefix(length);
  }
}

}  // namespace

std::vector<TarEntry> tar_index(const std::string& archive) {
  const File file(archive);
  std::vector<TarEntry> entries;
  Extra extra;
  for (int64_t at = 0; at + block <= file.size();) {
    Header h;
    file.read(at, block, h.data());
    if (std::all_of(h.begin(), h.end(), [](char c) { return c == 0; })) break;  // the end
    check(sum_is_right(h), "{}: the header at byte {} is damaged or this is no tar archive", archive, at);
    const char type = h[156];
    int64_t size = number(h, 124, 12);
    const bool file_like = type == '0' || type == '\0' || type == '7';
    if (file_like && extra.size >= 0) size = extra.size;
    check(size >= 0 && size <= file.size() - at - block, "{}: the file at byte {} reaches beyond the end",
          archive, at);
    check(int64_t(entries.size()) < most_entries, "{} holds more than {} files", archive, most_entries);
    if (type == 'L' || type == 'x') {
      check(size <= longest_name, "{}: the header at byte {} has {} bytes", archive, at, size);
      const std::string text = file.text(at + block, size);
      if (type == 'x') read_pax(text, extra);
      else extra.name = text.c_str();
    } else if (file_like) {
      std::string name = extra.name;
      if (name.empty()) name = field(h, 0, 100);
      const bool ustar = std::string_view(h.data() + 257, 5) == "ustar" && h[262] == '\0';
      if (extra.name.empty() && ustar && h[345]) name = std::string(field(h, 345, 155)) + "/" + name;
      entries.push_back({std::move(name), at + block, size});
      extra = {};
    } else if (type != 'g') {
      extra = {};  // folders, links
    }
    at += block + (size + block - 1) / block * block;
  }
  return entries;
}

Bytes read_entry(const std::string& archive, const TarEntry& entry) {
  Bytes bytes(size_t(entry.size));
  File(archive).read(entry.offset, entry.size, bytes.data());
  return bytes;
}

}  // namespace fovea::data

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fovea/error.h"

namespace fovea {
namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

[[noreturn]] void fail_system(const char* what, const std::string& path) {
  const int code = errno;
  fail("{} {}: {}", what, path, std::strerror(code));
}

void write_all(int fd, std::string_view piece, const std::string& path) {
  while (!piece.empty()) {
    const ssize_t n = ::write(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system("cannot write", path);
    piece.remove_prefix(size_t(n));
  }
}

void sync_folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const Descriptor d{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (d.fd >= 0) ::fsync(d.fd);
}

}  // namespace

bool is_file(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode);
}
bool is_folder(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}
bool is_there(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0;
}

std::span<const uint8_t> read_file(const std::string& path, Bytes& memory, size_t limit) {
  const Descriptor d{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (d.fd < 0) fail_system("cannot open", path);
  struct stat info {};
  if (::fstat(d.fd, &info) != 0) fail_system("cannot read", path);
  check(!S_ISDIR(info.st_mode), "cannot read {}: it is a folder", path);
  check(uint64_t(info.st_size) <= limit, "{} has {} bytes, more than the {} allowed here", path,
        uint64_t(info.st_size), limit);
  const size_t room = size_t(info.st_size) + 1;  // one more, to see the end
  if (memory.size() < room) memory.resize(room);
  size_t have = 0;
  for (;;) {
    if (have == memory.size()) memory.resize(have + 65536);
    const ssize_t n = ::read(d.fd, memory.data() + have, memory.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_system("cannot read", path);
    if (n == 0) break;
    have += size_t(n);
    check(have <= limit, "{} has more than the {} bytes allowed here", path, limit);
  }
  return {memory.data(), have};
}

Bytes read_file(const std::string& path, size_t limit) {
  Bytes bytes;
  bytes.resize(read_file(path, bytes, limit).size());
  return bytes;
}

namespace {

/// What the last four bytes of a gzip file promise; some bytes more than nothing where that cannot be.
size_t unpacked_size(const Bytes& packed) {
  constexpr size_t best_ratio = 1032;  // of deflate
  size_t size = 0;
  for (size_t i = 0; i < 4 && i < packed.size(); ++i) size = size << 8 | packed[packed.size() - 1 - i];
  return std::clamp(size, packed.size() + 4096, packed.size() * best_ratio + 4096);
}

}  // namespace

Bytes read_file_gunzip(const std::string& path, size_t limit) {
  Bytes packed = read_file(path, limit);
  if (packed.size() < 2 || packed[0] != 0x1f || packed[1] != 0x8b) return packed;
  z_stream z{};
  check(inflateInit2(&z, 15 + 16) == Z_OK, "cannot unpack {}: zlib does not start", path);
  struct End {
    z_stream* z;
    ~End() { inflateEnd(z); }
  } end{&z};
  z.next_in = packed.data(), z.avail_in = uInt(packed.size());
  Bytes out(std::min(limit, unpacked_size(packed)));
  for (;;) {
    z.next_out = out.data() + z.total_out,
    z.avail_out = uInt(std::min(out.size() - z.total_out, size_t{1} << 30));
    const int status = inflate(&z, Z_NO_FLUSH);
    if (status == Z_STREAM_END) break;
    check(status == Z_OK || (status == Z_BUF_ERROR && z.avail_out == 0),
          "{} is a damaged or truncated gzip file", path);
    if (z.total_out == out.size()) {
      check(out.size() < limit, "{} unpacks to more than the {} bytes allowed here", path, limit);
      out.resize(std::min(limit, out.size() * 2));
    } else {
      check(z.avail_in > 0, "{} is a truncated gzip file", path);
    }
  }
  out.resize(z.total_out);
  return out;
}

void write_file(const std::string& path,
                const std::function<void(const std::function<void(std::string_view)>&)>& produce) {
  static std::atomic<int> counter{0};
  const std::string temporary = fmt::format("{}.tmp{}.{}", path, ::getpid(), counter++);
  Descriptor d{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)};
  if (d.fd < 0) fail_system("cannot write", path);
  try {
    produce([&](std::string_view piece) { write_all(d.fd, piece, path); });
    if (::fsync(d.fd) != 0) fail_system("cannot write", path);
    if (::close(std::exchange(d.fd, -1)) != 0) fail_system("cannot write", path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_system("cannot write", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder_of(path);
}

void write_file(const std::string& path, std::string_view content) {
  write_file(path, [&](const auto& piece) { piece(content); });
}

std::span<const uint8_t> Reader::take(size_t n) {
  check(n <= left(), "{} is truncated: {} bytes wanted at byte {}, {} left", what_, n, at_, left());
  at_ += n;
  return bytes_.subspan(at_ - n, n);
}

uint16_t Reader::u16_le() {
  const auto b = take(2);
  return uint16_t(b[0] | b[1] << 8);
}

uint32_t Reader::u32_le() {
  const uint32_t low = u16_le();
  return low | uint32_t(u16_le()) << 16;
}

uint64_t Reader::u64_le() {
  const uint64_t low = u32_le();
  return low | uint64_t(u32_le()) << 32;
}

uint32_t Reader::u32_be() {
  const auto b = take(4);
  return uint32_t(b[0]) << 24 | uint32_t(b[1]) << 16 | uint32_t(b[2]) << 8 | b[3];
}

}  // namespace fovea

#include "video/pieces.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "fovea/error.h"

namespace fovea::video {

Pieces::Pieces(const std::string& path) : name_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  check(fd_ >= 0, "cannot open {}: {}", path, std::strerror(errno));
  struct stat info {};
  const bool known = ::fstat(fd_, &info) == 0;
  if (known && S_ISREG(info.st_mode)) {
    size_ = size_t(info.st_size);
    return;
  }
  ::close(fd_);
  fail("{} is no file", path);
}

Pieces::~Pieces() {
  if (fd_ >= 0) ::close(fd_);
}

Bytes Pieces::read(size_t at, size_t n) const {
  Bytes bytes(at < size() ? std::min(n, size() - at) : 0);
  bytes.resize(read(at, std::span(bytes)));
  return bytes;
}

size_t Pieces::read(size_t at, std::span<uint8_t> to) const {
  const size_t n = at < size() ? std::min(to.size(), size() - at) : 0;
  if (memory_.data()) {
    std::copy_n(memory_.data() + at, n, to.data());
    return n;
  }
  size_t have = 0;
  while (have < n) {
    const ssize_t got = ::pread(fd_, to.data() + have, n - have, off_t(at + have));
    if (got < 0 && errno == EINTR) continue;
    check(got >= 0, "cannot read {}: {}", name_, std::strerror(errno));
    if (got == 0) break;  // the file became shorter
    have += size_t(got);
  }
  return have;
}

}  // namespace fovea::video

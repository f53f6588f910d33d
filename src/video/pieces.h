// A file that is read in pieces where they are wanted, or bytes in memory that behave as one.
#pragma once
#include <span>
#include <string>

#include "base/file.h"

namespace fovea::video {

class Pieces {
 public:
  explicit Pieces(const std::string& path);
  /// *Requires* that the bytes outlive this.
  Pieces(std::span<const uint8_t> bytes, std::string name) : name_(std::move(name)), memory_(bytes) {}
  ~Pieces();
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  const std::string& name() const { return name_; }
  size_t size() const { return memory_.data() ? memory_.size() : size_; }
  /// The `n` bytes from `at` on; fewer at the end of the file.
  Bytes read(size_t at, size_t n) const;
  /// The same into `to`; how many there were.
  size_t read(size_t at, std::span<uint8_t> to) const;
  Bytes all() const { return read(0, size()); }

 private:
  std::string name_;
  std::span<const uint8_t> memory_;
  size_t size_ = 0;
  int fd_ = -1;
};

}  // namespace fovea::video

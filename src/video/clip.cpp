#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "video/stream.h"

namespace fovea::video {

std::vector<int64_t> uniform_frames(int64_t count, int64_t n) {
  check(count > 0 && n > 0, "{} of {} frames are none", n, count);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < n; ++i) indices.push_back((2 * i + 1) * count / (2 * n));
  return indices;
}

std::vector<int64_t> strided_frames(int64_t count, int64_t n, int64_t stride, int64_t first) {
  check(count > 0 && n > 0, "{} of {} frames are none", n, count);
  check(stride > 0 && first >= 0 && first < count, "no clip of {} frames starts at {} with stride {}", count,
        first, stride);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < n; ++i)
    indices.push_back(i > (count - 1 - first) / stride ? count - 1 : first + i * stride);
  return indices;
}

Tensor read_frames(Reader& reader, std::span<const int64_t> indices) {
  check(!indices.empty(), "{}: no frames are asked for", reader.header().name);
  const Header& header = reader.header();
  const int64_t each = header.frame_shape().numel() * int64_t(size_of(header.dtype));
  check(double(each) * double(indices.size()) <= double(reader.options().limits.bytes),
        "{}: {} frames take {} bytes, more than the limit {} (FOVEA_MAX_BYTES or Options::limits raises it)",
        header.name, indices.size(), thousands(each * int64_t(indices.size())),
        thousands(reader.options().limits.bytes));
  const Tensor clip =
      Tensor::empty({int64_t(indices.size()), header.height, header.width, header.channels}, header.dtype);
  Frame frame;
  for (size_t i = 0; i < indices.size(); ++i) {
    if (i == 0 || indices[i] != indices[i - 1]) frame = reader.frame(indices[i]);
    std::memcpy(static_cast<char*>(clip.raw()) + i * size_t(each), frame.pixels.raw(), size_t(each));
  }
  return clip;
}

std::vector<int64_t> ClipSampler::indices(int64_t count, Generator& generator) const {
  if (start == Start::uniform) return uniform_frames(count, frames);
  const int64_t room = std::max<int64_t>(0, count - 1 - (frames - 1) * stride);
  const int64_t begin = start == Start::first ? 0 : int64_t(generator.below(uint64_t(room) + 1));
  return strided_frames(count, frames, stride, begin);
}

Tensor ClipSampler::sample(Reader& reader, Generator& generator) const {
  return read_frames(reader, indices(reader.count(), generator));
}

}  // namespace fovea::video

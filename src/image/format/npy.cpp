// A NumPy array as an image: (H,W), (H,W,C) or (frames,H,W,C); three dimensions whose last is more than the
// limit of channels are (frames,H,W).
#include "fovea/npy.h"

#include "image/samples.h"

namespace fovea::image {
namespace {

/// The array as (frames, H, W, C).
Tensor frames_in(const Source& source) {
  Tensor t = decode_npy(source.bytes, source.name);
  const int rank = t.rank();
  check(rank >= 2 && rank <= 4 && t.numel() > 0, "{}: an image is an array of 2 to 4 dimensions, not {}",
        source.name, t.describe());
  if (t.dtype() == boolean) {  // a mask
    t = t.to(u8);
    for (int64_t i = 0; i < t.numel(); ++i) t.data<uint8_t>()[i] = t.data<uint8_t>()[i] ? 255 : 0;
  }
  if (rank == 2) return t.reshape({1, t.size(0), t.size(1), 1});
  if (rank == 4) return t;
  const bool stack = t.size(2) > source.options.limits.channels;
  return stack ? t.reshape({t.size(0), t.size(1), t.size(2), 1})
               : t.reshape({1, t.size(0), t.size(1), t.size(2)});
}

/// An array knows no alpha: two and four channels are without colour.
ColorModel color_of(int64_t channels) {
  return channels == 1 ? ColorModel::gray : channels == 3 ? ColorModel::rgb : ColorModel::many;
}

Image frame_of(const Source& source, const Tensor& frames, int64_t index) {
  Image image(frames.select(0, index).clone(), color_of(frames.size(3)));
  const Tensor pixels = image.pixels;
  Header header = header_of(source, "npy");
  header.color = image.color, header.dtype = image.dtype, header.depth = image.depth,
  header.shape = image.shape;
  header.frames = frames.size(0), header.frame = index;
  static_cast<Header&>(image) = std::move(header);
  return image;
}

std::vector<Image> decode_array(const Source& source) {
  const Tensor frames = frames_in(source);
  const Range range = frames_of(source, frames.size(0));
  std::vector<Image> out;
  for (int64_t i = range.first; i < range.first + range.count; ++i) {
    out.push_back(frame_of(source, frames, i));
    if (i == range.first) check_plausible(source, out[0]);
  }
  return out;
}

Header probe_array(const Source& source) { return std::move(decode_array(source).at(0)); }

bool matches(View8 b) { return b.size() >= 6 && std::memcmp(b.data(), "\x93NUMPY", 6) == 0; }

Bytes encode_array(const Image& image, int) { return encode_npy(image.pixels); }

}  // namespace

const Codec npy_codec{"npy", {"npy"}, matches, probe_array, decode_array, encode_array};

}  // namespace fovea::image

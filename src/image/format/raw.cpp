// A bare table of pixels, as cameras and simulations dump it: the caller tells what a header would.
#include "image/samples.h"

namespace fovea::image {

Image read_raw(const std::string& path, const RawLayout& layout, const ReadOptions& options) {
  const Bytes bytes = read_file(path);
  const Source source{bytes, path, options};
  Sample sample = sample_named(layout.dtype, "raw");
  sample.big_endian = layout.big_endian;
  const double needed = double(layout.width) * double(layout.height) * double(layout.channels) * sample.bytes;
  check(layout.width > 0 && layout.height > 0 && layout.channels > 0 && needed < 1e15,
        "{}: a raw table wants width, height and channels above 0, not {} x {} x {}", path, layout.width,
        layout.height, layout.channels);
  const int64_t frame_bytes = int64_t(needed), left = int64_t(bytes.size()) - layout.offset;
  check(layout.offset >= 0 && left > 0 && left % frame_bytes == 0,
        "{}: {} x {} pixels of {} {} want {} bytes or a multiple, but {} follow byte {}", path, layout.width,
        layout.height, layout.channels, layout.dtype, frame_bytes, left, layout.offset);
  Image image;
  Header& header = image;
  header = header_of(source, "raw");
  header.color = Image(Tensor::empty({1, 1, layout.channels}, u8)).color;
  header.dtype = dtype_of(sample), header.depth = 8 * sample.bytes;
  header.shape = {layout.height, layout.width, layout.channels};
  header.frames = left / frame_bytes;
  check_plausible(source, header);
  const View8 frame =
      View8(bytes).subspan(size_t(layout.offset + options.frame * frame_bytes), size_t(frame_bytes));
  if (layout.planar)
    image.pixels =
        interleaved(tensor_from(frame, {layout.channels, layout.height, layout.width}, sample, path));
  else image.pixels = tensor_from(frame, header.shape, sample, path);
  return image;
}

}  // namespace fovea::image

// Kinds of JPEG that libjpeg does not read: lossless ones, and those of 12 bits. DCMTK does.
#include <algorithm>

#include "image/format/dicom_frames.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

/// What the start-of-frame marker tells; a process of 0xff if there is none.
struct JpegFrame {
  int process = 0xff;  // 0, 1, 2: sequential and progressive Huffman; 3: lossless; 9, 10: arithmetic
  int precision = 0, channels = 0;
  bool rgb = false;  // not YCbCr: by the names of its components, or by Adobe's mark
  int64_t height = 0, width = 0;
};

JpegFrame jpeg_frame(View8 b) {
  bool rgb = false;
  for (size_t i = 2; i + 10 <= b.size() && b[i] == 0xff;) {
    const int marker = b[i + 1];
    if (marker == 0xff) {
      ++i;
      continue;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      rgb |= i + 17 <= b.size() && b[i + 10] == 'R' && b[i + 13] == 'G' && b[i + 16] == 'B';
      return {marker - 0xc0, b[i + 4], b[i + 9], rgb, b[i + 5] << 8 | b[i + 6], b[i + 7] << 8 | b[i + 8]};
    }
    if (marker == 0xee && starts_with(b, "Adobe", i + 4) && i + 16 <= b.size()) rgb = b[i + 15] == 0;
    i += 2 + size_t(b[i + 2] << 8 | b[i + 3]);
  }
  return {};
}

/// JFIF's YCbCr; lossless files hold RGB.
void ycc_to_rgb(const Tensor& t, int precision) {
  const double middle = 1 << (precision - 1), top = (1 << precision) - 1;
  const auto clip = [&](double v) { return uint16_t(std::clamp(v + 0.5, 0.0, top)); };
  uint16_t* p = t.data<uint16_t>();
  for (int64_t i = 0; i < t.numel(); i += 3, p += 3) {
    const double y = p[0], b = p[1] - middle, r = p[2] - middle;
    p[0] = clip(y + 1.402 * r), p[1] = clip(y - 0.344136 * b - 0.714136 * r), p[2] = clip(y + 1.772 * b);
  }
}

}  // namespace

bool jpeg_needs_dcmtk(View8 bytes) {
  const JpegFrame frame = jpeg_frame(bytes);
  return frame.process == 3 || (frame.process <= 2 && frame.precision == 12);
}

int jpeg_precision(View8 bytes) {
  const JpegFrame frame = jpeg_frame(bytes);
  return frame.process <= 2 || frame.process == 9 || frame.process == 10 ? frame.precision : 0;
}

Image decode_deep_jpeg(const Source& source) {
  const JpegFrame frame = jpeg_frame(source.bytes);
  Header header = header_of(source, "jpeg");
  header.frames = 1, header.frame = 0, header.depth = frame.precision;
  header.shape = {frame.height, frame.width, frame.channels};
  header.color = frame.channels == 1   ? ColorModel::gray
                 : frame.channels == 3 ? ColorModel::rgb
                                       : ColorModel::many;
  header.dtype = frame.precision > 8 ? u16 : u8;
  header.entries.emplace_back("process", frame.process == 3 ? "lossless" : "12 bits");
  check_plausible(source, header, 64);
  DicomLayout layout;
  layout.rows = frame.height, layout.columns = frame.width, layout.samples = frame.channels;
  layout.allocated = frame.precision > 8 ? 16 : 8, layout.stored = frame.precision,
  layout.high_bit = frame.precision - 1;
  layout.photometric = frame.channels == 3 ? "RGB" : "MONOCHROME2";
  const char* const syntax = frame.process == 3 ? "1.2.840.10008.1.2.4.57" : "1.2.840.10008.1.2.4.51";
  const Bytes raw = frame_by_dcmtk(source.bytes, layout, syntax, source.name);
  Image image;
  static_cast<Header&>(image) = header;
  image.pixels = tensor_from(
      raw, header.shape,
      {Sample::unsigned_integer, layout.allocated / 8, std::endian::native == std::endian::big}, source.name);
  if (frame.process != 3 && frame.channels == 3 && !frame.rgb) ycc_to_rgb(image.pixels, frame.precision);
  return image;
}

}  // namespace fovea::image

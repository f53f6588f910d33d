#include <algorithm>

#include "image/format/dicom_frames.h"
#include "image/format/jpeg_library.h"
#include "image/part.h"

namespace fovea::image {
namespace {

/// What lies at `box` of the upright picture, in the picture (height, width) as it is stored.
Box stored_box(const Box& box, int orientation, int64_t height, int64_t width) {
  Box b = box;
  const int64_t upright_height = orientation >= 5 ? width : height,
                upright_width = orientation >= 5 ? height : width;
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
    b.top = upright_height - b.top - b.height;
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
    b.left = upright_width - b.left - b.width;
  if (orientation >= 5) std::swap(b.top, b.left), std::swap(b.height, b.width);
  return b;
}

/// What lies at `box` of the stored picture, in the upright one of (height, width).
Box upright_box(Box b, int orientation, int64_t height, int64_t width) {
  if (orientation >= 5) std::swap(b.top, b.left), std::swap(b.height, b.width);
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
    b.left = width - b.left - b.width;
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
    b.top = height - b.top - b.height;
  return b;
}

/// `box` and `border` more columns on both sides, as far as there are some.
Box widened(const Box& box, int64_t border, int64_t width) {
  const int64_t left = std::max<int64_t>(0, box.left - border);
  return {box.top, left, box.height, std::min(width, box.left + box.width + border) - left};
}

}  // namespace

class PartReader::Impl {
 public:
  Impl() {
    info_.err = set_up(errors_);
    info_.client_data = &failure_;
    progress_.progress_monitor = limit_scans;
    guarded(failure_, "JPEG", "cannot start the decoder", [&] { jpeg_create_decompress(&info_); });
    info_.progress = &progress_;
    jpeg_save_markers(&info_, exif_marker, 0xffff);
  }

  bool open(std::span<const uint8_t> bytes, const std::string& name) {
    if (bytes.size() < 3 || bytes[0] != 0xff || bytes[1] != 0xd8 || bytes[2] != 0xff ||
        jpeg_needs_dcmtk(bytes))
      return false;
    name_ = name;
    try {
      return read_header(bytes);
    } catch (const Error&) {  // decode() says what is wrong
      return false;
    }
  }

  Part read(const Box& box, int64_t shrink);

  Header header;

 private:
  template <class F>
  void guard(F&& f) {
    guarded(failure_, name_, "damaged or unsupported JPEG file", f);
  }
  bool read_header(std::span<const uint8_t> bytes);
  Tensor rows_for(int64_t height, int64_t width);

  std::string name_;
  Failure failure_;
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  Decompressor info_;
  Tensor memory_;  // u8, as large as the largest part so far
};

bool PartReader::Impl::read_header(std::span<const uint8_t> bytes) {
  failure_.warning[0] = 0;
  guard([&] {
    jpeg_abort_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info_, TRUE);
  });
  if (info_.out_color_space != JCS_GRAYSCALE && info_.out_color_space != JCS_RGB) return false;
  if (info_.data_precision != 8) return false;
  const ReadOptions options;
  const Source source{bytes, name_, options};
  header = header_of(source, "jpeg");
  header.color = info_.out_color_space == JCS_RGB ? ColorModel::rgb : ColorModel::gray;
  header.shape = {info_.image_height, info_.image_width, channels_of(header.color)};
  check_plausible(source, header, info_.arith_code ? 32768 : 512);
  for (auto* m = info_.marker_list; m; m = m->next)
    if (m->data_length > 6 && std::string_view(reinterpret_cast<const char*>(m->data), 4) == "Exif")
      header.orientation = exif_orientation({m->data + 6, m->data_length - 6});
  return true;
}

/// A table (height, width, channels) in the memory that is kept.
Tensor PartReader::Impl::rows_for(int64_t height, int64_t width) {
  const int64_t bytes = height * width * header.channels();
  if (!memory_ || memory_.numel() < bytes) memory_ = Tensor::empty({bytes + bytes / 4}, u8);
  return memory_.narrow(0, 0, bytes).reshape({height, width, header.channels()});
}

Part PartReader::Impl::read(const Box& box, int64_t shrink) {
  check(box.top >= 0 && box.left >= 0 && box.height > 0 && box.width > 0, "{}: the part {} x {} at {}, {}",
        name_, box.height, box.width, box.top, box.left);
  const int64_t full_height = header.height(), full_width = header.width();
  const Box stored = stored_box(box, header.orientation, full_height, full_width);
  check(stored.top + stored.height <= full_height && stored.left + stored.width <= full_width,
        "{}: the part {} x {} at {}, {} lies outside of the picture", name_, box.height, box.width, box.top,
        box.left);
  // Colours stored at half the width are interpolated from their neighbours. (For rows the library sees to
  // it.)
  const Box wide = widened(stored, 2 * shrink, full_width);
  const int64_t top = wide.top / shrink, bottom = (wide.top + wide.height + shrink - 1) / shrink;
  JDIMENSION left = JDIMENSION(wide.left / shrink),
             width = JDIMENSION((wide.left + wide.width + shrink - 1) / shrink) - left;
  info_.scale_num = 1, info_.scale_denom = static_cast<unsigned int>(shrink);
  guard([&] {
    jpeg_start_decompress(&info_);
    jpeg_crop_scanline(&info_, &left, &width);
  });
  const Tensor pixels = rows_for(bottom - top, int64_t(info_.output_width));
  uint8_t* const data = pixels.data<uint8_t>();
  const size_t stride = size_t(pixels.size(1) * pixels.size(2));
  guard([&] {
    if (top > 0) jpeg_skip_scanlines(&info_, JDIMENSION(top));
    while (int64_t(info_.output_scanline) < bottom) {
      JSAMPROW row = data + size_t(int64_t(info_.output_scanline) - top) * stride;
      jpeg_read_scanlines(&info_, &row, 1);
    }
  });
  Part part{pixels, top * shrink, int64_t(left) * shrink, shrink};
  if (header.orientation == 1) return part;
  // The part reaches beyond the last pixel by less than `shrink`; from the far side it then begins before 0.
  const bool turns = header.orientation >= 5;
  const Box turned =
      upright_box({part.top, part.left, pixels.size(0) * shrink, pixels.size(1) * shrink}, header.orientation,
                  turns ? full_width : full_height, turns ? full_height : full_width);
  Image image(pixels, header.color);
  image.orientation = header.orientation;
  return {upright(image), turned.top, turned.left, shrink};
}

PartReader::PartReader() : impl_(std::make_unique<Impl>()) {}
PartReader::~PartReader() = default;
PartReader::PartReader(PartReader&&) noexcept = default;
PartReader& PartReader::operator=(PartReader&&) noexcept = default;

bool PartReader::open(std::span<const uint8_t> bytes, const std::string& name) {
  return impl_->open(bytes, name);
}
int64_t PartReader::height() const { return impl_->header.shape[impl_->header.orientation >= 5 ? 1 : 0]; }
int64_t PartReader::width() const { return impl_->header.shape[impl_->header.orientation >= 5 ? 0 : 1]; }
ColorModel PartReader::color() const { return impl_->header.color; }
Part PartReader::read(const Box& box, int64_t shrink) { return impl_->read(box, shrink); }

}  // namespace fovea::image

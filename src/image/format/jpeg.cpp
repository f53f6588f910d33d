// JPEG through libjpeg-turbo.
#include <fmt/ranges.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "image/format/dicom_frames.h"
#include "image/format/flir.h"
#include "image/format/jpeg_library.h"
#include "image/format/mpo.h"

namespace fovea::image {
namespace {

class JpegReader {
 public:
  explicit JpegReader(const Source& source, bool convert = true)
      : source_(source), header_(header_of(source, "jpeg")) {
    info_.err = set_up(errors_);
    info_.client_data = &failure_;
    progress_.progress_monitor = limit_scans;
    guard([&] {
      jpeg_create_decompress(&info_);
      info_.progress = &progress_;
      jpeg_mem_src(&info_, source_.bytes.data(), static_cast<unsigned long>(source_.bytes.size()));
      jpeg_save_markers(&info_, JPEG_COM, 0xffff);
      jpeg_save_markers(&info_, exif_marker, 0xffff);
      jpeg_save_markers(&info_, icc_marker, 0xffff);
      jpeg_read_header(&info_, TRUE);
      if (!convert) info_.out_color_space = info_.jpeg_color_space = stored_colors();
    });
    describe();
  }

  const Header& header() const { return header_; }

  Image decode() {
    // Huffman codes take at least one bit per block of 64 pixels; the arithmetic coder packs blank pictures
    // without end.
    check_plausible(source_, header_, info_.arith_code ? 32768 : 512);
    Image image;
    image.pixels = Tensor::empty(header_.shape, u8);
    uint8_t* const pixels = image.pixels.data<uint8_t>();
    const size_t row_bytes = size_t(header_.shape[1] * header_.shape[2]);
    guard([&] {
      jpeg_start_decompress(&info_);
      while (info_.output_scanline < info_.output_height) {
        JSAMPROW row = pixels + info_.output_scanline * row_bytes;
        jpeg_read_scanlines(&info_, &row, 1);
      }
      jpeg_finish_decompress(&info_);
    });
    // Adobe's programs store CMYK inverted and mark it as theirs.
    if (header_.color == ColorModel::cmyk && info_.saw_Adobe_marker)
      for (int64_t i = 0; i < image.pixels.numel(); ++i) pixels[i] = uint8_t(255 - pixels[i]);
    if (failure_.warning[0]) header_.entries.emplace_back("warning", failure_.warning);
    static_cast<Header&>(image) = header_;
    return image;
  }

 private:
  template <class F>
  void guard(F&& f) {
    guarded(failure_, header_.name, "damaged or unsupported JPEG file", f);
  }

  void describe();
  void describe_markers();
  std::string subsampling() const;
  /// For those who know better than the file what its colours are.
  J_COLOR_SPACE stored_colors() const {
    return info_.num_components == 3   ? JCS_RGB
           : info_.num_components == 1 ? JCS_GRAYSCALE
                                       : info_.jpeg_color_space;
  }

  const Source& source_;
  Header header_;
  Failure failure_;
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  Decompressor info_;
};

void JpegReader::describe() {
  switch (info_.out_color_space) {
    case JCS_GRAYSCALE:
      header_.color = ColorModel::gray;
      break;
    case JCS_RGB:
      header_.color = ColorModel::rgb;
      break;
    case JCS_CMYK:
      header_.color = ColorModel::cmyk;
      break;
    default:
      header_.color = ColorModel::many;
  }
  header_.depth = info_.data_precision;
  const bool many = header_.color == ColorModel::many;
  header_.shape = {info_.image_height, info_.image_width,
                   many ? info_.num_components : channels_of(header_.color)};
  auto& entries = header_.entries;
  entries.emplace_back("process",
                       fmt::format("{}, {} coding", info_.progressive_mode ? "progressive" : "sequential",
                                   info_.arith_code ? "arithmetic" : "Huffman"));
  constexpr const char* spaces[]{"unknown", "gray", "RGB", "YCbCr", "CMYK", "YCCK"};
  entries.emplace_back("stored as",
                       fmt::format("{}{}", spaces[std::min<int>(info_.jpeg_color_space, 5)], subsampling()));
  if (info_.saw_JFIF_marker) {
    entries.emplace_back("JFIF", fmt::format("{}.{:02}", info_.JFIF_major_version, info_.JFIF_minor_version));
    if (info_.density_unit == 0)
      entries.emplace_back("pixel aspect", fmt::format("{}:{}", info_.X_density, info_.Y_density));
    else
      entries.emplace_back("resolution", fmt::format("{} x {} dots per {}", info_.X_density, info_.Y_density,
                                                     info_.density_unit == 1 ? "inch" : "cm"));
  }
  if (info_.saw_Adobe_marker)
    entries.emplace_back("Adobe", fmt::format("colour transform {}", info_.Adobe_transform));
  if (info_.restart_interval)
    entries.emplace_back("restart interval", fmt::format("{} blocks", info_.restart_interval));
  describe_markers();
}

std::string JpegReader::subsampling() const {
  if (info_.num_components < 3) return "";
  const auto& first = info_.comp_info[0];
  const auto& second = info_.comp_info[1];
  if (second.h_samp_factor != 1 || second.v_samp_factor != 1)
    return fmt::format(", {}x{} samples to {}x{}", first.h_samp_factor, first.v_samp_factor,
                       second.h_samp_factor, second.v_samp_factor);
  const int h = first.h_samp_factor, v = first.v_samp_factor;
  if ((h != 1 && h != 2 && h != 4) || v > 2) return fmt::format(", {}x{} samples to 1x1", h, v);
  return fmt::format(" 4:{}:{}", 4 / h, v == 1 ? 4 / h : 0);
}

void JpegReader::describe_markers() {
  for (auto* m = info_.marker_list; m; m = m->next) {
    const View8 data(m->data, m->data_length);
    const std::string_view text(reinterpret_cast<const char*>(m->data), m->data_length);
    if (m->marker == JPEG_COM) {
      header_.entries.emplace_back("comment", printable(text));
    } else if (m->marker == exif_marker && text.starts_with(std::string_view("Exif\0\0", 6))) {
      header_.orientation = exif_orientation(data.subspan(6));
      header_.entries.emplace_back("Exif", fmt::format("{} bytes", m->original_length));
    } else if (m->marker == icc_marker && text.starts_with("ICC_PROFILE") && text.size() >= 14) {
      header_.entries.emplace_back(
          "ICC profile", fmt::format("part {} of {}, {} bytes", data[12], data[13], m->original_length - 14));
    }
  }
  JOCTET* profile = nullptr;
  unsigned int bytes = 0;
  guard([&] { jpeg_read_icc_profile(&info_, &profile, &bytes); });
  if (!profile) return;
  const std::unique_ptr<JOCTET, void (*)(void*)> owner(profile, std::free);
  header_.icc.assign(profile, profile + bytes);
}

class JpegWriter {
 public:
  explicit JpegWriter(const std::string& name) : name_(name) {
    info_.err = set_up(errors_);
    info_.client_data = &failure_;
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&info_);
    std::free(buffer_);
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  Bytes encode(const Tensor& pixels, J_COLOR_SPACE space, int quality, const Bytes& icc) {
    uint8_t* const data = pixels.data<uint8_t>();
    const size_t row_bytes = size_t(pixels.size(1) * pixels.size(2));
    guarded(failure_, name_, "cannot encode as JPEG", [&] {
      jpeg_create_compress(&info_);
      jpeg_mem_dest(&info_, &buffer_, &size_);
      info_.image_width = JDIMENSION(pixels.impl().shape[1]);
      info_.image_height = JDIMENSION(pixels.impl().shape[0]);
      info_.input_components = int(pixels.impl().shape[2]);
      info_.in_color_space = space;
      jpeg_set_defaults(&info_);
      jpeg_set_quality(&info_, quality, TRUE);
      info_.optimize_coding = TRUE;
      jpeg_start_compress(&info_, TRUE);
      if (!icc.empty()) jpeg_write_icc_profile(&info_, icc.data(), static_cast<unsigned int>(icc.size()));
      while (info_.next_scanline < info_.image_height) {
        JSAMPROW row = data + info_.next_scanline * row_bytes;
        jpeg_write_scanlines(&info_, &row, 1);
      }
      jpeg_finish_compress(&info_);
    });
    return Bytes(buffer_, buffer_ + size_);
  }

 private:
  std::string name_;
  Failure failure_;
  jpeg_error_mgr errors_{};
  jpeg_compress_struct info_{};
  unsigned char* buffer_ = nullptr;
  unsigned long size_ = 0;
};

bool matches(View8 b) { return b.size() >= 3 && b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff; }

/// The pictures of a file: one, those of an index, or the picture and the raw counts of an infrared camera.
class JpegFile {
  /// read(picture i as a file of its own).
  template <class F>
  auto picture(int64_t i, F&& read) const {
    ReadOptions options = source_.options;
    options.frame = 0;
    if (i == 0) return read(Source{source_.bytes, source_.name, options});
    const std::string name = fmt::format("{} (picture {})", source_.name, i);
    return read(Source{index_.pictures[size_t(i)], name, options});
  }

 public:
  explicit JpegFile(const Source& source) : source_(source) {
    if (const Bytes flir = flir_data(source.bytes); !flir.empty()) counts_ = flir_picture(source, flir);
    if (!counts_) index_ = multi_picture(source.bytes);
  }

  int64_t frames() const { return counts_ ? 2 : std::max<int64_t>(1, int64_t(index_.pictures.size())); }

  Image frame(int64_t i) const {
    Image image = counts_ && i == 1 ? *counts_ : picture(i, [](const Source& source) {
      return jpeg_needs_dcmtk(source.bytes) ? decode_deep_jpeg(source) : JpegReader(source).decode();
    });
    describe(image, i);
    return image;
  }

  Header header(int64_t i) const {
    if (counts_ && i == 1) return frame(i);
    Header header = picture(i, [](const Source& source) {
      return jpeg_needs_dcmtk(source.bytes) ? Header(decode_deep_jpeg(source)) : JpegReader(source).header();
    });
    describe(header, i);
    return header;
  }

 private:
  void describe(Header& header, int64_t i) const {
    header.name = source_.name, header.file_bytes = source_.bytes.size();
    header.frames = frames(), header.frame = i;
    if (!index_.warning.empty()) header.entries.emplace_back("warning", index_.warning);
    if (!index_.kinds.empty())
      header.entries.emplace_back("pictures", fmt::format("{}", fmt::join(index_.kinds, ", ")));
  }

  const Source& source_;
  std::optional<Image> counts_;
  MultiPicture index_;
};

std::vector<Image> decode_jpeg(const Source& source) {
  const JpegFile file(source);
  const Range range = frames_of(source, file.frames());
  std::vector<Image> out;
  int64_t bytes = 0;
  for (int64_t i = range.first; i < range.first + range.count; ++i) {
    const Image& image = out.emplace_back(file.frame(i));
    bytes += image.pixels.numel() * size_of(image.pixels.dtype());
    check(bytes <= source.options.limits.bytes,
          "{}: its pictures take more than the limit of {} bytes (FOVEA_MAX_BYTES or ReadOptions::limits "
          "raises it)",
          source.name, source.options.limits.bytes);
  }
  return out;
}

Header probe_jpeg(const Source& source) {
  const JpegFile file(source);
  return file.header(frames_of(source, file.frames()).first);
}

Bytes encode_jpeg(const Image& image, int quality) {
  const std::string name = image.name.empty() ? "image" : image.name;
  check(image.pixels.dtype() == u8,
        "{}: JPEG holds 8 bits per sample, not {}; convert with to_u8 or write a PNG", name,
        image.pixels.describe());
  check(image.width() <= JPEG_MAX_DIMENSION && image.height() <= JPEG_MAX_DIMENSION,
        "{}: JPEG holds at most {} pixels per side, not {} x {}", name, JPEG_MAX_DIMENSION, image.width(),
        image.height());
  if (image.color == ColorModel::gray)
    return JpegWriter(name).encode(image.pixels, JCS_GRAYSCALE, quality, image.icc);
  if (image.color == ColorModel::rgb)
    return JpegWriter(name).encode(image.pixels, JCS_RGB, quality, image.icc);
  check(image.color == ColorModel::cmyk,
        "{}: JPEG has no {}; drop the alpha channel with to_rgb or to_gray, or write a PNG", name,
        image::name_of(image.color));
  const Tensor inverted =
      image.pixels.clone();  // libjpeg marks CMYK as Adobe's, whose readers expect it inverted
  for (int64_t i = 0; i < inverted.numel(); ++i) inverted.data<uint8_t>()[i] ^= 255;
  return JpegWriter(name).encode(inverted, JCS_CMYK, quality, image.icc);
}

}  // namespace

Image decode_jpeg_colors(const Source& source, bool convert) { return JpegReader(source, convert).decode(); }

const Codec jpeg_codec{"jpeg",          {"jpg", "jpeg", "jpe", "jfif", "mpo"},
                       matches,         probe_jpeg,
                       decode_jpeg,     encode_jpeg,
                       "libjpeg-turbo", "libjpeg-dev"};

}  // namespace fovea::image

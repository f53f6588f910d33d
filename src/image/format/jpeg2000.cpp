// JPEG 2000 through OpenJPEG: JP2 files and bare codestreams, 1 to 16 bits (and more, as i32), signed or not.
#include <openjpeg.h>

#include <algorithm>
#include <memory>

#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

struct Stream {
  View8 bytes;
  size_t at = 0;

  static OPJ_SIZE_T read(void* to, OPJ_SIZE_T n, void* user) {
    auto& s = *static_cast<Stream*>(user);
    if (s.at >= s.bytes.size()) return OPJ_SIZE_T(-1);
    n = std::min<OPJ_SIZE_T>(n, s.bytes.size() - s.at);
    std::memcpy(to, s.bytes.data() + s.at, n);
    s.at += n;
    return n;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T n, void* user) {
    auto& s = *static_cast<Stream*>(user);
    if (n < 0 || uint64_t(n) > s.bytes.size() - s.at) return -1;
    s.at += size_t(n);
    return n;
  }
  static OPJ_BOOL seek(OPJ_OFF_T n, void* user) {
    auto& s = *static_cast<Stream*>(user);
    if (n < 0 || uint64_t(n) > s.bytes.size()) return OPJ_FALSE;
    s.at = size_t(n);
    return OPJ_TRUE;
  }
};

class Jpeg2000Reader {
 public:
  explicit Jpeg2000Reader(const Source& source)
      : source_(source),
        data_{source.bytes},
        header_(header_of(source, "jpeg2000")),
        codec_(opj_create_decompress(starts_with(source.bytes, "\xff\x4f\xff\x51") ? OPJ_CODEC_J2K
                                                                                   : OPJ_CODEC_JP2),
               opj_destroy_codec),
        stream_(opj_stream_create(1 << 16, OPJ_TRUE), opj_stream_destroy),
        image_(nullptr, opj_image_destroy) {
    check(codec_ && stream_, "{}: OpenJPEG does not start (out of memory)", source.name);
    opj_set_error_handler(codec_.get(), on_error, this);
    opj_set_warning_handler(codec_.get(), on_warning, this);
    opj_stream_set_user_data(stream_.get(), &data_, nullptr);
    opj_stream_set_user_data_length(stream_.get(), source.bytes.size());
    opj_stream_set_read_function(stream_.get(), Stream::read);
    opj_stream_set_skip_function(stream_.get(), Stream::skip);
    opj_stream_set_seek_function(stream_.get(), Stream::seek);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    opj_image_t* image = nullptr;
    const bool good =
        opj_setup_decoder(codec_.get(), &parameters) && opj_read_header(stream_.get(), codec_.get(), &image);
    image_.reset(image);
    check_good(good && image);
    describe();
  }

  const Header& header() const { return header_; }

  Image decode() {
    check_plausible(source_, header_);
    check_good(opj_decode(codec_.get(), stream_.get(), image_.get()) &&
               opj_end_decompress(codec_.get(), stream_.get()));
    describe();  // the palette of a JP2 file has changed the components
    Image out;
    static_cast<Header&>(out) = header_;
    out.pixels = Tensor::empty(header_.shape, header_.dtype);
    if (header_.dtype == u8) fill<uint8_t>(out.pixels);
    else if (header_.dtype == u16) fill<uint16_t>(out.pixels);
    else if (header_.dtype == i16) fill<int16_t>(out.pixels);
    else fill<int32_t>(out.pixels);
    if (image_->color_space == OPJ_CLRSPC_SYCC && header_.dtype == u8 && header_.channels() == 3)
      to_rgb_in_place(out.pixels);
    return out;
  }

 private:
  static void on_error(const char* text, void* self) {
    auto& error = static_cast<Jpeg2000Reader*>(self)->error_;
    if (error.empty()) error = printable(std::string_view(text).substr(0, std::string_view(text).find('\n')));
  }
  /// OpenJPEG warns where a file is cut off and goes on: here it is an error, as for JPEG.
  static void on_warning(const char* text, void* self) {
    const std::string_view t(text);
    if (t.find("truncated") != t.npos || t.find("not enough") != t.npos || t.find("expected") != t.npos)
      on_error(text, self);
  }
  void check_good(bool good) const {
    check(good && error_.empty(), "damaged, truncated or unsupported JPEG 2000 file {}{}{}", source_.name,
          error_.empty() ? "" : ": ", error_);
  }

  void describe() {
    const int n = int(image_->numcomps);
    check(n >= 1, "{} is a JPEG 2000 file without channels", source_.name);
    const opj_image_comp_t& first = image_->comps[0];
    bool alpha = false, is_signed = false;
    int depth = 1;
    for (int i = 0; i < n; ++i) {
      const opj_image_comp_t& c = image_->comps[i];
      check(c.dx >= 1 && c.dy >= 1 && c.prec >= 1 && c.prec <= 31,
            "{}: channel {} of {} bits in JPEG 2000 is not supported", source_.name, i, c.prec);
      depth = std::max(depth, int(c.prec)), is_signed |= c.sgnd != 0;
      alpha |= i == n - 1 && c.alpha != 0;
    }
    header_.depth = depth;
    header_.dtype = is_signed ? (depth <= 16 ? i16 : i32) : depth <= 8 ? u8 : depth <= 16 ? u16 : i32;
    header_.color = n == 1                                             ? ColorModel::gray
                    : n == 3                                           ? ColorModel::rgb
                    : n == 2 && alpha                                  ? ColorModel::gray_alpha
                    : n == 4 && alpha                                  ? ColorModel::rgba
                    : n == 4 && image_->color_space == OPJ_CLRSPC_CMYK ? ColorModel::cmyk
                                                                       : ColorModel::many;
    header_.shape = {int64_t{image_->y1} - image_->y0, int64_t{image_->x1} - image_->x0, n};
    check(first.dx == 1 && first.dy == 1, "{}: JPEG 2000 whose first channel is sub-sampled is not supported",
          source_.name);
    if (image_->icc_profile_buf && image_->icc_profile_len > 0)
      header_.icc.assign(image_->icc_profile_buf, image_->icc_profile_buf + image_->icc_profile_len);
  }

  template <class T>
  void fill(const Tensor& to) const {
    const int64_t height = header_.height(), width = header_.width(), channels = header_.channels();
    T* const out = to.data<T>();
    for (int64_t c = 0; c < channels; ++c) {
      const opj_image_comp_t& from = image_->comps[c];
      check(from.data && int64_t{from.w} * from.dx >= width && int64_t{from.h} * from.dy >= height,
            "damaged JPEG 2000 file {}: channel {} of {} x {}", source_.name, c, from.w, from.h);
      const bool small = header_.dtype == u8 && from.prec < 8;  // over the full range, as everywhere
      const int top = (1 << std::min<OPJ_UINT32>(from.prec, 30)) - 1;
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
          const int v = from.data[y / from.dy * from.w + x / from.dx];
          out[(y * width + x) * channels + c] = T(small ? (v * 255 + top / 2) / top : v);
        }
    }
  }

  static void to_rgb_in_place(const Tensor& t) {
    const auto clip = [](float v) { return uint8_t(std::clamp(v + 0.5f, 0.0f, 255.0f)); };
    uint8_t* p = t.data<uint8_t>();
    for (int64_t i = 0; i < t.numel(); i += 3, p += 3) {
      const float y = p[0], b = float(p[1]) - 128, r = float(p[2]) - 128;
      p[0] = clip(y + 1.402f * r), p[1] = clip(y - 0.344136f * b - 0.714136f * r),
      p[2] = clip(y + 1.772f * b);
    }
  }

  const Source& source_;
  Stream data_;
  Header header_;
  std::string error_;
  std::unique_ptr<opj_codec_t, void (*)(opj_codec_t*)> codec_;
  std::unique_ptr<opj_stream_t, void (*)(opj_stream_t*)> stream_;
  std::unique_ptr<opj_image_t, void (*)(opj_image_t*)> image_;
};

Header probe_jpeg2000(const Source& source) { return Jpeg2000Reader(source).header(); }

std::vector<Image> decode_jpeg2000(const Source& source) { return {Jpeg2000Reader(source).decode()}; }

}  // namespace

const Codec jpeg2000_codec{"jpeg2000",     {"jp2", "j2k", "jpc"}, is_jpeg2000,
                           probe_jpeg2000, decode_jpeg2000,       nullptr,
                           "OpenJPEG",     "libopenjp2-7-dev"};

}  // namespace fovea::image

// PNG through libpng: every depth and colour type; checksums of all chunks are checked.
#include <png.h>

#include <bit>
#include <cstring>

#include "image/format/apng.h"

namespace fovea::image {
namespace {

[[noreturn]] void jump(png_structp png, png_const_charp message) {
  auto& failure = *static_cast<Failure*>(png_get_error_ptr(png));
  std::snprintf(failure.message, sizeof failure.message, "%s", message);
  std::longjmp(failure.back, 1);
}

/// libpng ignores a damaged palette or transparency with a warning, which would change pixels: an error here.
void on_warning(png_structp png, png_const_charp message) {
  if (std::strncmp(message, "tRNS:", 5) == 0 || std::strncmp(message, "PLTE:", 5) == 0) jump(png, message);
  auto& failure = *static_cast<Failure*>(png_get_error_ptr(png));
  if (failure.warning[0] == 0) std::snprintf(failure.warning, sizeof failure.warning, "%s", message);
}

/// The two structures of libpng that read a file.
struct Handle {
  explicit Handle(Failure& failure)
      : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &failure, jump, on_warning)) {
    if (png) info = png_create_info_struct(png);
  }
  ~Handle() { png_destroy_read_struct(&png, &info, nullptr); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  png_structp png;
  png_infop info = nullptr;
};

/// Checks that all chunks up to the first of type `last` lie within the file: libpng takes the memory that a
/// chunk promises.
void check_chunks(const Source& source, std::string_view last) {
  fovea::Reader reader(source.bytes, source.name);
  reader.take(8);
  std::string_view type;
  while (type != last && type != "IEND") {
    const uint32_t length = reader.u32_be();
    type = std::string_view(reinterpret_cast<const char*>(reader.take(4).data()), 4);
    if (type != last || last == "IEND") reader.take(size_t(length) + 4);
  }
}

class PngReader {
 public:
  explicit PngReader(const Source& source)
      : source_(source), left_(source.bytes), header_(header_of(source, "png")), handle_(failure_) {
    check(handle_.info != nullptr, "{}: libpng does not start (out of memory)", source.name);
    guard([&] {
      png_set_read_fn(png_, this, take);
      png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
      png_read_info(png_, info_);
    });
    describe();
  }

  const Header& header() const { return header_; }
  Image decode();

 private:
  template <class F>
  void guard(F&& f) {
    guarded(failure_, header_.name, "damaged or unsupported PNG file", f);
  }

  static void take(png_structp png, png_bytep to, size_t n) {
    auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (n > self.left_.size()) png_error(png, "the file ends too early");
    std::memcpy(to, self.left_.data(), n);
    self.left_ = self.left_.subspan(n);
  }

  bool palette() const { return png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE; }
  /// Whether the numbers of the file are wanted, not what they mean.
  bool indices() const {
    return source_.options.indices && (palette() || png_get_color_type(png_, info_) == PNG_COLOR_TYPE_GRAY);
  }
  void check_bytes() const;
  void read_rows(const Tensor& to);
  Tensor colors_of(const Tensor& indices);
  void describe();
  void describe_chunks();
  void describe_text();
  void add(const char* key, std::string value) { header_.entries.emplace_back(key, std::move(value)); }

  const Source& source_;
  View8 left_;
  Header header_;
  Failure failure_;
  Handle handle_;
  png_structp png_ = handle_.png;
  png_infop info_ = handle_.info;
};

/// Deflate packs at most 1032 to 1, so the file bounds the rows it can hold.
void PngReader::check_bytes() const {
  const double bits = double(png_get_bit_depth(png_, info_)) * png_get_channels(png_, info_);
  check_plausible(source_, header_, 1032 * 8 / bits);
}

void PngReader::describe() {
  const int type = png_get_color_type(png_, info_);
  const bool transparent = png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
  const bool alpha = (type & PNG_COLOR_MASK_ALPHA) || transparent;
  if (type & PNG_COLOR_MASK_COLOR) header_.color = alpha ? ColorModel::rgba : ColorModel::rgb;
  else header_.color = alpha ? ColorModel::gray_alpha : ColorModel::gray;
  if (indices()) header_.color = ColorModel::gray;
  header_.depth = png_get_bit_depth(png_, info_);
  header_.dtype = header_.depth == 16 ? u16 : u8;
  header_.shape = {png_get_image_height(png_, info_), png_get_image_width(png_, info_),
                   channels_of(header_.color)};
  const bool interlaced = png_get_interlace_type(png_, info_) == PNG_INTERLACE_ADAM7;
  if (type == PNG_COLOR_TYPE_PALETTE) {
    png_colorp palette = nullptr;
    int colors = 0;
    png_get_PLTE(png_, info_, &palette, &colors);
    add("palette colours", fmt::format("{}{}", colors, transparent ? ", with transparency" : ""));
  } else if (transparent) {
    add("transparency", "one colour stands for transparent pixels");
  }
  if (interlaced) add("interlace", "Adam7");
  describe_chunks();
}

void PngReader::describe_chunks() {
  png_uint_32 x = 0, y = 0;
  int unit = 0, intent = 0, compression = 0;
  if (png_get_pHYs(png_, info_, &x, &y, &unit))
    add(unit == PNG_RESOLUTION_METER ? "resolution" : "pixel aspect",
        unit == PNG_RESOLUTION_METER ? fmt::format("{} x {} pixels per metre", x, y)
                                     : fmt::format("{}:{}", x, y));
  double gamma = 0;
  if (png_get_gAMA(png_, info_, &gamma)) add("gamma", fmt::format("{:.5g}", gamma));
  if (png_get_sRGB(png_, info_, &intent)) add("sRGB", fmt::format("rendering intent {}", intent));
  png_charp profile_name = nullptr;
  png_bytep data = nullptr;
  png_uint_32 length = 0;
  if (png_get_iCCP(png_, info_, &profile_name, &compression, &data, &length))
    header_.icc.assign(data, data + length),
        add("ICC profile", fmt::format("{}, {} bytes", printable(profile_name), length));
  if (png_get_valid(png_, info_, PNG_INFO_bKGD)) add("background", "given");
  png_timep time = nullptr;
  if (png_get_tIME(png_, info_, &time))
    add("time", fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", time->year, time->month, time->day,
                            time->hour, time->minute, time->second));
#ifdef PNG_eXIf_SUPPORTED
  if (png_get_eXIf_1(png_, info_, &length, &data)) {
    header_.orientation = exif_orientation(View8(data, length));
    add("Exif", fmt::format("{} bytes", length));
  }
#endif
  describe_text();
}

void PngReader::describe_text() {
  png_textp text = nullptr;
  int count = 0;
  png_get_text(png_, info_, &text, &count);
  for (int i = 0; i < count; ++i)
    if (text[i].text) add("text", fmt::format("{}: {}", printable(text[i].key), printable(text[i].text)));
}

Image PngReader::decode() {
  check_bytes();
  Image image;
  if (palette() && !indices()) {
    const Tensor indices = Tensor::empty({header_.height(), header_.width(), 1}, u8);
    read_rows(indices);
    image.pixels = colors_of(indices);
  } else {
    image.pixels = Tensor::empty(header_.shape, header_.dtype);
    read_rows(image.pixels);
  }
  if (failure_.warning[0]) add("warning", printable(failure_.warning));
  static_cast<Header&>(image) = header_;
  return image;
}

void PngReader::read_rows(const Tensor& to) {
  auto* const pixels = static_cast<uint8_t*>(to.raw());
  const size_t row_bytes = size_t(to.size(1) * to.size(2) * size_of(to.dtype()));
  const auto height = png_uint_32(to.size(0));
  const bool as_stored = palette() || indices();
  guard([&] {
    if (as_stored) png_set_packing(png_);  // one number per byte
    else png_set_expand(png_);             // gray to 8 bits, tRNS to alpha
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != row_bytes)
      png_error(png_, "its rows are not as long as its header says");
    for (int pass = 0; pass < passes; ++pass)
      for (png_uint_32 y = 0; y < height; ++y) png_read_row(png_, pixels + y * row_bytes, nullptr);
    png_read_end(png_, info_);
  });
}

Tensor PngReader::colors_of(const Tensor& indices) {
  png_colorp palette = nullptr;
  png_bytep alpha = nullptr;
  int colors = 0, alphas = 0;
  png_get_PLTE(png_, info_, &palette, &colors);
  png_get_tRNS(png_, info_, &alpha, &alphas, nullptr);
  uint8_t table[256][4] = {};
  for (int i = 0; i < 256; ++i) table[i][3] = 255;
  for (int i = 0; i < colors; ++i)
    table[i][0] = palette[i].red, table[i][1] = palette[i].green, table[i][2] = palette[i].blue;
  for (int i = 0; i < alphas; ++i) table[i][3] = alpha[i];

  const Tensor pixels = Tensor::empty(header_.shape, u8);
  const int channels = header_.channels();
  const uint8_t* from = indices.data<uint8_t>();
  uint8_t* to = pixels.data<uint8_t>();
  int64_t beyond = 0;
  for (int64_t i = 0; i < indices.numel(); ++i, to += channels) {
    std::memcpy(to, table[from[i]], size_t(channels));
    beyond += from[i] >= colors;
  }
  if (beyond)
    add("warning",
        fmt::format("{} pixels refer to colours beyond the palette of {}; they are black", beyond, colors));
  return pixels;
}

/// The two structures of libpng that write a file.
struct WriteHandle {
  explicit WriteHandle(Failure& failure)
      : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, jump, on_warning)) {
    if (png) info = png_create_info_struct(png);
  }
  ~WriteHandle() { png_destroy_write_struct(&png, &info); }
  WriteHandle(const WriteHandle&) = delete;
  WriteHandle& operator=(const WriteHandle&) = delete;

  png_structp png;
  png_infop info = nullptr;
};

void append(png_structp png, png_bytep bytes, size_t n) {
  auto& out = *static_cast<Bytes*>(png_get_io_ptr(png));
  bool full = false;
  try {
    out.insert(out.end(), bytes, bytes + n);
  } catch (const std::exception&) {
    full = true;
  }
  if (full) png_error(png, "out of memory");
}

Bytes encode_png(const Image& image, int) {
  const std::string name = image.name.empty() ? "image" : image.name;
  check(image.color <= ColorModel::rgba, "{}: PNG has no {}; convert with to_rgb or write a TIFF", name,
        image::name_of(image.color));
  const DType dtype = image.pixels.dtype();
  check(dtype == u8 || dtype == u16, "{}: PNG holds u8 or u16, not {}; render() it or write a TIFF", name,
        image.pixels.describe());
  constexpr int types[]{PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                        PNG_COLOR_TYPE_RGB_ALPHA};
  const int type = types[int(image.color)];
  const int64_t height = image.pixels.size(0), width = image.pixels.size(1);
  check(height <= PNG_USER_HEIGHT_MAX && width <= PNG_USER_WIDTH_MAX,
        "{}: PNG is written up to {} pixels per side, not {} x {}", name, PNG_USER_WIDTH_MAX, width, height);
  const auto* const pixels = static_cast<const uint8_t*>(image.pixels.raw());
  const int64_t row_bytes = width * image.pixels.size(2) * size_of(image.pixels.dtype());
  const bool wide = image.pixels.dtype() == u16;
  Bytes out;
  Failure failure;
  const WriteHandle handle(failure);
  check(handle.info != nullptr, "{}: libpng does not start (out of memory)", name);
  guarded(failure, name, "cannot encode as PNG", [&] {
    png_set_write_fn(handle.png, &out, append, nullptr);
    png_set_IHDR(handle.png, handle.info, png_uint_32(width), png_uint_32(height), wide ? 16 : 8, type,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (!image.icc.empty())
      png_set_iCCP(handle.png, handle.info, "icc", PNG_COMPRESSION_TYPE_BASE, image.icc.data(),
                   png_uint_32(image.icc.size()));
    png_set_compression_level(handle.png, 4);  // photos: 2 % larger than by level 6, in a third of the time
    png_write_info(handle.png, handle.info);
    if (wide && std::endian::native == std::endian::little) png_set_swap(handle.png);
    for (int64_t y = 0; y < height; ++y) png_write_row(handle.png, pixels + y * row_bytes);
    png_write_end(handle.png, nullptr);
  });
  return out;
}

bool matches(View8 b) { return b.size() >= 8 && png_sig_cmp(b.data(), 0, 8) == 0; }

Header probe_png(const Source& source) {
  check_chunks(source, "IDAT");
  Header header = PngReader(source).header();
  describe_animation(header, png_animation(source));
  frames_of(source, header.frames);
  return header;
}

std::vector<Image> decode_png(const Source& source) {
  check_chunks(source, "IEND");
  const PngAnimation animation = png_animation(source);
  frames_of(source, animation.count());
  ReadOptions first = source.options;
  first.frame = 0;
  Image still = decode_still_png({source.bytes, source.name, first});
  if (!animation.frames.empty()) return decode_animation(source, animation, still);
  describe_animation(still, animation);
  return {std::move(still)};
}

}  // namespace

Image decode_still_png(const Source& source) { return PngReader(source).decode(); }

const Codec png_codec{"png", {"png"}, matches, probe_png, decode_png, encode_png, "libpng", "libpng-dev"};

}  // namespace fovea::image

// BMP: 1 to 32 bits, palettes, bit fields, run lengths, from OS/2 1.x to Windows 5.
// Source: Microsoft, "Bitmap Storage", and the OS/2 2.x header of "Encyclopedia of Graphics File Formats".
#include <algorithm>

#include "image/samples.h"

namespace fovea::image {
namespace {

enum : uint32_t { uncompressed = 0, run_length8 = 1, run_length4 = 2, bit_fields = 3, alpha_bit_fields = 6 };

/// A channel within a pixel of 16 or 32 bits, scaled to 0..255.
struct Field {
  uint32_t mask = 0;

  uint8_t of(uint32_t pixel) const {
    if (mask == 0) return 255;
    const int shift = std::countr_zero(mask);
    const uint64_t full = mask >> shift, value = (pixel & mask) >> shift;
    return uint8_t((value * 255 + full / 2) / full);
  }
};

bool is_one_run(uint32_t mask) {
  return mask == 0 || std::has_single_bit((uint64_t{mask} >> std::countr_zero(mask)) + 1);
}

class BmpReader {
 public:
  explicit BmpReader(const Source& source)
      : source_(source), bytes_(source.bytes), header_(header_of(source, "bmp")) {
    read_sizes();
    read_fields();
    read_palette();
    describe();
  }

  const Header& header() const { return header_; }
  Image decode();

 private:
  uint16_t u16_at(size_t at) const { return load_at<uint16_t>(source_, at); }
  uint32_t u32_at(size_t at) const { return load_at<uint32_t>(source_, at); }

  void read_sizes();
  void read_fields();
  void read_palette();
  void describe();
  void read_rows(const Tensor& indices, const Tensor& pixels) const;
  Tensor read_runs() const;
  Tensor colors_of(const Tensor& indices);
  bool palette() const { return bits_ <= 8; }

  const Source& source_;
  View8 bytes_;
  Header header_;
  uint32_t header_bytes_ = 0, compression_ = uncompressed, colors_ = 0;
  int64_t width_ = 0, height_ = 0;
  size_t palette_at_ = 0, pixels_at_ = 0;
  int bits_ = 0;
  bool from_top_ = false;
  Field fields_[4];  // R G B A
  std::vector<std::array<uint8_t, 3>> table_;
};

void BmpReader::read_sizes() {
  pixels_at_ = u32_at(10);
  header_bytes_ = u32_at(14);
  const bool old = header_bytes_ == 12;  // OS/2 1.x
  check(old || (header_bytes_ >= 16 && header_bytes_ <= 65536), "{}: a BMP header of {} bytes is not known",
        source_.name, header_bytes_);
  width_ = old ? int64_t{u16_at(18)} : int32_t(u32_at(18));
  height_ = old ? int64_t{u16_at(20)} : int32_t(u32_at(22));
  from_top_ = height_ < 0;
  height_ = std::abs(height_);
  const int planes = old ? u16_at(22) : u16_at(26);
  bits_ = old ? u16_at(24) : u16_at(28);
  if (header_bytes_ >= 20) compression_ = u32_at(30);
  if (header_bytes_ >= 36) colors_ = u32_at(46);
  check(planes == 1, "{}: a BMP has 1 plane, not {}", source_.name, planes);
  check(width_ > 0, "{}: a BMP of width {}", source_.name, width_);
  const bool plain = compression_ == uncompressed && (bits_ == 1 || bits_ == 2 || bits_ == 4 || bits_ == 8 ||
                                                      bits_ == 16 || bits_ == 24 || bits_ == 32);
  const bool runs =
      ((compression_ == run_length8 && bits_ == 8) || (compression_ == run_length4 && bits_ == 4)) &&
      !from_top_;
  const bool fields =
      (compression_ == bit_fields || compression_ == alpha_bit_fields) && (bits_ == 16 || bits_ == 32);
  check(plain || runs || fields, "{}: BMP compression {} of {} bits is not supported", source_.name,
        compression_, bits_);
}

void BmpReader::read_fields() {
  palette_at_ = 14 + header_bytes_;
  if (bits_ == 16) fields_[0].mask = 0x7c00, fields_[1].mask = 0x03e0, fields_[2].mask = 0x001f;
  if (bits_ == 24 || bits_ == 32)
    fields_[0].mask = 0xff0000, fields_[1].mask = 0xff00, fields_[2].mask = 0xff;
  if (compression_ != bit_fields && compression_ != alpha_bit_fields) return;
  // Version 2 and later hold the masks in the header, version 1 behind it: at the same place.
  const int masks = compression_ == alpha_bit_fields || header_bytes_ >= 56 ? 4 : 3;
  for (int i = 0; i < masks; ++i) fields_[i].mask = u32_at(54 + size_t(i) * 4);
  const uint32_t all[]{fields_[0].mask, fields_[1].mask, fields_[2].mask, fields_[3].mask};
  uint32_t seen = 0;
  for (const uint32_t mask : all) {
    check(is_one_run(mask) && (mask & seen) == 0 && (bits_ == 32 || mask <= 0xffff),
          "{}: the colour masks {:x} {:x} {:x} {:x} of the BMP overlap or have gaps", source_.name, all[0],
          all[1], all[2], all[3]);
    seen |= mask;
  }
  for (int i = 0; i < 3; ++i) check(all[i] != 0, "{}: a colour mask of the BMP is empty", source_.name);
}

void BmpReader::read_palette() {
  if (!palette()) return;
  const size_t entry = header_bytes_ == 12 ? 3 : 4, most = size_t{1} << bits_;
  size_t n = colors_ ? std::min<size_t>(colors_, most) : most;
  check(palette_at_ <= bytes_.size(), "{} is truncated before its palette", source_.name);
  if (pixels_at_ <= palette_at_) pixels_at_ = palette_at_ + n * entry;  // some writers forget the palette
  else n = std::min(n, (pixels_at_ - palette_at_) / entry);
  for (size_t i = 0; i < n; ++i) {
    const size_t at = palette_at_ + i * entry;
    check(at + 3 <= bytes_.size(), "{} is truncated in its palette", source_.name);
    table_.push_back({bytes_[at + 2], bytes_[at + 1], bytes_[at]});
  }
}

void BmpReader::describe() {
  header_.depth = palette() ? bits_ : bits_ == 16 ? 5 : 8;
  header_.color = fields_[3].mask ? ColorModel::rgba : ColorModel::rgb;
  const bool gray = palette() && std::all_of(table_.begin(), table_.end(),
                                             [](const auto& c) { return c[0] == c[1] && c[1] == c[2]; });
  if (gray) header_.color = ColorModel::gray;
  header_.shape = {height_, width_, channels_of(header_.color)};
  auto& entries = header_.entries;
  constexpr const char* names[]{"none", "run lengths",          "run lengths", "bit fields", "",
                                "",     "bit fields with alpha"};
  entries.emplace_back("BMP header", fmt::format("{} bytes, {} bits per pixel, {}", header_bytes_, bits_,
                                                 from_top_ ? "from top to bottom" : "from bottom to top"));
  if (compression_) entries.emplace_back("compression", names[compression_]);
  if (palette()) entries.emplace_back("palette colours", fmt::format("{}", table_.size()));
  if (header_bytes_ >= 40 && int32_t(u32_at(38)) > 0 && int32_t(u32_at(42)) > 0)
    entries.emplace_back("resolution", fmt::format("{} x {} pixels per metre", u32_at(38), u32_at(42)));
}

/// Uncompressed rows, which are padded to 4 bytes: indices of a palette, or pixels.
void BmpReader::read_rows(const Tensor& indices, const Tensor& pixels) const {
  const size_t row_bytes = (size_t(width_) * size_t(bits_) + 31) / 32 * 4;
  const size_t needed =
      (size_t(width_) * size_t(bits_) + 7) / 8;  // the padding of the last row may be missing
  check(pixels_at_ <= bytes_.size() && bytes_.size() - pixels_at_ >= row_bytes * size_t(height_ - 1) + needed,
        "{} is truncated: its {} rows want {} bytes from byte {} on, the file has {}", source_.name, height_,
        row_bytes * size_t(height_), pixels_at_, bytes_.size());
  const int64_t channels = header_.channels();
  for (int64_t y = 0; y < height_; ++y) {
    const uint8_t* const row =
        bytes_.data() + pixels_at_ + row_bytes * size_t(from_top_ ? y : height_ - 1 - y);
    if (palette()) {
      uint8_t* const to = indices.data<uint8_t>() + y * width_;
      const int per_byte = 8 / bits_;
      for (int64_t x = 0; x < width_; ++x)
        to[x] = uint8_t(row[x / per_byte] >> (8 - bits_ * int(x % per_byte + 1)) & ((1 << bits_) - 1));
      continue;
    }
    uint8_t* to = pixels.data<uint8_t>() + y * width_ * channels;
    for (int64_t x = 0; x < width_; ++x, to += channels) {
      const uint8_t* p = row + x * bits_ / 8;
      const uint32_t pixel = bits_ == 16   ? load<uint16_t>(p)
                             : bits_ == 32 ? load<uint32_t>(p)
                                           : uint32_t(p[0] | p[1] << 8 | p[2] << 16);
      for (int64_t c = 0; c < channels; ++c) to[c] = fields_[c].of(pixel);
    }
  }
}

/// Run lengths: indices; what the runs leave out is colour 0.
Tensor BmpReader::read_runs() const {
  const Tensor indices = blank({height_, width_, 1}, u8);
  uint8_t* const to = indices.data<uint8_t>();
  check(pixels_at_ < bytes_.size(), "{} is truncated before its pixels", source_.name);
  fovea::Reader in(bytes_.subspan(pixels_at_), source_.name);
  int64_t x = 0, y = 0;
  const auto put = [&](int index) {
    check(y < height_ && x < width_, "{}: a run of the BMP leaves the picture at ({},{})", source_.name, x,
          y);
    to[(height_ - 1 - y) * width_ + x++] = uint8_t(index);
  };
  const bool nibbles = compression_ == run_length4;
  const auto half = [&](int byte, int i) { return nibbles ? (i % 2 ? byte & 15 : byte >> 4) : byte; };
  for (;;) {
    const int count = in.u8(), value = in.u8();
    if (count > 0) {  // a run may promise more than the row has left: Windows clips it
      for (int i = 0; i < count && x < width_; ++i) put(half(value, i));
    } else if (value == 0) {
      x = 0, ++y;
    } else if (value == 1) {
      return indices;
    } else if (value == 2) {
      x += in.u8(), y += in.u8();
      check(x <= width_ && y <= height_, "{}: a step of the BMP leaves the picture at ({},{})", source_.name,
            x, y);
    } else {
      const auto literal = in.take(size_t(nibbles ? (value + 3) / 4 * 2 : (value + 1) / 2 * 2));
      for (int i = 0; i < value && x < width_; ++i) put(half(literal[size_t(nibbles ? i / 2 : i)], i));
    }
    if (y >= height_ && in.left() == 0) return indices;  // some writers forget the end mark
  }
}

Tensor BmpReader::colors_of(const Tensor& indices) {
  const Tensor pixels = Tensor::empty(header_.shape, u8);
  const int channels = header_.channels();
  const uint8_t* const from = indices.data<uint8_t>();
  uint8_t* to = pixels.data<uint8_t>();
  int64_t beyond = 0;
  constexpr std::array<uint8_t, 3> black{};
  for (int64_t i = 0; i < indices.numel(); ++i, to += channels) {
    const bool known = from[i] < table_.size();
    std::memcpy(to, known ? table_[from[i]].data() : black.data(), size_t(channels));
    beyond += !known;
  }
  if (beyond)
    header_.entries.emplace_back(
        "warning", fmt::format("{} pixels refer to colours beyond the palette of {}; they are black", beyond,
                               table_.size()));
  return pixels;
}

Image BmpReader::decode() {
  const bool runs = compression_ == run_length8 || compression_ == run_length4;
  // Steps of run lengths may leave out nearly all pixels: 2 + 2 bytes skip 255 rows.
  check_plausible(source_, header_, runs ? 0 : 8.0 / bits_);
  Image image;
  if (palette()) {
    Tensor indices;
    if (runs) indices = read_runs();
    else read_rows(indices = Tensor::empty({height_, width_, 1}, u8), {});
    image.pixels = colors_of(indices);
  } else {
    image.pixels = Tensor::empty(header_.shape, u8);
    read_rows({}, image.pixels);
  }
  static_cast<Header&>(image) = header_;
  return image;
}

void put(Bytes& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(uint8_t(value >> 8 * i));
}

Bytes encode_bmp(const Image& image, int) {
  const int64_t height = image.pixels.size(0), width = image.pixels.size(1), channels = image.pixels.size(2);
  const bool gray = image.color == ColorModel::gray, alpha = image.color == ColorModel::rgba;
  check(image.pixels.dtype() == u8 && (gray || alpha || image.color == ColorModel::rgb),
        "BMP is written from u8 gray, RGB or RGBA, not {} {}; convert or write a TIFF",
        image::name_of(image.color), image.pixels.describe());
  const int64_t row_bytes = (width * channels + 3) / 4 * 4;
  const uint32_t start = 14 + (alpha ? 108 : 40) + (gray ? 1024 : 0);
  check(height * row_bytes < int64_t{1} << 31, "BMP holds less than 2 GB, not {} x {}", width, height);
  Bytes out{'B', 'M'};
  put(out, start + uint32_t(height * row_bytes), 4), put(out, 0, 4), put(out, start, 4);
  put(out, alpha ? 108 : 40, 4), put(out, uint32_t(width), 4), put(out, uint32_t(height), 4);
  put(out, 1, 2), put(out, uint32_t(channels * 8), 2), put(out, alpha ? bit_fields : uncompressed, 4);
  put(out, uint32_t(height * row_bytes), 4), put(out, 0, 4), put(out, 0, 4), put(out, gray ? 256 : 0, 4),
      put(out, 0, 4);
  if (alpha) {
    for (const uint32_t mask : {0xff0000u, 0xff00u, 0xffu, 0xff000000u, 0x73524742u})
      put(out, mask, 4);  // "sRGB"
    out.resize(start);
  }
  if (gray)
    for (uint32_t i = 0; i < 256; ++i) put(out, i * 0x010101u, 4);
  const uint8_t* const pixels = image.pixels.data<uint8_t>();
  for (int64_t y = height - 1; y >= 0; --y) {
    const size_t row = out.size();
    for (int64_t x = 0; x < width; ++x) {
      const uint8_t* const p = pixels + (y * width + x) * channels;
      if (gray) out.push_back(p[0]);
      else out.insert(out.end(), {p[2], p[1], p[0]});
      if (alpha) out.push_back(p[3]);
    }
    out.resize(row + size_t(row_bytes));
  }
  return out;
}

bool matches(View8 b) {
  return b.size() >= 18 && b[0] == 'B' && b[1] == 'M' && load<uint32_t>(&b[14]) <= 65536;
}

Header probe_bmp(const Source& source) { return BmpReader(source).header(); }

std::vector<Image> decode_bmp(const Source& source) { return {BmpReader(source).decode()}; }

}  // namespace

const Codec bmp_codec{"bmp", {"bmp", "dib"}, matches, probe_bmp, decode_bmp, encode_bmp};

}  // namespace fovea::image

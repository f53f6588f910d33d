// TGA: palettes, true colour of 15 to 32 bits, gray, with and without run lengths.
// Source: Truevision, "TGA File Format Specification", version 2.0, 1991.
#include <algorithm>

#include "image/samples.h"

namespace fovea::image {
namespace {

enum : int { palette_kind = 1, color_kind = 2, gray_kind = 3 };  // + 8: run lengths

class TgaReader {
 public:
  explicit TgaReader(const Source& source)
      : source_(source), bytes_(source.bytes), header_(header_of(source, "tga")) {
    check(bytes_.size() >= 18, "{} is truncated in its header", source.name);
    kind_ = bytes_[2] & 7, runs_ = bytes_[2] & 8;
    palette_first_ = load<uint16_t>(&bytes_[3]), palette_size_ = load<uint16_t>(&bytes_[5]),
    palette_bits_ = bytes_[7];
    width_ = load<uint16_t>(&bytes_[12]), height_ = load<uint16_t>(&bytes_[14]);
    bits_ = bytes_[16], flags_ = bytes_[17];
    describe();
  }

  const Header& header() const { return header_; }

  Image decode() {
    const int pixel_bytes = (bits_ + 7) / 8;
    check_plausible(source_, header_, (runs_ ? 128.0 : 1.0) / (runs_ ? pixel_bytes + 1 : pixel_bytes));
    fovea::Reader in(bytes_, source_.name);
    in.take(size_t{18} + bytes_[0]);
    const View8 palette = in.take(bytes_[1] ? size_t(palette_size_) * size_t((palette_bits_ + 7) / 8) : 0);
    const Bytes raw = unpacked(in, pixel_bytes);
    Image image;
    image.pixels = Tensor::empty(header_.shape, u8);
    uint8_t* to = image.pixels.data<uint8_t>();
    const int channels = header_.channels();
    for (size_t i = 0; i < raw.size(); i += size_t(pixel_bytes), to += channels) {
      if (kind_ == palette_kind) put_entry(palette, pixel_bytes == 1 ? raw[i] : load<uint16_t>(&raw[i]), to);
      else put(&raw[i], bits_, to);
    }
    turn(image.pixels);
    static_cast<Header&>(image) = header_;
    return image;
  }

 private:
  void describe() {
    const int bits = kind_ == palette_kind ? palette_bits_ : bits_;
    const bool known = kind_ == gray_kind ? bits == 8 || bits == 16
                       : kind_ == color_kind
                           ? bits == 15 || bits == 16 || bits == 24 || bits == 32
                           : (bits_ == 8 || bits_ == 16) && bytes_[1] == 1 && palette_size_ > 0 &&
                                 (bits == 15 || bits == 16 || bits == 24 || bits == 32);
    check(known, "{}: a TGA of kind {} with {} bits ({} in the palette) is not supported", source_.name,
          bytes_[2], bits_, palette_bits_);
    // 16 bits of colour hold one for "alpha", which most writers leave 0 and which counts only if announced.
    const int alpha_bits = flags_ & 15;
    if (kind_ == gray_kind) header_.color = bits == 16 ? ColorModel::gray_alpha : ColorModel::gray;
    else header_.color = bits == 32 || (bits == 16 && alpha_bits == 1) ? ColorModel::rgba : ColorModel::rgb;
    header_.depth = bits <= 16 && kind_ != gray_kind ? 5 : 8;
    header_.shape = {height_, width_, channels_of(header_.color)};
    if (kind_ == palette_kind)
      header_.entries.emplace_back("palette colours", fmt::format("{}", palette_size_));
    if (runs_) header_.entries.emplace_back("compression", "run lengths");
    header_.entries.emplace_back(
        "first pixel", fmt::format("{} {}", flags_ & 32 ? "top" : "bottom", flags_ & 16 ? "right" : "left"));
  }

  /// All pixels as stored, without the runs.
  Bytes unpacked(fovea::Reader& in, int pixel_bytes) const {
    const size_t wanted = size_t(height_) * size_t(width_) * size_t(pixel_bytes);
    if (!runs_) {
      const View8 raw = in.take(wanted);
      return Bytes(raw.begin(), raw.end());
    }
    Bytes raw;
    raw.reserve(wanted);
    while (raw.size() < wanted) {
      const int head = in.u8(), n = (head & 127) + 1;
      const View8 piece = in.take(size_t(head & 128 ? 1 : n) * size_t(pixel_bytes));
      for (int i = 0; i < (head & 128 ? n : 1); ++i) raw.insert(raw.end(), piece.begin(), piece.end());
    }
    check(raw.size() == wanted, "{}: the last run of the TGA leaves the picture", source_.name);
    return raw;
  }

  void put_entry(View8 palette, int index, uint8_t* to) const {
    const int i = index - palette_first_;
    check(i >= 0 && i < palette_size_, "{}: colour {} of the TGA is not in its palette of {} from {} on",
          source_.name, index, palette_size_, palette_first_);
    put(palette.data() + size_t(i) * size_t((palette_bits_ + 7) / 8), palette_bits_, to);
  }

  void put(const uint8_t* p, int bits, uint8_t* to) const {
    if (kind_ == gray_kind) {
      std::copy(p, p + bits / 8, to);
    } else if (bits <= 16) {
      const int pixel = load<uint16_t>(p);
      for (int c = 0; c < 3; ++c) to[c] = uint8_t(((pixel >> (10 - 5 * c) & 31) * 255 + 15) / 31);
      if (header_.color == ColorModel::rgba)
        to[3] = pixel & 0x8000 ? 0 : 255;  // set means transparent, as in Truevision's own files
    } else {
      to[0] = p[2], to[1] = p[1], to[2] = p[0];
      if (bits == 32) to[3] = p[3];
    }
  }

  void turn(Tensor& pixels) const {
    if (!(flags_ & 32)) pixels = flip_vertical(pixels);
    if (flags_ & 16) pixels = flip_horizontal(pixels);
  }

  const Source& source_;
  View8 bytes_;
  Header header_;
  int kind_ = 0, palette_first_ = 0, palette_size_ = 0, palette_bits_ = 0, bits_ = 0, flags_ = 0;
  bool runs_ = false;
  int64_t width_ = 0, height_ = 0;
};

/// TGA has no signature at its start: the header must make sense as a whole.
bool matches(View8 b) {
  if (b.size() < 18) return false;
  const int kind = b[2] & 7, bits = b[16], palette_bits = b[7];
  const auto colour = [](int n) { return n == 15 || n == 16 || n == 24 || n == 32; };
  const bool palette = b[1] == 1 && load<uint16_t>(&b[5]) > 0 && colour(palette_bits);
  const bool no_palette = b[1] == 0 && load<uint16_t>(&b[5]) == 0;
  const bool kind_fits = kind == palette_kind ? palette && (bits == 8 || bits == 16)
                         : kind == color_kind
                             ? (palette || no_palette) && colour(bits)
                             : kind == gray_kind && (palette || no_palette) && (bits == 8 || bits == 16);
  return kind_fits && (b[2] & ~11) == 0 && load<uint16_t>(&b[12]) > 0 && load<uint16_t>(&b[14]) > 0 &&
         (b[17] & 0xc0) == 0;
}

Header probe_tga(const Source& source) { return TgaReader(source).header(); }

std::vector<Image> decode_tga(const Source& source) { return {TgaReader(source).decode()}; }

}  // namespace

const Codec tga_codec{"tga", {"tga", "icb", "vda", "vst"}, matches, probe_tga, decode_tga};

}  // namespace fovea::image

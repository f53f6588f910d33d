// The netpbm family: PBM, PGM, PPM in text and binary (1 to 16 bits), PAM (any number of channels), PFM
// (floats). Source: netpbm.sourceforge.net/doc, the pages pbm, pgm, ppm, pam, pfm.
#include <algorithm>
#include <charconv>

#include "image/samples.h"

namespace fovea::image {
namespace {

bool is_space(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }

class PnmReader {
 public:
  explicit PnmReader(const Source& source)
      : source_(source), bytes_(source.bytes), header_(header_of(source, "pnm")) {
    kind_ = char(bytes_[1]);
    at_ = 2;
    if (kind_ == '7') read_pam();
    else if (kind_ == 'F' || kind_ == 'f') read_pfm();
    else read_pnm();
    header_.dtype = pfm() ? f32 : top_ > 255 ? u16 : u8;
    header_.depth = pfm() ? 32 : std::bit_width(unsigned(top_));
    header_.shape = {height_, width_, channels_};
    header_.entries.emplace_back("kind", fmt::format("P{}, {}{}", kind_, text() ? "text" : "binary",
                                                     pfm() ? "" : fmt::format(", maximum {}", top_)));
  }

  const Header& header() const { return header_; }

  Image decode() {
    check_plausible(source_, header_, text() ? 1 : 8);
    Image image;
    image.pixels = text() ? numbers() : pfm() ? floats() : kind_ == '4' ? bits() : samples();
    static_cast<Header&>(image) = header_;
    return image;
  }

 private:
  bool text() const { return kind_ >= '1' && kind_ <= '3'; }
  bool pfm() const { return kind_ == 'F' || kind_ == 'f'; }

  void read_pnm() {
    width_ = number(), height_ = number();
    top_ = kind_ == '1' || kind_ == '4' ? 1 : number();
    check(top_ >= 1 && top_ <= 65535, "{}: a largest value of {} is outside of 1..65535", source_.name, top_);
    const bool color = kind_ == '3' || kind_ == '6';
    channels_ = color ? 3 : 1;
    header_.color = color ? ColorModel::rgb : ColorModel::gray;
    if (!text()) one_space();
  }

  void read_pfm() {
    width_ = number(), height_ = number();
    channels_ = kind_ == 'F' ? 3 : 1;
    header_.color = kind_ == 'F' ? ColorModel::rgb : ColorModel::gray;
    const std::string word = next_word();
    double scale = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), scale);
    check(error == std::errc{} && end == word.data() + word.size() && scale != 0 && std::abs(scale) < 1e30,
          "{}: the scale '{}' of the PFM is no number", source_.name, printable(word));
    big_endian_ = scale > 0;
    header_.entries.emplace_back("scale", fmt::format("{}", std::abs(scale)));
    one_space();
  }

  void read_pam() {
    std::string kind;
    for (std::string word = next_word(); word != "ENDHDR"; word = next_word()) {
      if (word == "WIDTH") width_ = number();
      else if (word == "HEIGHT") height_ = number();
      else if (word == "DEPTH") channels_ = number();
      else if (word == "MAXVAL") top_ = number();
      else if (word == "TUPLTYPE") kind = next_word();
      else fail("{}: '{}' is no line of a PAM header", source_.name, printable(word));
    }
    one_space();
    check(top_ >= 1 && top_ <= 65535, "{}: a MAXVAL of {} is outside of 1..65535", source_.name, top_);
    const std::pair<std::string_view, ColorModel> kinds[]{{"BLACKANDWHITE", ColorModel::gray},
                                                          {"GRAYSCALE", ColorModel::gray},
                                                          {"BLACKANDWHITE_ALPHA", ColorModel::gray_alpha},
                                                          {"GRAYSCALE_ALPHA", ColorModel::gray_alpha},
                                                          {"RGB", ColorModel::rgb},
                                                          {"RGB_ALPHA", ColorModel::rgba},
                                                          {"CMYK", ColorModel::cmyk}};
    header_.color = channels_ == 1 ? ColorModel::gray : ColorModel::many;
    for (const auto& [name, color] : kinds)
      if (kind == name && channels_of(color) == channels_) header_.color = color;
  }

  /// The next word of the header; comments run from # to the end of their line.
  std::string next_word() {
    std::string word;
    for (; at_ < bytes_.size() && word.size() < 64; ++at_) {
      const uint8_t c = bytes_[at_];
      if (c == '#') {
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      } else if (!is_space(c)) {
        word += char(c);
      }
      if (is_space(c) && !word.empty()) break;
    }
    check(!word.empty() && at_ < bytes_.size(), "{} is truncated in its header", source_.name);
    return word;
  }

  int64_t number() {
    const std::string word = next_word();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    check(error == std::errc{} && end == word.data() + word.size() && value >= 0 && value < int64_t{1} << 40,
          "{}: '{}' is no number of a PNM header", source_.name, printable(word));
    return value;
  }

  /// The one character between header and pixels.
  void one_space() { ++at_; }

  View8 rest(size_t bytes) const {
    check(at_ <= bytes_.size() && bytes_.size() - at_ >= bytes,
          "{} is truncated: its pixels want {} bytes, {} are there", source_.name, bytes,
          bytes_.size() - std::min(at_, bytes_.size()));
    return bytes_.subspan(at_, bytes);
  }

  /// Values 0..top_ spread over the type.
  Tensor scaled(const Tensor& t) const {
    const int64_t full = t.dtype() == u8 ? 255 : 65535;
    const auto scale = [&](auto* p) {
      for (int64_t i = 0; i < t.numel(); ++i) {
        check(p[i] <= top_, "{}: pixel value {} is above the maximum {}", source_.name, p[i], top_);
        p[i] = static_cast<std::remove_reference_t<decltype(p[i])>>((p[i] * full + top_ / 2) / top_);
      }
    };
    if (top_ != full) t.dtype() == u8 ? scale(t.data<uint8_t>()) : scale(t.data<uint16_t>());
    return t;
  }

  Tensor samples() const {
    const Sample sample{Sample::unsigned_integer, header_.dtype == u8 ? 1 : 2, true};
    return scaled(
        tensor_from(rest(size_t(header_.shape.numel() * sample.bytes)), header_.shape, sample, source_.name));
  }

  Tensor bits() const {
    const size_t row_bytes = size_t(width_ + 7) / 8;
    const View8 raw = rest(row_bytes * size_t(height_));
    const Tensor t = Tensor::empty(header_.shape, u8);
    for (int64_t i = 0; i < t.numel(); ++i)
      t.data<uint8_t>()[i] =
          raw[size_t(i / width_) * row_bytes + size_t(i % width_) / 8] >> (7 - i % width_ % 8) & 1 ? 0 : 255;
    return t;
  }

  /// Rows of a PFM go from bottom to top.
  Tensor floats() const {
    const Sample sample{Sample::real, 4, big_endian_};
    return flip_vertical(
        tensor_from(rest(size_t(header_.shape.numel() * 4)), header_.shape, sample, source_.name));
  }

  Tensor numbers() {
    const Tensor t = Tensor::empty(header_.shape, header_.dtype);
    for (int64_t i = 0; i < t.numel(); ++i) {
      int64_t value = text_number();
      if (kind_ == '1') value = 1 - value;
      check(value >= 0 && value <= top_, "{}: pixel value {} is outside of 0..{}", source_.name, value, top_);
      if (t.dtype() == u8) t.data<uint8_t>()[i] = uint8_t(value);
      else t.data<uint16_t>()[i] = uint16_t(value);
    }
    return scaled(t);
  }

  /// The next number among the pixels, which may end with the file; the digits of a text PBM need no spaces.
  int64_t text_number() {
    while (at_ < bytes_.size() && (is_space(bytes_[at_]) || bytes_[at_] == '#'))
      if (bytes_[at_] == '#')
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      else ++at_;
    const size_t start = at_;
    int64_t value = 0;
    while (at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9' &&
           at_ - start < (kind_ == '1' ? 1 : 10))
      value = value * 10 + (bytes_[at_++] - '0');
    check(at_ > start, "{}: {}", source_.name,
          at_ == bytes_.size() ? "truncated, numbers are missing at its end"
                               : "a character among its numbers is no digit");
    return value;
  }

  const Source& source_;
  View8 bytes_;
  Header header_;
  char kind_ = 0;
  size_t at_ = 0;
  int64_t width_ = 0, height_ = 0, channels_ = 0, top_ = 1;
  bool big_endian_ = false;
};

Bytes encode_pnm(const Image& image, int) {
  const Tensor& t = image.pixels;
  const int64_t height = t.size(0), width = t.size(1), channels = t.size(2);
  const bool real = t.dtype() == f32,
             plain = image.color == ColorModel::gray || image.color == ColorModel::rgb;
  check(t.dtype() == u8 || t.dtype() == u16 || (real && plain),
        "PNM holds u8, u16 (and f32 gray or RGB), not {}", t.describe());
  const int top = t.dtype() == u8 ? 255 : 65535;
  std::string head;
  if (real) head = fmt::format("P{}\n{} {}\n-1.0\n", channels == 3 ? 'F' : 'f', width, height);
  else if (plain) head = fmt::format("P{}\n{} {}\n{}\n", channels == 3 ? 6 : 5, width, height, top);
  else {
    constexpr const char* kinds[]{"",    "GRAYSCALE_ALPHA", "",        "RGB_ALPHA", "CMYK", "LAB", "XYZ",
                                  "HSV", "YCBCR",           "CHANNELS"};
    head = fmt::format("P7\nWIDTH {}\nHEIGHT {}\nDEPTH {}\nMAXVAL {}\nTUPLTYPE {}\nENDHDR\n", width, height,
                       channels, top, kinds[int(image.color)]);
  }
  Bytes out(head.begin(), head.end());
  const Tensor rows = real ? flip_vertical(t) : t;
  const auto* const raw = static_cast<const uint8_t*>(rows.raw());
  out.insert(out.end(), raw, raw + rows.numel() * size_of(rows.dtype()));
  if (t.dtype() == u16 && std::endian::native == std::endian::little)
    for (size_t i = head.size(); i + 1 < out.size(); i += 2) std::swap(out[i], out[i + 1]);
  return out;
}

bool matches(View8 b) {
  return b.size() >= 3 && b[0] == 'P' && ((b[1] >= '1' && b[1] <= '7') || b[1] == 'F' || b[1] == 'f') &&
         (is_space(b[2]) || b[2] == '#');
}

Header probe_pnm(const Source& source) { return PnmReader(source).header(); }

std::vector<Image> decode_pnm(const Source& source) { return {PnmReader(source).decode()}; }

}  // namespace

const Codec pnm_codec{"pnm",     {"pnm", "pbm", "pgm", "ppm", "pam", "pfm"}, matches, probe_pnm, decode_pnm,
                      encode_pnm};

}  // namespace fovea::image

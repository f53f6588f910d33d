// DICOM: X-ray, CT, MR, ultrasound. Pixels stay as they are stored (signed or not, 1 to 32 bits, floats);
// rescale, window and spacing are told in the header. Palettes and YBR become RGB. Source: DICOM PS3.3
// section C.7.6.3.
#include <algorithm>
#include <cmath>

#include "image/format/dicom_frames.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

class DicomReader {
 public:
  explicit DicomReader(const Source& source)
      : source_(source), elements_(source), header_(header_of(source, "dicom")) {
    read_layout();
    describe();
  }

  const Header& header() const { return header_; }
  Image decode(int64_t index);

 private:
  int64_t number(uint32_t element, int64_t otherwise) const {
    return elements_.number(dicom_tag(0x28, element), otherwise);
  }
  bool has_palette() const { return layout_.photometric == "PALETTE COLOR"; }

  void read_layout();
  void describe();
  void describe_values();
  Tensor painted(const Tensor& indices) const;

  const Source& source_;
  DicomElements elements_;
  Header header_;
  DicomLayout layout_;
};

void DicomReader::read_layout() {
  const bool f32_pixels = elements_.has(dicom_tag(0x7fe0, 0x0008)),
             f64_pixels = elements_.has(dicom_tag(0x7fe0, 0x0009));
  check(elements_.has(dicom_tag(0x7fe0, 0x0010)) || elements_.encapsulated() || f32_pixels || f64_pixels,
        "{} is a DICOM file without pixels ({})", source_.name,
        printable(elements_.text(dicom_tag(8, 0x60))));
  layout_.real = f32_pixels || f64_pixels;
  layout_.rows = number(0x10, 0), layout_.columns = number(0x11, 0),
  layout_.frames = std::max<int64_t>(1, number(8, 1));
  layout_.samples = int(number(2, 1)), layout_.allocated = int(number(0x100, 0));
  if (layout_.real) layout_.allocated = f32_pixels ? 32 : 64;
  layout_.stored = int(number(0x101, layout_.allocated)),
  layout_.high_bit = int(number(0x102, layout_.stored - 1));
  if (layout_.real) layout_.stored = layout_.allocated, layout_.high_bit = layout_.allocated - 1;
  layout_.is_signed = number(0x103, 0) == 1, layout_.planar = number(6, 0) == 1;
  layout_.photometric = elements_.text(dicom_tag(0x28, 4));
  if (layout_.photometric.empty()) layout_.photometric = layout_.samples == 3 ? "RGB" : "MONOCHROME2";
  const int a = layout_.allocated;
  check(layout_.rows > 0 && layout_.columns > 0, "{} is a DICOM file of {} x {} pixels", source_.name,
        layout_.columns, layout_.rows);
  check(a == 1 || a == 8 || a == 16 || a == 32 || (a == 64 && layout_.real),
        "{}: {} bits per sample in DICOM are not supported", source_.name, a);
  check(layout_.samples == 1 || layout_.samples == 3 || layout_.samples == 4,
        "{}: {} samples per pixel in DICOM are not supported", source_.name, layout_.samples);
  check(a > 1 || layout_.samples == 1, "{}: {} samples of one bit", source_.name, layout_.samples);
  check(layout_.stored >= 1 && layout_.stored <= a && layout_.high_bit >= layout_.stored - 1 &&
            layout_.high_bit < a,
        "damaged DICOM file {}: {} bits, the highest number {}, of {}", source_.name, layout_.stored,
        layout_.high_bit, a);
}

void DicomReader::describe() {
  header_.frames = layout_.frames;
  header_.depth = layout_.stored;
  header_.dtype = layout_.real ? (layout_.allocated == 32 ? f32 : f64)
                  : layout_.allocated == 1
                      ? u8
                      : dtype_of({layout_.is_signed ? Sample::signed_integer : Sample::unsigned_integer,
                                  layout_.allocated / 8});
  header_.color = layout_.samples == 1   ? ColorModel::gray
                  : layout_.samples == 3 ? ColorModel::rgb
                                         : ColorModel::many;
  if (has_palette()) {
    const View8 facts = elements_.bytes(dicom_tag(0x28, 0x1101));
    check(layout_.samples == 1 && facts.size() >= 6 && !layout_.is_signed && layout_.allocated <= 16,
          "damaged DICOM file {}: no palette, or one of {} samples", source_.name, layout_.samples);
    header_.color = ColorModel::rgb, header_.dtype = u8;
  }
  header_.shape = {layout_.rows, layout_.columns, has_palette() ? 3 : layout_.samples};
  header_.inverted = layout_.photometric == "MONOCHROME1";
  describe_values();
  auto& entries = header_.entries;
  entries.emplace_back("transfer syntax", printable(elements_.transfer_syntax()));
  entries.emplace_back("stored as",
                       fmt::format("{}, {} of {} bits{}", printable(layout_.photometric), layout_.stored,
                                   layout_.allocated, layout_.is_signed ? ", signed" : ""));
  constexpr std::pair<uint32_t, const char*> texts[]{
      {dicom_tag(8, 0x60), "modality"},          {dicom_tag(8, 0x70), "manufacturer"},
      {dicom_tag(8, 0x1090), "model"},           {dicom_tag(8, 0x103e), "series"},
      {dicom_tag(0x18, 0x15), "body part"},      {dicom_tag(8, 0x20), "date"},
      {dicom_tag(0x18, 0x50), "slice thickness"}};
  for (const auto& [tag, key] : texts)
    if (const std::string value = elements_.text(tag); !value.empty())
      entries.emplace_back(key, printable(value));
}

void DicomReader::describe_values() {
  const auto first = [&](uint32_t tag, double otherwise) {
    const auto values = elements_.decimals(tag);
    return values.empty() || !std::isfinite(values[0]) ? otherwise : values[0];
  };
  if (header_.color == ColorModel::gray) {
    header_.slope = first(dicom_tag(0x28, 0x1053), 1), header_.intercept = first(dicom_tag(0x28, 0x1052), 0);
    if (header_.slope == 0) header_.slope = 1;
    header_.unit = printable(elements_.text(dicom_tag(0x28, 0x1054)));
    if (header_.unit.empty() && elements_.text(dicom_tag(8, 0x60)) == "CT" &&
        elements_.has(dicom_tag(0x28, 0x1052)))
      header_.unit = "HU";
    const double width = first(dicom_tag(0x28, 0x1051), 0);
    if (width >= 1 && elements_.has(dicom_tag(0x28, 0x1050)))
      header_.window = Window{first(dicom_tag(0x28, 0x1050), 0), width};
  }
  auto spacing = elements_.decimals(dicom_tag(0x28, 0x30));
  if (spacing.size() < 2) spacing = elements_.decimals(dicom_tag(0x18, 0x1164));
  if (spacing.size() >= 2 && spacing[0] > 0 && spacing[1] > 0)
    header_.spacing = {spacing[0], spacing[1], first(dicom_tag(0x18, 0x88), 0)};
  header_.duration = first(dicom_tag(0x18, 0x1063), 0) / 1000;
}

/// Entries of 8 or 16 bits, from a first index on; indices outside take the nearest.
Tensor DicomReader::painted(const Tensor& indices) const {
  const bool big = elements_.big_endian();
  const View8 facts = elements_.bytes(dicom_tag(0x28, 0x1101));
  const int64_t count = load<uint16_t>(facts.data(), big) ? load<uint16_t>(facts.data(), big) : 65536,
                first = load<uint16_t>(facts.data() + 2, big);
  View8 tables[3];
  for (uint32_t c = 0; c < 3; ++c) {
    tables[c] = elements_.bytes(dicom_tag(0x28, 0x1201 + c));
    check(int64_t(tables[c].size()) >= count, "{}: {}", source_.name,
          elements_.has(dicom_tag(0x28, 0x1221 + c)) ? "segmented palettes are not supported"
                                                     : "damaged DICOM file: its palette is too short");
  }
  const bool wide = int64_t(tables[0].size()) >= 2 * count && int64_t(tables[1].size()) >= 2 * count &&
                    int64_t(tables[2].size()) >= 2 * count;
  bool high_bytes = false;  // 16-bit entries of 8-bit colours lie in either half
  if (wide)
    for (const View8 table : tables)
      for (int64_t i = 0; i < count; ++i) high_bytes |= load<uint16_t>(table.data() + 2 * i, big) > 255;
  const Tensor out = Tensor::empty(header_.shape, u8);
  const Tensor flat = indices.to(i32);
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const int64_t entry = std::clamp<int64_t>(flat.data<int32_t>()[i] - first, 0, count - 1);
    for (size_t c = 0; c < 3; ++c) {
      const int v = wide ? load<uint16_t>(tables[c].data() + 2 * entry, big) : tables[c][size_t(entry)];
      out.data<uint8_t>()[i * 3 + int64_t(c)] = uint8_t(high_bytes ? v >> 8 : v);
    }
  }
  return out;
}

/// YBR_FULL to RGB, PS3.3 section C.7.6.3.1.2.
Tensor rgb_of_ybr(const Tensor& t) {
  check(t.dtype() == u8, "[dicom] YBR colours are u8, not {}", t.describe());
  const Tensor out = Tensor::empty(t.shape(), u8);
  const uint8_t* p = t.data<uint8_t>();
  uint8_t* to = out.data<uint8_t>();
  const auto clip = [](float v) { return uint8_t(std::clamp(v + 0.5f, 0.0f, 255.0f)); };
  for (int64_t i = 0; i < t.numel(); i += 3, p += 3, to += 3) {
    const float y = p[0], b = float(p[1]) - 128, r = float(p[2]) - 128;
    to[0] = clip(y + 1.402f * r), to[1] = clip(y - 0.344136f * b - 0.714136f * r),
    to[2] = clip(y + 1.772f * b);
  }
  return out;
}

Image DicomReader::decode(int64_t index) {
  DicomFrame frame = dicom_frame(source_, elements_, layout_, index);
  Image image;
  static_cast<Header&>(image) = header_;
  image.frame = index;
  if (has_palette()) image.pixels = painted(frame.numbers);
  else if (frame.photometric == "YBR_FULL" || frame.photometric == "YBR_FULL_422")
    image.pixels = rgb_of_ybr(frame.numbers);
  else if (frame.photometric.starts_with("YBR"))
    fail("{}: DICOM colours {} are not supported", source_.name, printable(frame.photometric));
  else image.pixels = frame.numbers;
  check(image.pixels.shape() == header_.shape && image.pixels.dtype() == header_.dtype,
        "{}: the frame is {}, not as announced", source_.name, image.pixels.describe());
  return image;
}

Header probe_dicom(const Source& source) { return DicomReader(source).header(); }

std::vector<Image> decode_dicom(const Source& source) {
  DicomReader reader(source);
  check_plausible(source, reader.header());
  const Range range = frames_of(source, reader.header().frames);
  std::vector<Image> frames;
  for (int64_t i = range.first; i < range.first + range.count; ++i) frames.push_back(reader.decode(i));
  return frames;
}

}  // namespace

const Codec dicom_codec{"dicom", {"dcm", "dicom", "ima"}, is_dicom, probe_dicom, decode_dicom};

}  // namespace fovea::image

#include "image/format/dicom_frames.h"

#include <algorithm>
#include <array>

namespace fovea::image {
namespace {

/// The fragments of one frame, joined.
Bytes frame_of(const Source& source, const DicomElements& elements, const DicomLayout& layout,
               int64_t index) {
  const auto& fragments = elements.fragments();
  const auto& offsets = elements.offsets();
  size_t first = 0, last = fragments.size();
  if (int64_t(fragments.size()) == layout.frames) {
    first = size_t(index), last = first + 1;
  } else if (layout.frames > 1) {
    check(int64_t(offsets.size()) == layout.frames,
          "{}: {} fragments of {} frames, and no table that says which", source.name, fragments.size(),
          layout.frames);
    const auto fragment_at = [&](uint64_t offset) {
      uint64_t at = 0;
      size_t i = 0;
      for (; i < fragments.size() && at < offset; ++i) at += fragments[i].size() + 8;
      return i;
    };
    first = fragment_at(offsets[size_t(index)]);
    if (index + 1 < layout.frames) last = fragment_at(offsets[size_t(index) + 1]);
  }
  check(first < last && last <= fragments.size(),
        "damaged or truncated DICOM file {}: frame {} has no pixels", source.name, index);
  Bytes joined;
  for (size_t i = first; i < last; ++i) joined.insert(joined.end(), fragments[i].begin(), fragments[i].end());
  return joined;
}

/// PackBits, as DICOM PS3.5 annex G: appends exactly `wanted` bytes.
void unpack_bits(View8 in, size_t wanted, Bytes& out, const std::string& name) {
  const size_t end = out.size() + wanted;
  for (size_t at = 0; out.size() < end;) {
    check(at < in.size(), "damaged or truncated DICOM file {}: run lengths end {} bytes too early", name,
          end - out.size());
    const int head = int8_t(in[at++]);
    if (head == -128) continue;
    const size_t n = size_t(head >= 0 ? head + 1 : 1 - head), bytes = head >= 0 ? n : 1;
    check(bytes <= in.size() - at, "damaged or truncated DICOM file {}: run lengths end too early", name);
    const size_t take = std::min(n, end - out.size());  // some writers pad
    if (head >= 0) out.insert(out.end(), in.begin() + ptrdiff_t(at), in.begin() + ptrdiff_t(at + take));
    else out.insert(out.end(), take, in[at]);
    at += bytes;
  }
}

/// Run lengths: the bytes of all samples plane by plane, the highest byte first. Result: little endian,
/// channels together.
Bytes unpack_runs(View8 in, const DicomLayout& layout, const std::string& name) {
  const size_t bytes = size_t(layout.allocated) / 8, planes = size_t(layout.samples) * bytes,
               pixels = size_t(layout.rows * layout.columns);
  check(in.size() >= 64 && load<uint32_t>(in.data()) == planes && planes <= 15,
        "damaged DICOM file {}: {} planes of run lengths, not {}", name,
        in.size() >= 64 ? load<uint32_t>(in.data()) : 0, planes);
  Bytes out(planes * pixels), plane;
  for (size_t p = 0; p < planes; ++p) {
    const size_t start = load<uint32_t>(in.data() + 4 + 4 * p),
                 end = p + 1 < planes ? load<uint32_t>(in.data() + 8 + 4 * p) : in.size();
    check(start >= 64 && start <= end && end <= in.size(), "damaged DICOM file {}: plane {} of run lengths",
          name, p);
    plane.clear();
    unpack_bits(in.subspan(start, end - start), pixels, plane, name);
    const size_t sample = p / bytes, byte = bytes - 1 - p % bytes;
    for (size_t i = 0; i < pixels; ++i) out[(i * size_t(layout.samples) + sample) * bytes + byte] = plane[i];
  }
  return out;
}

/// Shifts each number down to its stored bits, and repeats the sign.
template <class T>
void keep_stored_bits(const Tensor& t, int stored, int high_bit) {
  constexpr int width = 8 * int(sizeof(T));
  T* const p = t.data<T>();
  const int up = width - 1 - high_bit, down = width - stored;
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = T(T(std::make_unsigned_t<T>(p[i]) << up) >> down);
}

/// Bits of overlays and the like above the stored ones are cut off.
void keep_stored_bits(const Tensor& t, const DicomLayout& layout) {
  if (layout.real || layout.stored == layout.allocated || layout.allocated > 16) return;
  if (t.dtype() == u8) keep_stored_bits<uint8_t>(t, layout.stored, layout.high_bit);
  else if (t.dtype() == u16) keep_stored_bits<uint16_t>(t, layout.stored, layout.high_bit);
  else if (layout.allocated == 16) keep_stored_bits<int16_t>(t, layout.stored, layout.high_bit);
}

Tensor numbers_of(View8 raw, const DicomLayout& layout, bool big_endian, bool planar,
                  const std::string& name) {
  const Sample sample{layout.real        ? Sample::real
                      : layout.is_signed ? Sample::signed_integer
                                         : Sample::unsigned_integer,
                      layout.allocated / 8, big_endian};
  Tensor t;
  if (planar && layout.samples > 1)
    t = interleaved(tensor_from(raw, {layout.samples, layout.rows, layout.columns}, sample, name));
  else t = tensor_from(raw, {layout.rows, layout.columns, layout.samples}, sample, name);
  keep_stored_bits(t, layout);
  return t;
}

/// Bits, the lowest of a byte first, to 0 and 1.
Tensor bits_of(View8 all, const DicomLayout& layout, int64_t index) {
  const Tensor t = Tensor::empty({layout.rows, layout.columns, 1}, u8);
  const int64_t start = index * t.numel();  // frames follow each other without padding
  for (int64_t i = 0; i < t.numel(); ++i)
    t.data<uint8_t>()[i] = all[size_t((start + i) / 8)] >> ((start + i) % 8) & 1;
  return t;
}

/// Y Y Cb Cr for each two pixels of a row.
Tensor widened(View8 raw, const DicomLayout& layout) {
  const Tensor t = Tensor::empty({layout.rows, layout.columns, 3}, u8);
  uint8_t* to = t.data<uint8_t>();
  for (int64_t i = 0; i < layout.rows * layout.columns; ++i, to += 3) {
    const uint8_t* const pair = raw.data() + i / 2 * 4;
    to[0] = pair[i % 2], to[1] = pair[2], to[2] = pair[3];
  }
  return t;
}

DicomFrame native_frame(const Source& source, const DicomElements& elements, const DicomLayout& layout,
                        int64_t index) {
  View8 all = elements.bytes(dicom_tag(0x7fe0, 0x0010));
  if (layout.real) all = elements.bytes(dicom_tag(0x7fe0, layout.allocated == 32 ? 0x0008 : 0x0009));
  const bool narrow = layout.photometric == "YBR_FULL_422" && layout.samples == 3 && layout.allocated == 8 &&
                      layout.columns % 2 == 0 && int64_t(all.size()) < layout.frame_bytes() * layout.frames;
  const int64_t bytes = narrow ? layout.rows * layout.columns * 2 : layout.frame_bytes();
  const int64_t wanted =
      layout.allocated == 1 ? (layout.rows * layout.columns * (index + 1) + 7) / 8 : bytes * (index + 1);
  check(int64_t(all.size()) >= wanted,
        "{} is truncated: {} bytes of pixels are wanted for frame {}, {} are there", source.name, wanted,
        index, all.size());
  if (layout.allocated == 1) return {bits_of(all, layout, index), layout.photometric};
  const View8 raw = all.subspan(size_t(index * bytes), size_t(bytes));
  if (narrow) return {widened(raw, layout), "YBR_FULL"};
  if (layout.allocated == 8 && elements.big_endian() && elements.word_pixels()) {
    check(all.size() % 2 == 0, "damaged DICOM file {}: half a word of pixels", source.name);
    Bytes turned;
    for (size_t i = 0; i < raw.size(); ++i) turned.push_back(all[(size_t(index * bytes) + i) ^ 1]);
    return {numbers_of(turned, layout, true, layout.planar, source.name), layout.photometric};
  }
  return {numbers_of(raw, layout, elements.big_endian(), layout.planar, source.name), layout.photometric};
}

/// A frame that another codec has decoded, in the type that DICOM announces.
Tensor checked(const Image& picture, const DicomLayout& layout, const Source& source) {
  check(picture.shape == Dims{layout.rows, layout.columns, layout.samples},
        "{}: the header says {} x {} x {}, the compressed frame is {} x {} x {}", source.name, layout.columns,
        layout.rows, layout.samples, picture.width(), picture.height(), picture.channels());
  const DType wanted =
      dtype_of({layout.is_signed ? Sample::signed_integer : Sample::unsigned_integer, layout.allocated / 8});
  const Tensor numbers = picture.pixels.dtype() == wanted ? picture.pixels : picture.pixels.to(wanted);
  if (layout.is_signed) keep_stored_bits(numbers, layout);  // the codec may take the numbers for unsigned
  return numbers;
}

}  // namespace

DicomFrame dicom_frame(const Source& source, const DicomElements& elements, const DicomLayout& layout,
                       int64_t index) {
  if (!elements.encapsulated()) return native_frame(source, elements, layout, index);
  const Bytes frame = frame_of(source, elements, layout, index);
  const std::string& syntax = elements.transfer_syntax();
  const std::string name = fmt::format("{} (frame {})", source.name, index);
  ReadOptions options = source.options;
  options.frame = 0;
  const Source inside{frame, name, options};
  if (syntax == "1.2.840.10008.1.2.5")
    return {numbers_of(unpack_runs(frame, layout, source.name), layout, false, false, source.name),
            layout.photometric};
  if ((syntax == "1.2.840.10008.1.2.4.50" || syntax == "1.2.840.10008.1.2.4.51") &&
      jpeg_precision(frame) == 8) {
    const bool convert = layout.samples == 3 && layout.photometric != "RGB";
    return {checked(decode_jpeg_colors(inside, convert), layout, source),
            convert ? "RGB" : layout.photometric};
  }
  if (syntax.starts_with("1.2.840.10008.1.2.4.9")) {
    const Codec& codec = jpeg2000_codec;
    check(codec.decode, "{} holds JPEG 2000; this build of fovea goes without {}: install {} and build again",
          source.name, codec.library, codec.package);
    const bool ybr =
        layout.photometric == "YBR_ICT" || layout.photometric == "YBR_RCT";  // undone by the codec
    return {checked(codec.decode(inside).at(0), layout, source), ybr ? "RGB" : layout.photometric};
  }
  for (const char* known : {"50", "51", "57", "70", "80", "81"})
    if (syntax == std::string("1.2.840.10008.1.2.4.") + known)
      return {numbers_of(frame_by_dcmtk(frame, layout, syntax, source.name), layout,
                         std::endian::native == std::endian::big, false, source.name),
              layout.photometric};
  fail("{}: DICOM transfer syntax {} is not supported", source.name, printable(syntax));
}

}  // namespace fovea::image

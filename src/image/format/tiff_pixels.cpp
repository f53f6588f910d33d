// The pixels of a TIFF page: strips and tiles, 1 to 64 bits, planes together or apart, palettes.
#include <algorithm>

#include "image/format/tiff_page.h"

namespace fovea::image {
namespace {

/// f(x) for each number of channels `first` to `last`.
template <class F>
void each(const Tensor& t, int64_t first, int64_t last, F&& f) {
  const int64_t channels = t.size(2);
  const auto walk = [&](auto* p) {
    for (int64_t i = 0; i < t.numel(); i += channels)
      for (int64_t c = first; c < last; ++c)
        p[i + c] = std::remove_reference_t<decltype(*p)>(f(int(p[i + c])));
  };
  if (t.dtype() == u8) walk(t.data<uint8_t>());
  else if (t.dtype() == u16) walk(t.data<uint16_t>());
}

/// Straight alpha, as PNG has it.
template <class T>
void unmultiply(const Tensor& t) {
  const int64_t channels = t.size(2);
  constexpr uint64_t full = std::numeric_limits<T>::max();
  T* const p = t.data<T>();
  for (int64_t i = 0; i < t.numel(); i += channels)
    if (const uint64_t alpha = p[i + channels - 1]; alpha > 0 && alpha < full)
      for (int64_t c = 0; c + 1 < channels; ++c) p[i + c] = T(std::min(full, p[i + c] * full / alpha));
}

}  // namespace

Image TiffPage::decode() {
  check_plausible(source_, header_);
  Image image;
  static_cast<Header&>(image) = header_;
  image.pixels = by_libtiff_ ? rgba() : finished(stored());
  return image;
}

/// Puts the samples of a block (a strip or a tile) where they belong. `sample` is that of a plane, or -1 for
/// all.
void TiffPage::place(View8 block, int64_t top, int64_t left, int64_t rows, int64_t columns,
                     int64_t block_columns, int64_t sample, const Tensor& to) const {
  const int64_t width = to.size(1), channels = to.size(2), per_pixel = sample < 0 ? channels : 1;
  const int64_t n = columns * per_pixel, row_bytes = (block_columns * per_pixel * bits_ + 7) / 8;
  const int64_t size = size_of(to.dtype());
  auto* const pixels = static_cast<uint8_t*>(to.raw());
  Bytes wide;  // numbers of odd widths, in whole bytes
  for (int64_t y = 0; y < rows; ++y) {
    View8 row = block.subspan(size_t(y * row_bytes), size_t(row_bytes));
    if (bits_ % 8 != 0 || bits_ == 24) {
      wide.assign(size_t(n * sample_.bytes), 0);
      for (int64_t i = 0; i < n; ++i) {
        uint32_t value = 0;
        if (bits_ == 24)
          std::memcpy(&value, row.data() + i * 3, 3);  // libtiff turned them to the native order
        else
          for (int64_t bit = i * bits_; bit < (i + 1) * bits_; ++bit)
            value = value << 1 | (row[size_t(bit / 8)] >> (7 - bit % 8) & 1);
        std::memcpy(wide.data() + i * sample_.bytes, &value, size_t(sample_.bytes));
      }
      row = wide;
    }
    const Tensor line = tensor_from(row.first(size_t(n * sample_.bytes)), {n}, sample_, source_.name);
    const auto* const from = static_cast<const uint8_t*>(line.raw());
    uint8_t* const out =
        pixels + (((top + y) * width + left) * channels + std::max<int64_t>(sample, 0)) * size;
    if (sample < 0) std::memcpy(out, from, size_t(n * size));
    else
      for (int64_t x = 0; x < columns; ++x)
        std::memcpy(out + x * channels * size, from + x * size, size_t(size));
  }
}

/// All samples, (H, W, samples), as numbers.
Tensor TiffPage::stored() {
  TIFF* const tiff = file_.get();
  const int64_t height = header_.height(), width = header_.width();
  const Tensor to = blank({height, width, samples_}, dtype_of(sample_));
  const bool tiled = TIFFIsTiled(tiff) != 0;
  const int64_t block_rows =
                    tiled ? file_.tag<uint32_t>(TIFFTAG_TILELENGTH, 0)
                          : std::min<int64_t>(height, file_.tag<uint32_t>(TIFFTAG_ROWSPERSTRIP, UINT32_MAX)),
                block_columns = tiled ? file_.tag<uint32_t>(TIFFTAG_TILEWIDTH, 0) : width;
  check(block_rows > 0 && block_columns > 0, "damaged TIFF file {}: blocks of {} x {}", source_.name,
        block_columns, block_rows);
  const int64_t per_pixel = apart_ ? 1 : samples_, row_bytes = (block_columns * per_pixel * bits_ + 7) / 8;
  const double bytes = double(block_rows) * double(row_bytes);
  const tmsize_t said = tiled ? TIFFTileSize(tiff) : TIFFStripSize(tiff);
  check(said > 0 && bytes <= double(source_.options.limits.bytes) && bytes <= double(said),
        "damaged TIFF file {}: blocks of {} x {} pixels, {} bytes{}{}", source_.name, block_columns,
        block_rows, said, file_.error().empty() ? "" : ": ", file_.error());
  check(bytes <= 16.0 * double(header_.shape.numel() * sample_.bytes) + (1 << 24),
        "damaged TIFF file {}: its blocks of {} x {} are much larger than the picture", source_.name,
        block_columns, block_rows);
  Bytes block(static_cast<size_t>(said));
  for (int64_t plane = 0; plane < (apart_ ? samples_ : 1); ++plane)
    for (int64_t top = 0; top < height; top += block_rows)
      for (int64_t left = 0; left < width; left += block_columns) {
        const int64_t rows = std::min(block_rows, height - top),
                      columns = std::min(block_columns, width - left);
        const tmsize_t wanted = tmsize_t(rows * row_bytes);
        const tmsize_t got =
            tiled ? TIFFReadEncodedTile(
                        tiff, TIFFComputeTile(tiff, uint32_t(left), uint32_t(top), 0, uint16_t(plane)),
                        block.data(), said)
                  : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, uint32_t(top), uint16_t(plane)),
                                         block.data(), wanted);
        file_.check_good(got >= wanted && file_.error().empty(),
                         "damaged, truncated or unsupported TIFF file");
        place(View8(block).first(size_t(wanted)), top, left, rows, columns, block_columns,
              apart_ ? plane : -1, to);
      }
  return to;
}

Tensor TiffPage::colors_of(const Tensor& indices) const {
  uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  check(TIFFGetField(file_.get(), TIFFTAG_COLORMAP, &red, &green, &blue) && red,
        "damaged TIFF file {}: it has no palette", source_.name);
  const size_t colors = size_t{1} << bits_;
  const uint16_t highest =
      std::max({*std::max_element(red, red + colors), *std::max_element(green, green + colors),
                *std::max_element(blue, blue + colors)});
  const int shift = highest > 255 ? 8 : 0;  // some writers fill only 8 of the 16 bits
  const Tensor out = Tensor::empty(header_.shape, u8);
  uint8_t* to = out.data<uint8_t>();
  for (int64_t i = 0; i < indices.numel(); i += samples_, to += 3) {  // what comes with an index is left out
    const size_t index = indices.dtype() == u8 ? indices.data<uint8_t>()[i] : indices.data<uint16_t>()[i];
    to[0] = uint8_t(red[index] >> shift), to[1] = uint8_t(green[index] >> shift),
    to[2] = uint8_t(blue[index] >> shift);
  }
  return out;
}

/// Numbers as this library keeps them: small depths over the full range, 0 is black, a* and b* around the
/// middle.
Tensor TiffPage::finished(const Tensor& t) const {
  if (palette()) return colors_of(t);
  const bool whole = kind_ != SAMPLEFORMAT_IEEEFP && kind_ != SAMPLEFORMAT_INT;
  const int64_t channels = t.size(2);
  const int top = bits_ <= 16 ? (1 << bits_) - 1 : 0;
  if (whole && bits_ < 8) each(t, 0, channels, [&](int v) { return (v * 255 + top / 2) / top; });
  if (photometric_ == PHOTOMETRIC_MINISWHITE && whole && bits_ <= 16) {
    const int full = bits_ <= 8 ? 255 : top;
    each(t, 0, 1, [&](int v) { return full - v; });
  }
  if (photometric_ == PHOTOMETRIC_CIELAB && header_.color == ColorModel::lab)
    each(t, 1, 3, [&](int v) { return v ^ (t.dtype() == u8 ? 0x80 : 0x8000); });
  if (premultiplied_ && header_.color != ColorModel::many) {
    if (t.dtype() == u8) unmultiply<uint8_t>(t);
    if (t.dtype() == u16 && bits_ == 16) unmultiply<uint16_t>(t);
  }
  return t;
}

Tensor TiffPage::rgba() const {
  char why[1024] = "";
  check(TIFFRGBAImageOK(file_.get(), why), "{}: this kind of TIFF is not supported: {}", source_.name,
        printable(why));
  const int64_t height = header_.height(), width = header_.width();
  const Tensor packed = blank({height, width, 4}, u8);  // libtiff packs R, G, B, A into the bytes of a number
  const bool good = TIFFReadRGBAImageOriented(file_.get(), uint32_t(width), uint32_t(height),
                                              static_cast<uint32_t*>(packed.raw()), ORIENTATION_TOPLEFT, 1);
  file_.check_good(good && file_.error().empty(), "damaged, truncated or unsupported TIFF file");
  const Tensor out = Tensor::empty(header_.shape, u8);
  const auto* from = static_cast<const uint32_t*>(packed.raw());
  uint8_t* to = out.data<uint8_t>();
  for (int64_t i = 0; i < height * width; ++i, to += 3)
    to[0] = uint8_t(TIFFGetR(from[i])), to[1] = uint8_t(TIFFGetG(from[i])),
    to[2] = uint8_t(TIFFGetB(from[i]));
  return out;
}

}  // namespace fovea::image

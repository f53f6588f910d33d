#include <algorithm>
#include <cstring>

#include "image/format/tiff_file.h"

namespace fovea::image {
namespace {

/// XYZ, HSV and YCbCr, of which TIFF has none or another, are written as channels.
int photometric_of(ColorModel color) {
  switch (color) {
    case ColorModel::rgb:
    case ColorModel::rgba:
      return PHOTOMETRIC_RGB;
    case ColorModel::cmyk:
      return PHOTOMETRIC_SEPARATED;
    case ColorModel::lab:
      return PHOTOMETRIC_ICCLAB;
    default:
      return PHOTOMETRIC_MINISBLACK;
  }
}

void set_tags(TIFF* tiff, const Image& image, uint32_t rows_per_strip) {
  const Tensor& t = image.pixels;
  const int channels = int(t.size(2)), bits = int(size_of(t.dtype()) * 8);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, uint32_t(t.size(1)));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, uint32_t(t.size(0)));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, channels);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
               is_float(t.dtype())                   ? SAMPLEFORMAT_IEEEFP
               : t.dtype() == u8 || t.dtype() == u16 ? SAMPLEFORMAT_UINT
                                                     : SAMPLEFORMAT_INT);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric_of(image.color));
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
  TIFFSetField(tiff, TIFFTAG_PREDICTOR, is_float(t.dtype()) ? PREDICTOR_FLOATINGPOINT : PREDICTOR_HORIZONTAL);
  TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, rows_per_strip);
  const bool alpha = image.color == ColorModel::gray_alpha || image.color == ColorModel::rgba;
  const int extras = alpha ? 1 : photometric_of(image.color) == PHOTOMETRIC_MINISBLACK ? channels - 1 : 0;
  std::vector<uint16_t> kinds(size_t(extras), alpha ? EXTRASAMPLE_UNASSALPHA : EXTRASAMPLE_UNSPECIFIED);
  if (extras > 0) TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, extras, kinds.data());
  if (!image.icc.empty())
    TIFFSetField(tiff, TIFFTAG_ICCPROFILE, uint32_t(image.icc.size()), image.icc.data());
}

}  // namespace

Bytes encode_tiff(const Image& image, int) {
  const Tensor& t = image.pixels;
  check(t.size(2) <= 65535 && t.size(0) <= INT32_MAX && t.size(1) <= INT32_MAX, "TIFF cannot hold {}",
        t.describe());
  const int64_t row_bytes = t.size(1) * t.size(2) * size_of(t.dtype());
  const int64_t rows = std::clamp<int64_t>((1 << 18) / row_bytes, 1, t.size(0));
  Bytes out;
  TiffFile file(out);
  set_tags(file.get(), image, uint32_t(rows));
  auto* const raw = static_cast<uint8_t*>(t.raw());
  Bytes strip(size_t(rows * row_bytes));  // a copy: libtiff's predictors work in place
  for (int64_t top = 0, i = 0; top < t.size(0); top += rows, ++i) {
    const int64_t n = std::min(rows, t.size(0) - top) * row_bytes;
    std::memcpy(strip.data(), raw + top * row_bytes, size_t(n));
    file.check_good(TIFFWriteEncodedStrip(file.get(), uint32_t(i), strip.data(), n) == n,
                    "cannot encode as TIFF");
  }
  file.check_good(TIFFWriteDirectory(file.get()) != 0 && file.error().empty(), "cannot encode as TIFF");
  file.close();
  return out;
}

}  // namespace fovea::image

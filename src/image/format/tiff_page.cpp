// What the tags of a TIFF page say; those of OME, GeoTIFF and GDAL are told in the header.
#include "image/format/tiff_page.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace fovea::image {
namespace {

enum : uint32_t {
  gps_pixel_scale = 33550,
  geo_tie_point = 33922,
  geo_ascii = 34737,
  gdal_metadata = 42112,
  gdal_nodata = 42113
};

/// The value of `key="..."` in the XML of an OME file.
std::string attribute(std::string_view xml, std::string_view key) {
  const std::string start = fmt::format(" {}=\"", key);
  const size_t at = xml.find(start);
  if (at == xml.npos) return "";
  const std::string_view rest = xml.substr(at + start.size());
  return printable(rest.substr(0, rest.find('"')));
}

}  // namespace

TiffPage::TiffPage(const Source& source, TiffFile& file, Header header)
    : source_(source), file_(file), header_(std::move(header)) {
  bits_ = file.tag<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1),
  samples_ = file.tag<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  kind_ = file.tag<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  uint16_t inks = 0;
  const bool inked = TIFFGetField(file.get(), TIFFTAG_INKSET, &inks) == 1;
  photometric_ = file.tag<uint16_t>(TIFFTAG_PHOTOMETRIC, inked           ? PHOTOMETRIC_SEPARATED
                                                         : samples_ >= 3 ? PHOTOMETRIC_RGB
                                                                         : PHOTOMETRIC_MINISBLACK);
  compression_ = file.tag<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  apart_ =
      samples_ > 1 && file.tag<uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  choose_numbers();
  choose_color();
  describe();
}

void TiffPage::choose_numbers() {
  if (photometric_ == PHOTOMETRIC_LOGL || photometric_ == PHOTOMETRIC_LOGLUV) {
    TIFFSetField(file_.get(), TIFFTAG_SGILOGDATAFMT, SGILOGDATAFMT_FLOAT);
    bits_ = 32, kind_ = SAMPLEFORMAT_IEEEFP;
  }
  check(kind_ != SAMPLEFORMAT_COMPLEXINT && kind_ != SAMPLEFORMAT_COMPLEXIEEEFP,
        "{}: complex numbers in TIFF are not supported", source_.name);
  const bool real = kind_ == SAMPLEFORMAT_IEEEFP, is_signed = kind_ == SAMPLEFORMAT_INT;
  const bool whole_bytes = bits_ == 8 || bits_ == 16 || bits_ == 32 || bits_ == 64;
  check(real        ? whole_bytes && bits_ != 8
        : is_signed ? whole_bytes
                    : bits_ >= 1 && (bits_ <= 32 || bits_ == 64),
        "{}: {} bits per {} in TIFF are not supported", source_.name, bits_,
        real        ? "float"
        : is_signed ? "signed number"
                    : "number");
  sample_.kind = real ? Sample::real : is_signed ? Sample::signed_integer : Sample::unsigned_integer;
  sample_.bytes = bits_ <= 8 ? 1 : bits_ <= 16 ? 2 : bits_ <= 32 ? 4 : 8;
  sample_.big_endian = std::endian::native == std::endian::big;  // libtiff has turned them
}

void TiffPage::choose_color() {
  uint16_t extras = 0;
  uint16_t* kinds = nullptr;
  if (!TIFFGetField(file_.get(), TIFFTAG_EXTRASAMPLES, &extras, &kinds)) extras = 0;
  const bool alpha =
      extras == 1 && kinds && (kinds[0] == EXTRASAMPLE_ASSOCALPHA || kinds[0] == EXTRASAMPLE_UNASSALPHA);
  premultiplied_ = alpha && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
  ColorModel color = ColorModel::many;
  switch (photometric_) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_LOGL:
    case PHOTOMETRIC_CFA:
      if (samples_ == 1) color = ColorModel::gray;
      else if (samples_ == 2 && alpha) color = ColorModel::gray_alpha;
      break;
    case PHOTOMETRIC_PALETTE:
      color = ColorModel::rgb;
      check(bits_ <= 16 && kind_ == SAMPLEFORMAT_UINT,
            "{}: a TIFF palette with {} samples of {} bits is not supported", source_.name, samples_, bits_);
      break;
    case PHOTOMETRIC_YCBCR:
      // libjpeg turns YCbCr into RGB itself; other compressions leave it to libtiff's RGBA conversion.
      if (compression_ == COMPRESSION_JPEG && samples_ == 3 && !apart_)
        TIFFSetField(file_.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      else by_libtiff_ = true;
      color = ColorModel::rgb;
      break;
    case PHOTOMETRIC_RGB:
      if (samples_ == 3) color = ColorModel::rgb;
      else if (samples_ == 4 && alpha) color = ColorModel::rgba;
      break;
    case PHOTOMETRIC_SEPARATED:
      if (samples_ == 4 && file_.tag<uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK)
        color = ColorModel::cmyk;
      break;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      if (samples_ == 3) color = ColorModel::lab;
      break;
    default:
      break;
  }
  if (compression_ == COMPRESSION_OJPEG) by_libtiff_ = true, color = ColorModel::rgb;
  header_.color = color;
  const int channels = color == ColorModel::many ? samples_ : channels_of(color);
  header_.depth = bits_;
  header_.dtype = by_libtiff_ || (palette() && bits_ <= 16) ? u8 : dtype_of(sample_);
  header_.shape = {file_.tag<uint32_t>(TIFFTAG_IMAGELENGTH, 0), file_.tag<uint32_t>(TIFFTAG_IMAGEWIDTH, 0),
                   channels};
}

std::string TiffPage::text(uint32_t tag) const {
  const TIFFField* const field = TIFFFindField(file_.get(), tag, TIFF_ANY);
  if (!field || TIFFFieldDataType(field) != TIFF_ASCII) return "";
  const char* value = nullptr;
  uint32_t n = 0;
  const int found = TIFFFieldPassCount(field) ? TIFFGetField(file_.get(), tag, &n, &value)
                                              : TIFFGetField(file_.get(), tag, &value);
  return found && value ? value : "";
}

std::vector<double> TiffPage::doubles(uint32_t tag) const {
  const TIFFField* const field = TIFFFindField(file_.get(), tag, TIFF_DOUBLE);
  const double* value = nullptr;
  uint32_t n = 0;
  if (!field || !TIFFFieldPassCount(field) || TIFFFieldReadCount(field) != TIFF_VARIABLE2 ||
      !TIFFGetField(file_.get(), tag, &n, &value))
    return {};
  return {value, value + n};
}

void TiffPage::describe() {
  static const std::pair<int, const char*> codings[]{{COMPRESSION_CCITTRLE, "CCITT run lengths"},
                                                     {COMPRESSION_CCITTFAX3, "CCITT fax 3"},
                                                     {COMPRESSION_CCITTFAX4, "CCITT fax 4"},
                                                     {COMPRESSION_LZW, "LZW"},
                                                     {COMPRESSION_OJPEG, "old JPEG"},
                                                     {COMPRESSION_JPEG, "JPEG"},
                                                     {COMPRESSION_PACKBITS, "PackBits"},
                                                     {COMPRESSION_DEFLATE, "deflate"},
                                                     {COMPRESSION_ADOBE_DEFLATE, "deflate"},
                                                     {COMPRESSION_SGILOG, "SGI log"},
                                                     {COMPRESSION_SGILOG24, "SGI log 24"},
                                                     {COMPRESSION_LZMA, "LZMA"},
                                                     {COMPRESSION_ZSTD, "zstd"},
                                                     {COMPRESSION_WEBP, "WebP"}};
  std::string coding = compression_ == COMPRESSION_NONE ? "none" : fmt::format("number {}", compression_);
  for (const auto& [code, name] : codings)
    if (code == compression_) coding = name;
  add("compression", coding);
  static const std::pair<int, const char*> spaces[]{{PHOTOMETRIC_MINISWHITE, "0 is white"},
                                                    {PHOTOMETRIC_PALETTE, "palette"},
                                                    {PHOTOMETRIC_YCBCR, "YCbCr"},
                                                    {PHOTOMETRIC_LOGL, "LogL, as luminance"},
                                                    {PHOTOMETRIC_LOGLUV, "LogLuv, as XYZ"}};
  for (const auto& [code, name] : spaces)
    if (code == photometric_) add("stored as", name);
  const bool tiled = TIFFIsTiled(file_.get()) != 0;
  add("layout", fmt::format("{}{}",
                            tiled ? fmt::format("tiles of {} x {}", file_.tag<uint32_t>(TIFFTAG_TILEWIDTH, 0),
                                                file_.tag<uint32_t>(TIFFTAG_TILELENGTH, 0))
                                  : fmt::format("{} strips", TIFFNumberOfStrips(file_.get())),
                            apart_ ? ", channels apart" : ""));
  header_.orientation = std::clamp<int>(file_.tag<uint16_t>(TIFFTAG_ORIENTATION, 1), 1, 8);
  if (by_libtiff_) header_.orientation = 1;
  uint32_t icc_bytes = 0;
  void* icc = nullptr;
  if (TIFFGetField(file_.get(), TIFFTAG_ICCPROFILE, &icc_bytes, &icc) && icc) {
    header_.icc.assign(static_cast<uint8_t*>(icc), static_cast<uint8_t*>(icc) + icc_bytes);
    add("ICC profile", fmt::format("{} bytes", icc_bytes));
  }
  const int unit = file_.tag<uint16_t>(TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
  const float x = file_.tag<float>(TIFFTAG_XRESOLUTION, 0), y = file_.tag<float>(TIFFTAG_YRESOLUTION, 0);
  if (x > 0 && y > 0 && std::isfinite(x) && std::isfinite(y))
    add("resolution", fmt::format("{} x {} per {}", x, y,
                                  unit == RESUNIT_CENTIMETER ? "cm"
                                  : unit == RESUNIT_INCH     ? "inch"
                                                             : "unit"));
  for (const auto& [tag, key] : {std::pair{TIFFTAG_SOFTWARE, "software"},
                                 {TIFFTAG_DATETIME, "time"},
                                 {TIFFTAG_MAKE, "make"},
                                 {TIFFTAG_MODEL, "model"}})
    if (const std::string value = text(uint32_t(tag)); !value.empty()) add(key, printable(value));
  const std::string description = text(TIFFTAG_IMAGEDESCRIPTION);
  if (description.find("<OME") != description.npos) {
    std::string size;
    for (const char* key : {"SizeX", "SizeY", "SizeC", "SizeZ", "SizeT", "DimensionOrder", "Type",
                            "PhysicalSizeX", "PhysicalSizeY", "PhysicalSizeZ"})
      if (const std::string value = attribute(description, key); !value.empty())
        size += fmt::format("{}{}={}", size.empty() ? "" : " ", key, value);
    add("OME", size);
  } else if (!description.empty()) {
    add("description", printable(description));
  }
  describe_geography();
}

void TiffPage::describe_geography() {
  for (const auto& [tag, key] :
       {std::pair{gps_pixel_scale, "geo pixel scale"}, {geo_tie_point, "geo tie point"}})
    if (const auto numbers = doubles(tag); !numbers.empty())
      add(key, fmt::format("{}",
                           fmt::join(numbers.begin(),
                                     numbers.begin() + ptrdiff_t(std::min<size_t>(6, numbers.size())), " ")));
  for (const auto& [tag, key] :
       {std::pair{geo_ascii, "geo"}, {gdal_metadata, "GDAL"}, {gdal_nodata, "no data"}})
    if (const std::string value = text(tag); !value.empty()) add(key, printable(value));
}

}  // namespace fovea::image

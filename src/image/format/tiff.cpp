// TIFF and BigTIFF through libtiff: pages, strips and tiles, 1 to 64 bits, integers and floats, planes
// together or apart, palettes, CMYK, Lab, YCbCr.
#include "image/format/tiff_page.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

/// Opens the page wanted and tells how many there are.
Header open_page(const Source& source, TiffFile& file) {
  Header header = header_of(source, "tiff");
  header.frames = int64_t(TIFFNumberOfDirectories(file.get()));
  file.check_good(header.frames > 0 && file.error().empty(), "damaged or truncated TIFF file");
  frames_of(source, header.frames);
  file.check_good(TIFFSetDirectory(file.get(), tdir_t(source.options.frame)) != 0 && file.error().empty(),
                  "damaged or truncated TIFF file");
  return header;
}

Header probe_tiff(const Source& source) {
  TiffFile file(source);
  const Header header = open_page(source, file);
  return TiffPage(source, file, header).header();
}

std::vector<Image> decode_tiff(const Source& source) {
  TiffFile file(source);
  Header header = open_page(source, file);
  const Range range = frames_of(source, header.frames);
  std::vector<Image> pages;
  for (int64_t i = 0; i < range.count; ++i) {
    if (i > 0) file.check_good(TIFFReadDirectory(file.get()) != 0, "damaged or truncated TIFF file");
    header.frame = range.first + i;
    pages.push_back(TiffPage(source, file, header).decode());
    if (!file.warning().empty()) pages.back().entries.emplace_back("warning", file.warning());
  }
  return pages;
}

}  // namespace

const Codec tiff_codec{"tiff",      {"tif", "tiff"}, is_tiff,   probe_tiff,
                       decode_tiff, encode_tiff,     "libtiff", "libtiff-dev"};

}  // namespace fovea::image

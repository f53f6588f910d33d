#include <algorithm>
#include <cctype>
#include <cmath>

#include "image/codec.h"

namespace fovea::image {
namespace {

const std::array<const Codec*, 2> codecs{&jpeg_codec, &png_codec};

const Codec& codec_of(View8 bytes, const std::string& name) {
  check(!bytes.empty(), "{} is empty, not an image", name);
  for (const Codec* c : codecs)
    if (c->matches(bytes)) return *c;
  std::string start;
  for (const uint8_t b : bytes.first(std::min<size_t>(bytes.size(), 8))) start += fmt::format(" {:02x}", b);
  fail("{} is neither a JPEG nor a PNG file: it starts with{}", name, start);
}

std::string extension_of(const std::string& path) {
  const size_t dot = path.rfind('.'), slash = path.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return "";
  std::string extension = path.substr(dot + 1);
  for (char& c : extension) c = char(std::tolower(uint8_t(c)));
  return extension;
}

ColorModel usual_color(int64_t channels) {
  check(channels >= 1 && channels <= 4, "an image has 1 to 4 channels, not {}", channels);
  constexpr ColorModel usual[]{ColorModel::gray, ColorModel::gray_alpha, ColorModel::rgb, ColorModel::rgba};
  return usual[channels - 1];
}

int64_t channels_in(const Tensor& pixels) {
  check(pixels.rank() == 2 || pixels.rank() == 3,
        "pixels are a tensor (height, width) or (height, width, channels), not {}", pixels.describe());
  return pixels.rank() == 2 ? 1 : pixels.size(2);
}

}  // namespace

const char* name_of(ColorModel color) {
  constexpr const char* names[]{"gray", "gray+alpha", "RGB", "RGBA", "CMYK"};
  return names[int(color)];
}

int channels_of(ColorModel color) {
  constexpr int channels[]{1, 2, 3, 4, 4};
  return channels[int(color)];
}

Image::Image(const Tensor& table) : Image(table, usual_color(channels_in(table))) {}

Image::Image(const Tensor& table, ColorModel model) {
  check(table.dtype() == u8 || table.dtype() == u16, "an image holds u8 or u16, not {}", table.describe());
  check(channels_in(table) == channels_of(model), "{} wants {} channels: {}", image::name_of(model),
        channels_of(model), table.describe());
  color = model;
  dtype = table.dtype();
  depth = dtype == u8 ? 8 : 16;
  shape = {table.size(0), table.size(1), channels_of(model)};
  pixels = table.contiguous().reshape(shape);
}

Image read(const std::string& path) { return decode(read_file(path), path); }

Image decode(View8 bytes, const std::string& name) { return codec_of(bytes, name).decode(bytes, name); }

Header probe(View8 bytes, const std::string& name) { return codec_of(bytes, name).probe(bytes, name); }

std::vector<uint8_t> encode(const Image& image, const std::string& format, int quality) {
  check(image.pixels.defined() && image.pixels.numel() > 0, "cannot encode an image without pixels");
  check(quality >= 1 && quality <= 100, "quality={} is outside 1..100", quality);
  for (const Codec* c : codecs)
    if (c->name == format) return c->encode(image, quality);
  fail("cannot write images as '{}': jpeg and png are known", format);
}

void write(const std::string& path, const Image& image, int quality) {
  const std::string extension = extension_of(path);
  for (const Codec* c : codecs)
    if (!extension.empty() &&
        std::find(c->extensions.begin(), c->extensions.end(), extension) != c->extensions.end()) {
      const Bytes bytes = encode(image, c->name, quality);
      return write_file(path, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    }
  fail("cannot write {}: the extension '{}' is none of png, jpg, jpeg", path, extension);
}

void check_plausible(const Header& header, double pixels_per_byte) {
  const int64_t pixels = header.shape.numel() / header.channels();
  check(pixels <= max_pixels, "{} promises {} x {} pixels, more than the {} allowed", header.name,
        header.width(), header.height(), max_pixels);
  const double most = std::ceil((double(header.file_bytes) + 64) * pixels_per_byte);
  check(double(pixels) <= most,
        "{} promises {} x {} pixels, but its {} bytes can hold at most {:.0f}: damaged or truncated",
        header.name, header.width(), header.height(), header.file_bytes, most);
}

std::string printable(std::string_view text) {
  constexpr size_t most = 80;
  std::string out(text.substr(0, most));
  for (char& c : out)
    if (c < ' ' || c > '~') c = '?';
  return text.size() > most ? out + "..." : out;
}

}  // namespace fovea::image

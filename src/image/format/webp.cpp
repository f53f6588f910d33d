// WebP through libwebp: lossy, lossless, with alpha, animated (as a browser shows the frames).
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

#include <memory>

#include "image/signatures.h"

namespace fovea::image {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)>;

Demuxer open(const Source& source) {
  const WebPData data{source.bytes.data(), source.bytes.size()};
  Demuxer demuxer(WebPDemux(&data), WebPDemuxDelete);
  check(demuxer != nullptr, "{} is a damaged or truncated WebP file", source.name);
  return demuxer;
}

/// The content of the first chunk `name`, empty if there is none.
View8 chunk_of(const WebPDemuxer* demuxer, const char* name) {
  WebPChunkIterator chunk{};
  const bool there = WebPDemuxGetChunk(demuxer, name, 1, &chunk);
  const View8 bytes = there ? View8(chunk.chunk.bytes, chunk.chunk.size) : View8{};  // points into the file
  WebPDemuxReleaseChunkIterator(&chunk);
  return bytes;
}

struct Parsed {
  Header header;
  std::vector<double> seconds;  // of the frames
  View8 still;                  // the one frame of a file without animation
};

Parsed parse(const Source& source) {
  const Demuxer demuxer = open(source);
  Parsed parsed{header_of(source, "webp"), {}, {}};
  Header& header = parsed.header;
  const auto get = [&](WebPFormatFeature what) { return WebPDemuxGetI(demuxer.get(), what); };
  const uint32_t flags = get(WEBP_FF_FORMAT_FLAGS);
  const bool animated = flags & ANIMATION_FLAG;
  bool alpha = flags & ALPHA_FLAG;
  WebPIterator frame{};
  for (bool more = WebPDemuxGetFrame(demuxer.get(), 1, &frame); more; more = WebPDemuxNextFrame(&frame)) {
    parsed.seconds.push_back(frame.duration * 0.001);
    WebPBitstreamFeatures features{};
    check(WebPGetFeatures(frame.fragment.bytes, frame.fragment.size, &features) == VP8_STATUS_OK,
          "{} is a damaged or truncated WebP file: frame {}", source.name, parsed.seconds.size() - 1);
    alpha |= features.has_alpha != 0;
    if (parsed.seconds.size() == 1)
      header.entries.emplace_back("coding", features.format == 2 ? "lossless" : "lossy");
    parsed.still = View8(frame.fragment.bytes, frame.fragment.size);
  }
  WebPDemuxReleaseIterator(&frame);
  check(!parsed.seconds.empty(), "{} is a damaged or truncated WebP file: it has no whole frame",
        source.name);
  header.frames = int64_t(parsed.seconds.size());
  header.color = alpha || animated ? ColorModel::rgba : ColorModel::rgb;
  header.shape = {get(WEBP_FF_CANVAS_HEIGHT), get(WEBP_FF_CANVAS_WIDTH), channels_of(header.color)};
  if (animated)
    header.entries.emplace_back("animation",
                                fmt::format("{} frames, loops: {}", header.frames, get(WEBP_FF_LOOP_COUNT)));
  const View8 exif = chunk_of(demuxer.get(), "EXIF"), icc = chunk_of(demuxer.get(), "ICCP");
  if (!exif.empty()) {
    const bool named = exif.size() > 6 && starts_with(exif, "Exif");
    header.orientation = exif_orientation(named ? exif.subspan(6) : exif);
    header.entries.emplace_back("Exif", fmt::format("{} bytes", exif.size()));
  }
  if (!icc.empty()) {
    header.icc.assign(icc.begin(), icc.end());
    header.entries.emplace_back("ICC profile", fmt::format("{} bytes", icc.size()));
  }
  return parsed;
}

std::vector<Image> decode_animation(const Source& source, const Parsed& parsed) {
  const Range range = frames_of(source, parsed.header.frames);
  WebPAnimDecoderOptions options;
  check(WebPAnimDecoderOptionsInit(&options), "{}: libwebp has another version than its headers",
        source.name);
  const WebPData data{source.bytes.data(), source.bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  check(decoder != nullptr, "{} is a damaged WebP file", source.name);
  std::vector<Image> frames;
  for (int64_t i = 0; i < range.first + range.count; ++i) {
    uint8_t* pixels = nullptr;
    int time = 0;
    check(WebPAnimDecoderGetNext(decoder.get(), &pixels, &time), "{} is a damaged WebP file: frame {}",
          source.name, i);
    if (i < range.first) continue;
    Image& image = frames.emplace_back();
    static_cast<Header&>(image) = parsed.header;
    image.frame = i, image.duration = parsed.seconds[size_t(i)];
    image.pixels = Tensor::empty(parsed.header.shape, u8);
    std::copy_n(pixels, image.pixels.numel(), image.pixels.data<uint8_t>());
  }
  return frames;
}

Header probe_webp(const Source& source) { return parse(source).header; }

std::vector<Image> decode_webp(const Source& source) {
  const Parsed parsed = parse(source);
  const Header& header = parsed.header;
  check_plausible(source, header);
  if (header.frames > 1) return decode_animation(source, parsed);
  WebPBitstreamFeatures features{};
  const bool still = WebPGetFeatures(parsed.still.data(), parsed.still.size(), &features) == VP8_STATUS_OK &&
                     features.width == header.width() && features.height == header.height();
  if (!still) return decode_animation(source, parsed);
  frames_of(source, 1);
  std::vector<Image> frames(1);
  static_cast<Header&>(frames[0]) = header;
  const Tensor pixels = frames[0].pixels = Tensor::empty(header.shape, u8);
  const auto decode = header.channels() == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  check(decode(parsed.still.data(), parsed.still.size(), pixels.data<uint8_t>(), size_t(pixels.numel()),
               int(header.width()) * header.channels()) != nullptr,
        "{} is a damaged WebP file", source.name);
  return frames;
}

Bytes encode_webp(const Image& image, int quality) {
  const Tensor& t = image.pixels;
  const bool alpha = image.color == ColorModel::rgba;
  check(t.dtype() == u8 && (alpha || image.color == ColorModel::rgb),
        "WebP is written from u8 RGB or RGBA, not {} {}", image::name_of(image.color), t.describe());
  check(t.size(0) <= WEBP_MAX_DIMENSION && t.size(1) <= WEBP_MAX_DIMENSION,
        "WebP holds at most {} pixels per side, not {} x {}", WEBP_MAX_DIMENSION, t.size(1), t.size(0));
  const int width = int(t.size(1)), height = int(t.size(0)), stride = width * int(t.size(2));
  const uint8_t* const pixels = t.data<uint8_t>();
  uint8_t* out = nullptr;
  const size_t n =
      quality == 100
          ? (alpha ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB)(pixels, width, height, stride, &out)
          : (alpha ? WebPEncodeRGBA : WebPEncodeRGB)(pixels, width, height, stride, float(quality), &out);
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(out, WebPFree);
  check(n > 0, "cannot encode as WebP");
  return Bytes(out, out + n);
}

}  // namespace

const Codec webp_codec{"webp",      {"webp"},    is_webp,   probe_webp,
                       decode_webp, encode_webp, "libwebp", "libwebp-dev"};

}  // namespace fovea::image

#include "image/format/apng.h"

#include <zlib.h>

#include "image/convert.h"
#include "image/samples.h"
#include "image/signatures.h"

namespace fovea::image {
namespace {

enum Disposal : uint8_t { keep, to_background, to_previous };
constexpr int source_blend = 0;

struct Chunk {
  std::string_view type;
  View8 data;
};

/// The chunk's data is empty if it is of type `last`: such may be cut off.
Chunk next_chunk(fovea::Reader& reader, std::string_view last = "") {
  const uint32_t length = reader.u32_be();
  const View8 type = reader.take(4);
  Chunk chunk{{reinterpret_cast<const char*>(type.data()), type.size()}, {}};
  if (chunk.type == last) return chunk;
  chunk.data = reader.take(length);
  reader.take(4);  // the checksum is libpng's business
  return chunk;
}

/// How many frames the file promises before its picture begins, 0 if it is still.
uint32_t promised_frames(const Source& source) {
  fovea::Reader reader(source.bytes.subspan(8), source.name);
  while (true) {
    const Chunk chunk = next_chunk(reader, "IDAT");
    if (chunk.type == "acTL" && chunk.data.size() == 8) return load<uint32_t>(chunk.data.data(), true);
    if (chunk.type == "IDAT" || chunk.type == "IEND") return 0;
  }
}

/// Walks over the chunks of an animation. A fault of it leaves the still picture readable, so it is told, not
/// thrown.
class ChunkWalk {
 public:
  explicit ChunkWalk(const Source& source) : reader_(source.bytes.subspan(8), source.name) {}

  PngAnimation run() {
    for (Chunk chunk; chunk.type != "IEND" && animation_.warning.empty();) visit(chunk = next_chunk(reader_));
    if (animation_.warning.empty()) finish();
    if (!animation_.warning.empty()) animation_.frames.clear();
    return std::move(animation_);
  }

 private:
  void visit(const Chunk& chunk) {
    const auto& [type, data] = chunk;
    if (type == "IHDR") animation_.header = data;
    if (type == "PLTE") animation_.palette = data;
    if (type == "tRNS") animation_.transparency = data;
    if (type == "fcTL") begin_frame(data);
    if (type == "IDAT") {
      seen_data_ = true;
      if (animation_.frames.empty()) animation_.still_first = true;
      else animation_.frames.back().data.push_back(data);
    }
    if (type == "fdAT" && in_sequence(data)) {
      const size_t of_picture = seen_data_ && !animation_.still_first;  // a frame whose data is IDAT's
      if (!seen_data_ || animation_.frames.size() <= of_picture) warn("data without a frame");
      else animation_.frames.back().data.push_back(data.subspan(4));
    }
  }

  void begin_frame(View8 data) {
    if (data.size() != 26 || animation_.header.size() != 13) return warn("a header has the wrong length");
    if (!in_sequence(data) || !last_is_whole()) return;
    const auto number = [&](size_t at) { return int64_t{load<uint32_t>(data.data() + at, true)}; };
    const auto part = [&](size_t at) { return load<uint16_t>(data.data() + at, true); };
    PngFrame frame;
    frame.left = number(12), frame.top = number(16), frame.width = number(4), frame.height = number(8);
    frame.seconds = part(20) / double(part(22) ? part(22) : 100);
    frame.disposal = data[24], frame.blend = data[25];
    const int64_t width = load<uint32_t>(animation_.header.data(), true),
                  height = load<uint32_t>(animation_.header.data() + 4, true);
    const bool inside = frame.width > 0 && frame.height > 0 && frame.left + frame.width <= width &&
                        frame.top + frame.height <= height;
    const bool whole = frame.width == width && frame.height == height;
    if (!inside || (!seen_data_ && !whole) || frame.disposal > to_previous || frame.blend > 1)
      return warn("the header of a frame is wrong");
    if (!seen_data_ && !animation_.frames.empty()) return warn("two frames share the picture");
    animation_.frames.push_back(frame);
  }

  bool last_is_whole() {
    if (!animation_.frames.empty() && animation_.frames.back().data.empty()) warn("a frame has no data");
    return animation_.warning.empty();
  }

  bool in_sequence(View8 data) {
    if (data.size() < 4 || load<uint32_t>(data.data(), true) != next_++) warn("its chunks are out of order");
    return animation_.warning.empty();
  }

  void finish() {
    if (animation_.frames.empty()) return warn("it has no frames");
    last_is_whole();
  }

  void warn(const char* what) { animation_.warning = fmt::format("the animation is damaged: {}", what); }

  fovea::Reader reader_;
  PngAnimation animation_;
  uint32_t next_ = 0;  // number of the next chunk of the animation
  bool seen_data_ = false;
};

void put_chunk(Bytes& to, std::string_view type, View8 data) {
  const auto put = [&](uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(uint8_t(v >> shift));
  };
  put(uint32_t(data.size()));
  const size_t start = to.size();
  to.insert(to.end(), type.begin(), type.end());
  to.insert(to.end(), data.begin(), data.end());
  put(uint32_t(crc32(0, to.data() + start, uInt(to.size() - start))));
}

/// The frame as a PNG file of its own.
Bytes file_of(const PngAnimation& animation, const PngFrame& frame) {
  Bytes header(animation.header.begin(), animation.header.end()), data;
  for (int i = 0; i < 4; ++i) {
    header[size_t(i)] = uint8_t(frame.width >> (24 - 8 * i));
    header[size_t(4 + i)] = uint8_t(frame.height >> (24 - 8 * i));
  }
  for (const View8 piece : frame.data) data.insert(data.end(), piece.begin(), piece.end());
  Bytes out{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  put_chunk(out, "IHDR", header);
  if (!animation.palette.empty()) put_chunk(out, "PLTE", animation.palette);
  if (!animation.transparency.empty()) put_chunk(out, "tRNS", animation.transparency);
  put_chunk(out, "IDAT", data);
  put_chunk(out, "IEND", {});
  return out;
}

/// `from` over `to`, neither multiplied by its alpha, which is the last of `channels`.
template <class T>
void blend_over(const T* from, T* to, int64_t channels) {
  constexpr uint64_t full = std::numeric_limits<T>::max();
  const uint64_t above = from[channels - 1] * full, below = (full - from[channels - 1]) * to[channels - 1];
  const uint64_t all = above + below;
  if (all == 0) return;
  for (int64_t c = 0; c < channels - 1; ++c) to[c] = T((from[c] * above + to[c] * below + all / 2) / all);
  to[channels - 1] = T((all + full / 2) / full);
}

/// The canvas, always with alpha. Work on it is bounded by the parts that frames cover.
class Canvas {
 public:
  Canvas(int64_t height, int64_t width, ColorModel color, DType dtype)
      : color_(color == ColorModel::gray || color == ColorModel::gray_alpha ? ColorModel::gray_alpha
                                                                            : ColorModel::rgba),
        pixels_(blank({height, width, channels_of(color_)}, dtype)) {}

  ColorModel color() const { return color_; }
  const Tensor& pixels() const { return pixels_; }

  void paint(const PngFrame& frame, const Image& picture) {
    const Tensor from = convert(picture.pixels, picture.color, color_), area = area_of(frame);
    if (frame.blend == source_blend) return area.copy_from(from);
    const Tensor mixed = area.contiguous().clone();
    for_type(from.dtype(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (std::is_integral_v<T>)
        for (int64_t i = 0, n = from.size(2); i < from.numel(); i += n)
          blend_over(from.data<T>() + i, mixed.data<T>() + i, n);
    });
    area.copy_from(mixed);
  }

  Tensor copy_of(const PngFrame& frame) const { return area_of(frame).contiguous().clone(); }
  void restore(const PngFrame& frame, const Tensor& before) { area_of(frame).copy_from(before); }
  void clear(const PngFrame& frame) { area_of(frame).fill(0); }

 private:
  Tensor area_of(const PngFrame& f) const {
    return pixels_.narrow(0, f.top, f.height).narrow(1, f.left, f.width);
  }

  ColorModel color_;
  Tensor pixels_;
};

/// Whether some pixel of some frame may be transparent: the first does not cover all, or parts are cleared.
bool shows_background(const PngAnimation& animation, const Header& header) {
  const PngFrame& first = animation.frames[0];
  bool shows =
      first.width != header.width() || first.height != header.height() || first.disposal == to_previous;
  for (const PngFrame& frame : animation.frames) shows |= frame.disposal == to_background;
  return shows;
}

}  // namespace

PngAnimation png_animation(const Source& source) {
  const uint32_t promised = promised_frames(source);
  if (promised == 0) return {};
  PngAnimation animation = ChunkWalk(source).run();
  animation.promised = promised;
  return animation;
}

void describe_animation(Header& header, const PngAnimation& animation) {
  if (!animation.warning.empty()) header.entries.emplace_back("warning", animation.warning);
  if (animation.frames.empty()) return;
  header.frames = animation.count();
  header.entries.emplace_back("animation",
                              fmt::format("{} frames{}", animation.frames.size(),
                                          animation.still_first ? " after the still picture" : ""));
  if (!has_alpha(header.color) && shows_background(animation, header)) {
    header.color = header.color == ColorModel::gray ? ColorModel::gray_alpha : ColorModel::rgba;
    header.shape[2] = channels_of(header.color);
  }
  if (!animation.still_first) header.duration = animation.frames[0].seconds;
}

std::vector<Image> decode_animation(const Source& source, const PngAnimation& animation, const Image& still) {
  Header header = still;
  describe_animation(header, animation);
  const Range range = frames_of(source, header.frames);
  check_plausible(source, header);
  std::vector<Image> out;
  const auto add = [&](const Tensor& pixels, ColorModel color, int64_t frame, double seconds) {
    Image& image = out.emplace_back();
    static_cast<Header&>(image) = header;
    image.frame = frame, image.duration = seconds,
    image.pixels = convert(pixels, color, header.color).clone();
  };
  if (animation.still_first && range.first == 0) add(still.pixels, still.color, 0, 0);
  Canvas canvas(header.height(), header.width(), header.color, header.dtype);
  int64_t number = animation.still_first;
  for (size_t i = 0; i < animation.frames.size() && number < range.first + range.count; ++i, ++number) {
    const PngFrame& frame = animation.frames[i];
    const bool is_still = i == 0 && !animation.still_first;
    const std::string name = fmt::format("{} (frame {})", source.name, number);
    ReadOptions options = source.options;
    options.frame = 0;
    const Bytes file = is_still ? Bytes{} : file_of(animation, frame);
    const Image picture = is_still ? still : decode_still_png({file, name, options});
    const bool go_back = frame.disposal == to_previous && i > 0;
    const Tensor before = go_back ? canvas.copy_of(frame) : Tensor();
    canvas.paint(frame, picture);
    if (number >= range.first) add(canvas.pixels(), canvas.color(), number, frame.seconds);
    if (go_back) canvas.restore(frame, before);
    else if (frame.disposal != keep) canvas.clear(frame);
  }
  return out;
}

}  // namespace fovea::image

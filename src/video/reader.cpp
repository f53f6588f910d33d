#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>

#include "base/text.h"
#include "video/sequence.h"
#include "video/stream.h"

namespace fovea::video {
namespace {

/// FFmpeg, which takes anything, last.
constexpr const Backend* backends[]{&camera_backend, &sequence_backend,  &y4m_backend,
                                    &avi_backend,    &animation_backend, &ffmpeg_backend};

std::unique_ptr<Stream> open(const Place& place, const Options& options) {
  for (const Backend* backend : backends)
    if (backend->matches(place)) return backend->open(place, options);
  fail("{} is no video", place.path);
}

constexpr size_t start_bytes = 65536;

Place place_of(const std::string& path) {
  Place place{path, nullptr, {}};
  const bool is_file = !is_address(path) && !is_pattern(path) && !path.starts_with("/dev/video") &&
                       !std::filesystem::is_directory(path);
  if (!is_file) return place;
  place.content = std::make_shared<Pieces>(path);
  place.start = place.content->read(0, start_bytes);
  check(!place.start.empty(), "{} is empty, not a video", path);
  return place;
}

/// What next() gives if the caller wants another colour.
void recolor(Header& header, const Options& options) {
  if (!options.color) return;
  check(*options.color == image::ColorModel::gray || *options.color == image::ColorModel::rgb,
        "frames are made gray or RGB, not {}", image::name_of(*options.color));
  check(header.color != image::ColorModel::many, "{} has channels without colour: it stays as it is",
        header.name);
  set_color(header, *options.color);
}

}  // namespace

std::string Rational::str() const { return den == 1 ? std::to_string(num) : fmt::format("{}/{}", num, den); }

Rational reduced(int64_t num, int64_t den) {
  const int64_t divisor = std::gcd(num, den);
  return divisor == 0 || den == 0 ? Rational{} : Rational{num / divisor, den / divisor};
}

image::Limits Options::default_limits() {
  image::Limits limits = image::default_limits();
  limits.frames *= 1000;
  return limits;
}

bool is_address(const std::string& path) {
  const size_t colon = path.find("://");
  return colon != path.npos && colon > 1 &&
         std::all_of(path.begin(), path.begin() + int64_t(colon),
                     [](char c) { return std::isalnum(uint8_t(c)); });
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = char(std::tolower(uint8_t(c)));
  return extension.empty() ? "" : extension.substr(1);
}

bool is_video_name(const std::string& path) {
  constexpr std::string_view known[]{"mp4", "m4v",  "mov",  "mkv", "webm", "avi", "y4m",
                                     "mpg", "mpeg", "m2v",  "ts",  "mts",  "wmv", "m2ts",
                                     "flv", "ogv",  "mjpg", "3gp", "h264", "h265"};
  return is_address(path) || is_pattern(path) || path.starts_with("/dev/video") ||
         std::find(std::begin(known), std::end(known), extension_of(path)) != std::end(known);
}

void set_color(Header& header, image::ColorModel color) {
  header.color = color, header.channels = image::channels_of(color);
}

Header header_of(const Place& place, const char* container) {
  Header header;
  header.name = place.path, header.container = container;
  if (place.content) header.file_bytes = int64_t(place.content->size());
  return header;
}

void check_size(const Header& header, const image::Limits& limits) {
  const double pixels = double(header.width) * double(header.height);
  check(header.width > 0 && header.height > 0, "{} has no pixels: {} x {}", header.name, header.width,
        header.height);
  check(pixels <= double(limits.pixels) && std::max(header.width, header.height) <= limits.side,
        "{} promises {} x {} pixels, more than the limit {} (FOVEA_MAX_PIXELS or Options::limits raises it)",
        header.name, header.width, header.height, thousands(limits.pixels));
}

image::ColorModel frame_color(image::ColorModel color) {
  using enum image::ColorModel;
  return color == gray || color == gray_alpha ? gray : color == many ? many : rgb;
}

Tensor frame_of(const image::Image& picture) {
  const Tensor upright = image::upright(picture);
  switch (frame_color(picture.color)) {
    case image::ColorModel::gray:
      return picture.color == image::ColorModel::gray ? upright : upright.narrow(2, 0, 1).contiguous();
    case image::ColorModel::many:
      return upright;
    default:
      return image::to_rgb(upright, picture.color);
  }
}

bool IndexedStream::next(Frame& frame) {
  if (position_ >= header.frames) {
    check(broken_.empty(), "{}", broken_);
    return false;
  }
  frame = {at(position_), position_, time_of(position_)};
  ++position_;
  return true;
}

Reader::Reader(const std::string& path, const Options& options)
    : stream_(open(place_of(path), options)), options_(options) {
  recolor(stream_->header, options);
}

Reader::Reader(std::span<const uint8_t> bytes, const std::string& name, const Options& options)
    : options_(options) {
  check(!bytes.empty(), "{} is empty, not a video", name);
  auto content = std::make_shared<Pieces>(bytes, name);
  const Bytes start = content->read(0, start_bytes);
  stream_ = open({name, std::move(content), start}, options);
  recolor(stream_->header, options);
}

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

const Header& Reader::header() const { return stream_->header; }

std::optional<Frame> Reader::next() {
  Frame frame;
  if (!stream_->next(frame)) return std::nullopt;
  const int wanted = image::channels_of(header().color);
  if (wanted == 1 && frame.pixels.size(2) == 3)
    frame.pixels = image::to_gray(frame.pixels, image::ColorModel::rgb).reshape(header().frame_shape());
  if (wanted == 3 && frame.pixels.size(2) == 1)
    frame.pixels = image::to_rgb(frame.pixels, image::ColorModel::gray);
  return frame;
}

void Reader::seek(int64_t frame) {
  check(header().seekable, "{} only streams: it has no frame {} to go to", header().name, frame);
  check(frame >= 0 && (frame == 0 || frame < count()), "{} has {} frames, 0 to {}: frame={} does not exist",
        header().name, count(), count() - 1, frame);
  stream_->seek(frame);
}

int64_t Reader::count() {
  check(header().seekable, "{} only streams: its frames cannot be counted", header().name);
  if (!header().frames_exact || header().frames < 0) stream_->count();
  return header().frames;
}

Frame Reader::frame(int64_t index) {
  seek(index);
  std::optional<Frame> found = next();
  check(found.has_value(), "{} ends before its frame {}", header().name, index);
  return std::move(*found);
}

}  // namespace fovea::video

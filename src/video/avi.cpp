// AVI (RIFF) whose frames are JPEGs. The chunks are walked once, so that no index is needed: neither the old
// one (idx1) nor that of files above 1 GB (OpenDML), whose further RIFF lists are walked as well.
#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "image/samples.h"
#include "video/stream.h"

namespace fovea::video {
namespace {

using image::load;
using image::View8;

std::string_view text_at(View8 bytes, size_t at) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, 4};
}

/// What a chunk says of itself; a list's content starts after 4 more bytes, and is walked, not jumped over.
struct Chunk {
  size_t at = 0;
  std::string id, list;  // "LIST" of "movi"
  size_t bytes = 0;

  size_t content() const { return at + 8; }
  size_t next() const { return list.empty() ? content() + bytes + bytes % 2 : at + 12; }
  size_t end() const { return content() + bytes; }
};

/// The chunk that starts at `at`, of which `bytes` are the first (12 if the file has them); none if they are
/// no chunk.
std::optional<Chunk> chunk_in(View8 bytes, size_t at) {
  constexpr std::string_view walked[]{"AVI ", "AVIX", "hdrl", "strl", "movi", "rec "};
  if (bytes.size() < 8) return std::nullopt;
  for (size_t i = 0; i < 4; ++i)
    if (!std::isprint(bytes[i])) return std::nullopt;
  Chunk chunk{at, std::string(text_at(bytes, 0)), "", load<uint32_t>(bytes.data() + 4)};
  if ((chunk.id == "LIST" || chunk.id == "RIFF") && bytes.size() >= 12)
    for (const std::string_view list : walked)
      if (text_at(bytes, 8) == list) chunk.list = list;
  return chunk;
}

/// What the lists before the frames tell.
struct AviHeader {
  int streams = 0, video = -1;  // number of streams; which is the first video
  std::string codec;            // four letters
  uint32_t scale = 0, rate = 0;
  size_t movi = 0;  // where the list of frames is

  /// "00dc", "00db": the chunks that hold frames.
  bool is_frame(const std::string& id) const {
    return id[0] == char('0' + video / 10) && id[1] == char('0' + video % 10) && id[2] == 'd' &&
           (id[3] == 'c' || id[3] == 'b');
  }
};

/// From the first bytes of the file; `movi` stays 0 if they do not reach so far.
AviHeader avi_header(View8 start) {
  AviHeader header;
  for (size_t at = 0; at + 12 <= start.size();) {
    const std::optional<Chunk> chunk = chunk_in(start.subspan(at), at);
    if (!chunk) break;
    if (chunk->list == "movi") {
      header.movi = at;
      break;
    }
    const size_t content = chunk->content();
    if (chunk->id == "strh" && content + 28 <= start.size()) {
      if (header.video < 0 && text_at(start, content) == "vids") {
        header.video = header.streams;
        header.scale = load<uint32_t>(&start[content + 20]),
        header.rate = load<uint32_t>(&start[content + 24]);
      }
      ++header.streams;
    }
    if (chunk->id == "strf" && header.video == header.streams - 1 && content + 20 <= start.size() &&
        header.video >= 0)
      header.codec = text_at(start, content + 16);
    at = chunk->next();
  }
  return header;
}

bool is_avi(View8 start) {
  return start.size() >= 12 && text_at(start, 0) == "RIFF" && text_at(start, 8) == "AVI ";
}

class AviStream : public IndexedStream {
 public:
  AviStream(const Place& place, const Options& options)
      : content_(place.content), file_(avi_header(place.start)), limits_(options.limits) {
    header = header_of(place, "avi");
    header.codec = "mjpeg";
    find_frames();
    header.frames = int64_t(frames_.size());
    check(header.frames > 0, "{}",
          broken_.empty() ? header.name + " is an AVI file without frames" : broken_);
    if (!broken_.empty()) header.entries.emplace_back("warning", broken_);
    describe();
    const bool timed = file_.scale > 0 && file_.rate > 0;
    header.rate = timed ? reduced(file_.rate, file_.scale) : options.rate;
    header.time_base = {header.rate.den, header.rate.num};
    header.duration = double(header.frames) / header.rate.value();
  }

 protected:
  Tensor at(int64_t index) override {
    const image::Image picture = image::decode(bytes_of(index), name_of(index), {.limits = limits_});
    check(picture.height() == header.height && picture.width() == header.width,
          "{} has {} x {} pixels, the video {} x {}", name_of(index), picture.width(), picture.height(),
          header.width, header.height);
    const Tensor pixels = frame_of(picture);
    return pixels.size(2) == header.channels ? pixels : image::to_rgb(pixels, image::ColorModel::gray);
  }

 private:
  struct Place8 {
    size_t at, bytes;
  };

  Bytes bytes_of(int64_t index) const {
    const Place8& place = frames_[size_t(index)];
    return content_->read(place.at, place.bytes);
  }
  std::string name_of(int64_t index) const { return fmt::format("{} frame {}", header.name, index); }

  void describe() {
    const image::Header first = image::probe(bytes_of(0), name_of(0), {.limits = limits_});
    header.width = first.width(), header.height = first.height();
    set_color(header, frame_color(first.color));
    header.pixel_format = image::name_of(first.color);
    check_size(header, limits_);
  }

  void find_frames();
  void keep(const Chunk& chunk);

  std::shared_ptr<Pieces> content_;
  AviHeader file_;
  image::Limits limits_;
  std::vector<Place8> frames_;
};

/// An empty chunk repeats the frame before.
void AviStream::keep(const Chunk& chunk) {
  check(int64_t(frames_.size()) < limits_.frames, "{} has more than the limit of {} frames", header.name,
        limits_.frames);
  if (chunk.bytes > 0) frames_.push_back({chunk.content(), chunk.bytes});
  else if (!frames_.empty()) frames_.push_back(frames_.back());
}

void AviStream::find_frames() {
  size_t promised = 0;  // bytes that the lists are said to have
  for (size_t at = 0; at < content_->size();) {
    const std::optional<Chunk> chunk = chunk_in(content_->read(at, 12), at);
    if (!chunk) {
      broken_ = fmt::format("{} is damaged or truncated after {} frames: no chunk starts at byte {}",
                            header.name, frames_.size(), at);
      return;
    }
    promised = std::max(promised, chunk->end());
    const bool is_frame = chunk->list.empty() && at > file_.movi && file_.is_frame(chunk->id);
    if (is_frame && chunk->end() <= content_->size()) keep(*chunk);
    at = chunk->next();
  }
  if (promised > content_->size())
    broken_ = fmt::format("{} is truncated after {} frames: it promises {} bytes and has {}", header.name,
                          frames_.size(), promised, content_->size());
}

bool matches_mjpeg(const Place& place) {
  constexpr std::string_view jpegs[]{"MJPG", "mjpg", "JPEG", "jpeg"};
  if (!is_avi(place.start)) return false;
  const AviHeader header = avi_header(place.start);
  return header.movi > 0 && std::find(std::begin(jpegs), std::end(jpegs), header.codec) != std::end(jpegs);
}

}  // namespace

const Backend avi_backend{"avi", matches_mjpeg,
                          [](const Place& place, const Options& options) -> std::unique_ptr<Stream> {
                            return std::make_unique<AviStream>(place, options);
                          }};

}  // namespace fovea::video

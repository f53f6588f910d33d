// Y4M (YUV4MPEG2): uncompressed video, as frames; 8 bits, 4:2:0, 4:2:2, 4:4:4 and gray. Colours by ITU-R 601
// in the range 16..235 unless the file says full range.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "image/samples.h"

namespace fovea::image {
namespace {

class Y4mReader {
 public:
  explicit Y4mReader(const Source& source) : source_(source), header_(header_of(source, "y4m")) {
    const std::string_view text(reinterpret_cast<const char*>(source.bytes.data()), source.bytes.size());
    const size_t end = text.substr(0, 4096).find('\n');
    check(end != text.npos, "{}: the first line of the Y4M file does not end", source.name);
    std::string_view line = text.substr(0, end);
    int64_t width = 0, height = 0;
    std::string_view chroma = "420";
    while (!line.empty()) {
      const std::string_view word = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), word.size() + 1));
      if (word.starts_with('W')) width = number(word);
      if (word.starts_with('H')) height = number(word);
      if (word.starts_with('C')) chroma = word.substr(1);
      if (word.starts_with('F')) header_.entries.emplace_back("frame rate", printable(word.substr(1)));
      if (word == "XCOLORRANGE=FULL") full_ = true;
    }
    describe(width, height, chroma);
    find_frames(text, end + 1);
  }

  const Header& header() const { return header_; }

  std::vector<Image> decode() const {
    check_plausible(source_, header_, 1);
    const Range range = frames_of(source_, header_.frames);
    std::vector<Image> out;
    for (int64_t i = range.first; i < range.first + range.count; ++i) out.push_back(frame(i));
    return out;
  }

 private:
  int64_t number(std::string_view word) const {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data() + 1, word.data() + word.size(), value);
    check(error == std::errc{} && end == word.data() + word.size() && value > 0 && value < 1 << 24,
          "{}: '{}' is no size of a Y4M file", source_.name, printable(word));
    return value;
  }

  void describe(int64_t width, int64_t height, std::string_view chroma) {
    check(width > 0 && height > 0, "{}: the first line of the Y4M file names no size", source_.name);
    const bool gray = chroma == "mono";
    if (chroma.starts_with("420") && !chroma.starts_with("420p"))
      chroma_width_ = (width + 1) / 2, chroma_height_ = (height + 1) / 2;
    else if (chroma == "422") chroma_width_ = (width + 1) / 2, chroma_height_ = height;
    else if (chroma == "444") chroma_width_ = width, chroma_height_ = height;
    else
      check(gray, "{}: chroma '{}' is not supported: 8 bits of 420, 422, 444 or mono are", source_.name,
            printable(chroma));
    header_.color = gray ? ColorModel::gray : ColorModel::rgb;
    header_.shape = {height, width, gray ? 1 : 3};
    header_.entries.emplace_back(
        "stored as", gray ? "gray" : fmt::format("YCbCr {}, {} range", chroma, full_ ? "full" : "video"));
  }

  void find_frames(std::string_view text, size_t at) {
    const size_t bytes = size_t(header_.height() * header_.width() + 2 * chroma_width_ * chroma_height_);
    while (at < text.size()) {
      const size_t end = text.substr(at, 4096).find('\n');
      check(text.substr(at).starts_with("FRAME") && end != text.npos, "{}: no frame starts at byte {}",
            source_.name, at);
      at += end + 1;
      check(text.size() - at >= bytes, "{} is truncated in frame {}", source_.name, starts_.size());
      starts_.push_back(at);
      at += bytes;
    }
    check(!starts_.empty(), "{} is a Y4M file without frames", source_.name);
    header_.frames = int64_t(starts_.size());
  }

  Image frame(int64_t index) const {
    Image image;
    static_cast<Header&>(image) = header_;
    image.frame = index;
    image.pixels = Tensor::empty(header_.shape, u8);
    const int64_t height = header_.height(), width = header_.width();
    const uint8_t* const luma = source_.bytes.data() + starts_[size_t(index)];
    const uint8_t* const cb = luma + height * width;
    const uint8_t* const cr = cb + chroma_width_ * chroma_height_;
    uint8_t* to = image.pixels.data<uint8_t>();
    if (header_.channels() == 1) {
      std::copy(luma, cb, to);
      return image;
    }
    const auto clip = [](float v) { return uint8_t(std::clamp(v + 0.5f, 0.0f, 255.0f)); };
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x, to += 3) {
        const int64_t c = y * chroma_height_ / height * chroma_width_ + x * chroma_width_ / width;
        const float l =
            full_ ? float(luma[y * width + x]) : (float(luma[y * width + x]) - 16) * (255.0f / 219);
        const float scale = full_ ? 1 : 255.0f / 224, b = (float(cb[c]) - 128) * scale,
                    r = (float(cr[c]) - 128) * scale;
        to[0] = clip(l + 1.402f * r), to[1] = clip(l - 0.344136f * b - 0.714136f * r),
        to[2] = clip(l + 1.772f * b);
      }
    return image;
  }

  const Source& source_;
  Header header_;
  int64_t chroma_width_ = 0, chroma_height_ = 0;
  bool full_ = false;
  std::vector<size_t> starts_;
};

bool matches(View8 b) { return b.size() >= 10 && std::memcmp(b.data(), "YUV4MPEG2 ", 10) == 0; }

Header probe_y4m(const Source& source) { return Y4mReader(source).header(); }

std::vector<Image> decode_y4m(const Source& source) { return Y4mReader(source).decode(); }

}  // namespace

const Codec y4m_codec{"y4m", {"y4m"}, matches, probe_y4m, decode_y4m};

}  // namespace fovea::image

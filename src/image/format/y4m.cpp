// Y4M (YUV4MPEG2): uncompressed video, as frames; 4:2:0, 4:2:2, 4:4:4 and gray of 8 to 16 bits. Colours by
// ITU-R 601 in the range 16..235 unless the file says full range.
#include "image/format/y4m.h"

#include <algorithm>
#include <charconv>

namespace fovea::image {
namespace {

std::string_view text_of(View8 bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

int64_t number_in(std::string_view word, const std::string& name) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  check(error == std::errc{} && end == word.data() + word.size() && value > 0 && value < 1 << 24,
        "{}: '{}' is no size of a Y4M file", name, printable(word));
  return value;
}

/// "30000:1001"; "0:0" says that it is not known.
void read_rate(std::string_view word, Y4mHeader& header, const std::string& name) {
  const size_t colon = word.find(':');
  if (word == "0:0") return;
  check(colon != word.npos, "{}: '{}' is no frame rate of a Y4M file", name, printable(word));
  header.rate = number_in(word.substr(0, colon), name);
  header.rate_scale = number_in(word.substr(colon + 1), name);
}

/// "420p10": what follows "p" are bits; "mono10" has them at once.
void read_chroma(Y4mHeader& header, const std::string& name) {
  YuvLayout& l = header.layout;
  std::string_view kind = header.chroma, bits;
  const std::string_view all = kind;
  const bool mono = kind.starts_with("mono");
  if (mono) kind = all.substr(0, 4), bits = all.substr(4);
  else if (const size_t p = all.find('p'); p == 3 && all != "420paldv")
    kind = all.substr(0, 3), bits = all.substr(4);
  if (!bits.empty()) {
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), l.depth);
    if (error != std::errc{} || end != bits.data() + bits.size()) l.depth = 0;
  }
  if (kind == "420" || kind == "420jpeg" || kind == "420mpeg2" || kind == "420paldv")
    l.chroma_width = (l.width + 1) / 2, l.chroma_height = (l.height + 1) / 2;
  else if (kind == "422") l.chroma_width = (l.width + 1) / 2, l.chroma_height = l.height;
  else if (kind == "444") l.chroma_width = l.width, l.chroma_height = l.height;
  else if (!mono) l.depth = 0;
  check(l.depth >= 8 && l.depth <= 16,
        "{}: chroma '{}' is not supported: 420, 422, 444 and mono of 8 to 16 bits are", name,
        printable(header.chroma));
}

class Y4mReader {
 public:
  explicit Y4mReader(const Source& source) : source_(source), header_(header_of(source, "y4m")) {
    file_ = y4m_header(source.bytes, source.name);
    const YuvLayout& l = file_.layout;
    header_.color = l.gray() ? ColorModel::gray : ColorModel::rgb;
    header_.shape = {l.height, l.width, l.gray() ? 1 : 3};
    header_.depth = l.depth, header_.dtype = l.depth > 8 ? u16 : u8;
    if (file_.rate > 0)
      header_.entries.emplace_back("frame rate", fmt::format("{}:{}", file_.rate, file_.rate_scale));
    header_.entries.emplace_back(
        "stored as",
        l.gray() ? "gray" : fmt::format("YCbCr {}, {} range", file_.chroma, l.full_range ? "full" : "video"));
    find_frames();
  }

  const Header& header() const { return header_; }

  std::vector<Image> decode() const {
    check_plausible(source_, header_, 1);
    const Range range = frames_of(source_, header_.frames);
    std::vector<Image> out;
    for (int64_t i = range.first; i < range.first + range.count; ++i) {
      Image& image = out.emplace_back();
      static_cast<Header&>(image) = header_;
      image.frame = i;
      image.pixels = pixels_of_yuv(source_.bytes.subspan(starts_[size_t(i)]), file_.layout);
    }
    return out;
  }

 private:
  void find_frames() {
    const size_t bytes = size_t(file_.layout.bytes());
    for (size_t at = file_.bytes; at < source_.bytes.size(); at += bytes) {
      at += y4m_frame_line(source_.bytes.subspan(at), source_.name, at);
      check(source_.bytes.size() - at >= bytes, "{} is truncated in frame {}", source_.name, starts_.size());
      starts_.push_back(at);
    }
    check(!starts_.empty(), "{} is a Y4M file without frames", source_.name);
    header_.frames = int64_t(starts_.size());
  }

  const Source& source_;
  Header header_;
  Y4mHeader file_;
  std::vector<size_t> starts_;
};

Header probe_y4m(const Source& source) { return Y4mReader(source).header(); }

std::vector<Image> decode_y4m(const Source& source) { return Y4mReader(source).decode(); }

}  // namespace

std::string Y4mHeader::pixel_format() const {
  if (layout.gray()) return layout.depth > 8 ? fmt::format("gray{}", layout.depth) : "gray";
  return fmt::format("yuv{}p{}", chroma.substr(0, 3), layout.depth > 8 ? std::to_string(layout.depth) : "");
}

bool is_y4m(View8 b) { return text_of(b).starts_with("YUV4MPEG2 "); }

Y4mHeader y4m_header(View8 start, const std::string& name) {
  check(is_y4m(start), "{} is no Y4M file", name);
  const std::string_view text = text_of(start).substr(0, 4096);
  const size_t end = text.find('\n');
  check(end != text.npos, "{}: the first line of the Y4M file does not end", name);
  Y4mHeader header;
  header.bytes = end + 1;
  for (std::string_view line = text.substr(0, end); !line.empty();) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    if (word.starts_with('W')) header.layout.width = number_in(word.substr(1), name);
    if (word.starts_with('H')) header.layout.height = number_in(word.substr(1), name);
    if (word.starts_with('C')) header.chroma = word.substr(1);
    if (word.starts_with('F')) read_rate(word.substr(1), header, name);
    if (word.starts_with('I')) header.interlaced = word != "Ip" && word != "I?";
    if (word == "XCOLORRANGE=FULL") header.layout.full_range = true;
  }
  check(header.layout.width > 0 && header.layout.height > 0,
        "{}: the first line of the Y4M file names no size", name);
  read_chroma(header, name);
  return header;
}

size_t y4m_frame_line(View8 bytes, const std::string& name, size_t at) {
  const std::string_view text = text_of(bytes).substr(0, 4096);
  const size_t end = text.find('\n');
  check(text.starts_with("FRAME") && end != text.npos, "{}: no frame starts at byte {}", name, at);
  return end + 1;
}

const Codec y4m_codec{"y4m", {"y4m"}, is_y4m, probe_y4m, decode_y4m};

}  // namespace fovea::image

#include "video/sequence.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <optional>

#include "video/stream.h"

namespace fovea::video {
namespace {

namespace fs = std::filesystem;

/// "frame_%04d.png": what stands before and after the number, and its least digits.
struct Pattern {
  std::string before, after;
  size_t digits = 1;
};

std::optional<Pattern> pattern_of(const std::string& name) {
  const size_t percent = name.find('%');
  if (percent == name.npos || name.find('%', percent + 1) != name.npos) return std::nullopt;
  size_t end = percent + 1;
  while (end < name.size() && std::isdigit(uint8_t(name[end]))) ++end;
  if (end == name.size() || name[end] != 'd' || end - percent > 3) return std::nullopt;
  Pattern pattern{name.substr(0, percent), name.substr(end + 1)};
  std::from_chars(name.data() + percent + 1, name.data() + end, pattern.digits);
  return pattern;
}

/// The number that makes `name` of the pattern.
std::optional<int64_t> number_in(const std::string& name, const Pattern& pattern) {
  const size_t around = pattern.before.size() + pattern.after.size();
  if (name.size() < around + pattern.digits || !name.starts_with(pattern.before) ||
      !name.ends_with(pattern.after))
    return std::nullopt;
  const char* const first = name.data() + pattern.before.size();
  const char* const last = name.data() + name.size() - pattern.after.size();
  if (size_t(last - first) > pattern.digits && *first == '0') return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(first, last, number);
  return error == std::errc{} && end == last && number >= 0 ? std::optional(number) : std::nullopt;
}

/// Runs of digits compare as numbers.
bool before(const std::string& a, const std::string& b) {
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!std::isdigit(uint8_t(a[i])) || !std::isdigit(uint8_t(b[j]))) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i, ++j;
      continue;
    }
    while (i < a.size() && a[i] == '0') ++i;
    while (j < b.size() && b[j] == '0') ++j;
    size_t m = i, n = j;
    while (m < a.size() && std::isdigit(uint8_t(a[m]))) ++m;
    while (n < b.size() && std::isdigit(uint8_t(b[n]))) ++n;
    if (m - i != n - j) return m - i < n - j;
    if (const int order = a.compare(i, m - i, b, j, n - j)) return order < 0;
    i = m, j = n;
  }
  return a.size() - i != b.size() - j ? a.size() - i < b.size() - j : a < b;
}

class SequenceStream : public IndexedStream {
 public:
  SequenceStream(const Place& place, const Options& options)
      : files_(files_of_sequence(place.path)), limits_(options.limits) {
    header.name = place.path, header.container = "pictures";
    header.frames = int64_t(files_.size());
    check(header.frames <= limits_.frames, "{} has {} pictures, more than the limit {}", place.path,
          header.frames, limits_.frames);
    const image::Image first = image::read(files_[0], {.limits = limits_});
    const Tensor pixels = frame_of(first);
    header.codec = first.format, header.pixel_format = image::name_of(first.color);
    header.depth = first.depth, header.dtype = pixels.dtype();
    header.height = pixels.size(0), header.width = pixels.size(1), header.channels = pixels.size(2);
    header.color = frame_color(first.color);
    header.rate = options.rate, header.time_base = {options.rate.den, options.rate.num};
    header.duration = double(header.frames) / header.rate.value();
  }

 protected:
  Tensor at(int64_t index) override {
    const std::string& file = files_[size_t(index)];
    const Tensor pixels = frame_of(image::read(file, {.limits = limits_}));
    check(pixels.shape() == header.frame_shape() && pixels.dtype() == header.dtype,
          "{} is {}, but {} is {} {}; the pictures of a video are alike", file, pixels.describe(), files_[0],
          fovea::name_of(header.dtype), header.frame_shape());
    return pixels;
  }

 private:
  std::vector<std::string> files_;
  image::Limits limits_;
};

}  // namespace

bool is_pattern(const std::string& path) {
  return pattern_of(fs::path(path).filename().string()).has_value();
}

std::vector<std::string> files_of_sequence(const std::string& path) {
  const std::optional<Pattern> pattern = pattern_of(fs::path(path).filename().string());
  const fs::path folder = pattern ? fs::path(path).parent_path() : fs::path(path);
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, error)) {
    const std::string name = entry.path().filename().string(), file = (folder / name).string();
    if (name.starts_with('.') || !image::is_image_name(name) || !entry.is_regular_file(error)) continue;
    if (!pattern) found.emplace_back(0, file);
    else if (const auto number = number_in(name, *pattern)) found.emplace_back(*number, file);
  }
  check(!found.empty(), "{} {}", path,
        pattern ? "is the name of no picture" : "is a folder without pictures");
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : before(a.second, b.second);
  });
  std::vector<std::string> files;
  for (auto& [number, file] : found) files.push_back(std::move(file));
  return files;
}

const Backend sequence_backend{"pictures",
                               [](const Place& place) {
                                 return !place.content &&
                                        (is_pattern(place.path) || fs::is_directory(place.path));
                               },
                               [](const Place& place, const Options& options) -> std::unique_ptr<Stream> {
                                 return std::make_unique<SequenceStream>(place, options);
                               }};

}  // namespace fovea::video

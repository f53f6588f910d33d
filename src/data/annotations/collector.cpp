#include "data/annotations/collector.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_listed = 1000;
constexpr double overhang = 1;  // pixels that a box may reach over the border: rounding of other programs
constexpr uint64_t split_stream = uint64_t{0xD3} << 56;

/// What is wrong with an outline; empty if nothing is.
std::string outline_problem(const std::vector<double>& xy, const AnnotatedImage& image) {
  if (xy.size() < 6 || xy.size() % 2) return fmt::format("has an outline of {} numbers", xy.size());
  double area = 0;
  for (size_t i = 0; i < xy.size(); i += 2) {
    const size_t next = (i + 2) % xy.size();
    for (const auto& [v, size] : {std::pair{xy[i], image.width}, {xy[i + 1], image.height}})
      if (!(v >= -overhang && v <= double(size) + overhang))
        return fmt::format("has an outline through {:g}, outside of the picture {} x {}", v, image.height,
                           image.width);
    area += xy[i] * xy[next + 1] - xy[next] * xy[i + 1];
  }
  return area == 0 ? "has an outline without area" : "";
}

std::string runs_problem(const std::vector<uint32_t>& runs, const AnnotatedImage& image) {
  int64_t sum = 0, inside = 0;
  for (size_t i = 0; i < runs.size(); ++i) sum += runs[i], inside += i % 2 ? runs[i] : 0;
  if (sum != image.height * image.width)
    return fmt::format("has runs over {} pixels, but the picture is {} x {}", sum, image.height, image.width);
  return inside == 0 ? "has an empty mask" : "";
}

std::string problem_of(const Annotation& object, const AnnotatedImage& image) {
  for (const auto& outline : object.polygons)
    if (std::string text = outline_problem(outline, image); !text.empty()) return text;
  return object.runs.empty() ? "" : runs_problem(object.runs, image);
}

}  // namespace

void Collector::list(std::string text) {
  if (++count_ <= int64_t(most_listed)) listed_.push_back(std::move(text));
}

std::vector<std::string> Collector::warnings() const {
  std::vector<std::string> all = listed_;
  if (count_ > int64_t(most_listed))
    all.push_back(fmt::format("and {} more", thousands(count_ - int64_t(most_listed))));
  return all;
}

void Collector::add(AnnotatedImage& image, Annotation object, const std::array<double, 4>& box,
                    int64_t classes, const std::string& where) {
  const auto [left, top, right, bottom] = box;
  if (object.label < 0 || object.label >= classes)
    return defect(where, "class {} is outside of 0..{}", object.label, classes - 1);
  for (const double v : box)
    if (!std::isfinite(v)) return defect(where, "its box has the number {}", v);
  if (!(right > left && bottom > top))
    return defect(where, "its box {:g},{:g} to {:g},{:g} has no area", left, top, right, bottom);
  const auto width = double(image.width), height = double(image.height);
  if (left < -overhang || top < -overhang || right > width + overhang || bottom > height + overhang ||
      left >= width || top >= height || right <= 0 || bottom <= 0)
    return defect(where, "its box {:g},{:g} to {:g},{:g} reaches outside of the picture, {} wide and {} high",
                  left, top, right, bottom, image.width, image.height);
  if (const std::string text = problem_of(object, image); !text.empty()) return defect(where, "it {}", text);
  object.box = {float(std::max(left, 0.)), float(std::max(top, 0.)), float(std::min(right, width)),
                float(std::min(bottom, height))};
  image.objects.push_back(std::move(object));
}

std::pair<int64_t, int64_t> upright_size(const std::string& file) {
  const image::Header header = image::probe(read_file(file), file);
  if (header.orientation >= 5) return {header.width(), header.height()};
  return {header.height(), header.width()};
}

std::vector<std::optional<std::pair<int64_t, int64_t>>> upright_sizes(const std::vector<std::string>& files,
                                                                      Collector& collector) {
  std::vector<std::optional<std::pair<int64_t, int64_t>>> sizes(files.size());
  std::vector<std::string> problems(files.size());
  parallel_for(int64_t(files.size()), 8, [&](int64_t begin, int64_t end) {
    for (size_t i = size_t(begin); i < size_t(end); ++i) try {
        sizes[i] = upright_size(files[i]);
      } catch (const Error& e) {
        problems[i] = e.what();
      }
  });
  for (size_t i = 0; i < files.size(); ++i)
    if (!sizes[i]) collector.defect(files[i], "its size cannot be read: {}", problems[i]);
  return sizes;
}

std::string picture_named(const std::string& folder, const std::string& stem) {
  for (const char* extension : {".jpg", ".png", ".jpeg", ".JPG", ".tif", ".tiff", ".bmp", ".webp", ".PNG"})
    if (const fs::path path = fs::path(folder) / (stem + extension); is_there(path)) return path.string();
  return "";
}

std::vector<std::string> lines_of(const std::string& file) {
  const Bytes bytes = read_file(file, size_t{256} << 20);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end), blank = " \t\r";
    const size_t first = std::min(line.find_first_not_of(blank), line.size());
    lines.emplace_back(line.substr(first, line.find_last_not_of(blank) + 1 - first));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string part_in_name(const std::string& name) {
  if (name.find("train") != name.npos) return "train";
  for (const char* other : {"val", "test"})
    if (name.find(other) != name.npos) return "val";
  return "";
}

std::vector<size_t> numbers_of_split(size_t count, Split split, uint64_t seed) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  Generator random(seed, split_stream);
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const auto border = order.begin() + int64_t(count < 2 ? 0 : std::max<size_t>(1, (count + 5) / 10));
  std::vector<size_t> part = split == Split::val ? std::vector<size_t>(order.begin(), border)
                                                 : std::vector<size_t>(border, order.end());
  std::sort(part.begin(), part.end());
  return part;
}

}  // namespace fovea::data

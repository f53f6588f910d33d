#include "cli/predict_maps.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "fovea/draw.h"
#include "fovea/image.h"
#include "fovea/transforms/functional.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;

/// The classes by falling number of pixels, at most `top`, those without any left out.
std::vector<size_t> largest(const std::vector<double>& parts, int top) {
  std::vector<size_t> order(parts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return parts[a] > parts[b]; });
  std::erase_if(order, [&](size_t c) { return parts[c] == 0; });
  order.resize(std::min(order.size(), size_t(top)));
  return order;
}

nlohmann::ordered_json json_of(const MapAnswer& answer, const std::vector<std::string>& classes, int top) {
  auto parts = nlohmann::ordered_json::array();
  for (const size_t c : largest(answer.parts, top))
    parts.push_back({{"class", classes[c]}, {"index", c}, {"part", answer.parts[c]}});
  return {{"file", answer.file}, {"overlay", answer.overlay}, {"mask", answer.mask}, {"classes", parts}};
}

}  // namespace

MapWriter::MapWriter(std::string folder, const std::vector<std::string>& classes)
    : folder_(std::move(folder)), classes_(classes.size()) {
  std::error_code error;
  fs::create_directories(folder_, error);
  check(!error, "cannot make the folder {}: {} (out=FOLDER puts it elsewhere)", folder_, error.message());
}

std::string MapWriter::free_name(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  std::string name = stem;
  for (int n = 2; !names_.insert(name).second; ++n) name = fmt::format("{}-{}", stem, n);
  return name;
}

MapAnswer MapWriter::write(const std::string& file, const Tensor& picture, const Tensor& classes) {
  const int64_t height = picture.size(0), width = picture.size(1);
  const Tensor small = classes.to(u8).reshape({1, classes.size(0), classes.size(1)});
  const Tensor map =
      data::functional::resize(small, height, width, image::Filter::nearest).reshape({height, width});
  const std::string name = free_name(file);
  MapAnswer answer{file, folder_ + "/" + name + ".png", folder_ + "/" + name + "_mask.png",
                   std::vector<double>(classes_, 0)};
  for (const uint8_t c : map.to_vector<uint8_t>()) answer.parts[c] += 1 / double(map.numel());
  image::write(answer.overlay,
               image::Image(image::draw_class_map(image::render(image::Image(picture)), map)));
  image::write(answer.mask, image::Image(map.reshape({height, width, 1})));
  return answer;
}

void print(const std::vector<MapAnswer>& all, const std::vector<std::string>& classes, int top, bool json) {
  auto list = nlohmann::ordered_json::array();
  for (const MapAnswer& answer : all) {
    if (json) {
      list.push_back(json_of(answer, classes, top));
      continue;
    }
    fmt::print("{}", answer.file);
    for (const size_t c : largest(answer.parts, top))
      fmt::print("  {} {:.1f}%", classes[c], 100 * answer.parts[c]);
    fmt::print("\n  wrote {} and {}\n", answer.overlay, answer.mask);
  }
  if (json) fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace fovea::cli

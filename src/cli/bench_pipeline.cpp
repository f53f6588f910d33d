// `fovea bench pipeline`: pictures a second from JPEG files to batches, against decoding alone.
#include <fmt/format.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "cli/bench.h"
#include "fovea/files.h"
#include "fovea/image.h"
#include "fovea/loader.h"
#include "fovea/random.h"
#include "image/part.h"

namespace fovea::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t made_pictures = 24, made_height = 375, made_width = 500;
constexpr int64_t examples = 768;  // the files are repeated up to so many, so that an epoch takes its time
const char* const transforms = "RandomResizedCrop(224), RandomHorizontalFlip(0.5)";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Like a photograph in what it costs to decode: noise of all sizes, the finer the weaker (natural pictures
/// have 1 / f spectra), in brightness more than in colour.
image::Image made_picture(uint64_t seed) {
  constexpr float fall = 0.62f;  // of the amplitude from one size to the next, half of it
  Generator random(seed);
  Tensor sum = Tensor::empty({3, 4, 3});
  std::fill_n(sum.data<float>(), sum.numel(), 0.f);
  float amplitude = 70;
  for (int64_t height = 3, width = 4; height < made_height; height *= 2, width *= 2, amplitude *= fall) {
    sum = image::resize(sum, std::min(2 * height, made_height), std::min(2 * width, made_width));
    float* p = sum.data<float>();
    for (int64_t i = 0; i < sum.numel(); i += 3) {
      const float light = amplitude * random.normal();
      for (int c = 0; c < 3; ++c) p[i + c] += light + 0.3f * amplitude * random.normal();
    }
  }
  const Tensor pixels = Tensor::empty({made_height, made_width, 3}, u8);
  const float* from = image::resize(sum, made_height, made_width).data<float>();
  std::transform(from, from + pixels.numel(), pixels.data<uint8_t>(),
                 [](float v) { return uint8_t(std::clamp(v + 120, 0.f, 255.f)); });
  return image::Image(pixels);
}

/// A folder that is gone with this.
struct Folder {
  std::string path;
  Folder() {
    path = (fs::temp_directory_path() / "fovea-bench-XXXXXX").string();
    check(::mkdtemp(path.data()) != nullptr, "cannot make a folder in {}",
          fs::temp_directory_path().string());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

/// Pictures a second of body(i) in `threads` threads.
template <class MakeBody>
double rate(double seconds, int threads, const MakeBody& make_body) {
  std::atomic<int64_t> done{0};
  std::vector<std::thread> all;
  const auto start = Clock::now();
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      auto body = make_body();
      for (int64_t i = t; seconds_since(start) < seconds; i += threads) body(i), ++done;
    });
  for (auto& thread : all) thread.join();
  return double(done) / seconds_since(start);
}

/// Of whole pictures, as a loader does it, but nothing else.
double decoding(const std::vector<Bytes>& files, double seconds, int threads, bool crops) {
  const data::Compose steps = data::parse_transforms(transforms);
  return rate(seconds, threads, [&] {
    return [&, reader = image::PartReader()](int64_t i) mutable {
      check(reader.open(files[size_t(i) % files.size()], "file"), "a file is no JPEG of gray or RGB");
      data::functional::Resampling pass{.height = reader.height(), .width = reader.width()};
      pass.scaled_height = pass.out_height = pass.height, pass.scaled_width = pass.out_width = pass.width;
      Generator random = data::Compose::generator(0, 0, i, 0);
      if (crops) steps.steps()[0]->fold(pass, random);
      reader.read({pass.top, pass.left, pass.height, pass.width});
    };
  });
}

/// Of batches from a loader.
double loading(const std::shared_ptr<data::Dataset>& set, data::LoaderOptions options, double seconds) {
  options.batch = 64, options.shuffle = true, options.drop_last = true;
  options.transforms = data::parse_transforms(transforms);
  options.normalize = data::Normalization{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  options.inform = [](const std::string&) {};
  data::DataLoader loader(set, options);
  int64_t seen = 0, number = 0;
  for (const auto& batch : loader.epoch(number++)) seen += batch.images.size(0);  // warm, and packed
  seen = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds)
    for (const auto& batch : loader.epoch(number++)) {
      seen += batch.images.size(0);
      if (seconds_since(start) > seconds) break;
    }
  return double(seen) / seconds_since(start);
}

}  // namespace

void write_pictures(const std::string& folder) {
  for (int64_t i = 0; i < made_pictures; ++i) {
    fs::create_directories(fmt::format("{}/{}", folder, i % 2));
    image::write(fmt::format("{}/{}/{}.jpg", folder, i % 2, i), made_picture(uint64_t(i)), 90);
  }
}

int bench_pipeline(const std::string& data, double seconds, int threads, bool json) {
  const Folder temporary;
  ::setenv("XDG_CACHE_HOME", temporary.path.c_str(), 1);  // packed files are gone with it
  if (data.empty()) write_pictures(temporary.path + "/pictures");
  const auto paths = data::image_files_below(data.empty() ? temporary.path + "/pictures" : data);
  check(!paths.empty(), "data={} holds no images", data);
  std::vector<Bytes> files;
  for (const auto& path : paths) files.push_back(read_file(path));
  std::vector<data::FileExample> list;
  for (int64_t i = 0; i < std::max(examples, int64_t(paths.size())); ++i)
    list.push_back({paths[size_t(i) % paths.size()], 0});
  const auto set = std::make_shared<data::FileDataset>(
      data::FileDataset::Info{.name = "pictures", .classes = {"picture"}}, list, data::survey_files(paths));

  const auto threads_with = [&](data::Cache cache, int64_t side) {
    data::LoaderOptions o;
    o.workers = threads, o.cache = cache, o.cache_side = side;
    return o;
  };
  nlohmann::ordered_json all;
  const auto row = [&](const char* name, double pictures) {
    all[name] = pictures;
    if (!json) fmt::print("{:<56} {:>9} images/s\n", name, thousands(int64_t(pictures)));
    std::fflush(stdout);
  };
  if (!json)
    fmt::print("{} files, {:.0f} kB each, {} threads; {}\n", paths.size(),
               double(fs::file_size(paths[0])) / 1000, threads, transforms);
  row("decode alone (libjpeg-turbo)", decoding(files, seconds, threads, false));
  row("decode alone, crops only", decoding(files, seconds, threads, true));
  row("files to batches", loading(set, threads_with(data::Cache::none, 0), seconds));
  row("packed on disk in full size, to batches", loading(set, threads_with(data::Cache::disk, 0), seconds));
  row("packed on disk, shorter side 256, to batches",
      loading(set, threads_with(data::Cache::disk, 256), seconds));
  if (json) fmt::print("{}\n", all.dump());
  return 0;
}

}  // namespace fovea::cli

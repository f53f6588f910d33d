// Images per second of transforms, by `threads` threads on images of their own, as loader workers run them.
// bench/peers/augment.py is the same work in torchvision. usage: augment [seconds per row] [threads]
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "data/planes.h"
#include "fovea/transforms.h"

using namespace fovea;

namespace {

double seconds = 1;
int threads = 2;

/// Waves and noise in all three channels.
Tensor photo(int64_t height, int64_t width, uint64_t seed) {
  Generator random(seed);
  const Tensor t = Tensor::empty({height, width, 3}, u8);
  uint8_t* p = t.data<uint8_t>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        *p++ = uint8_t(110 + 90 * std::sin(double(x * (c + 1)) / 40) * std::cos(double(y) / 30) +
                       30 * double(random.uniform()));
  return t;
}

/// Runs body(number) in all threads until the time is over; prints how many there were in a second.
template <class F>
void race(const char* name, const F& body) {
  using Clock = std::chrono::steady_clock;
  std::atomic<int64_t> done{0};
  const auto start = Clock::now(),
             end =
                 start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (int64_t i = t; Clock::now() < end; i += threads) body(i), ++done;
    });
  for (auto& thread : all) thread.join();
  const double spent = std::chrono::duration<double>(Clock::now() - start).count();
  fmt::print("{:<44} {:>10.0f} images/s\n", name, double(done) / spent);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) seconds = std::atof(argv[1]);
  if (argc > 2) threads = std::atoi(argv[2]);
  std::vector<Tensor> images;
  for (uint64_t i = 0; i < 16; ++i) images.push_back(data::planes_of_table(photo(224, 224, i)));
  for (const char* text : {"RandAugment(2)", "TrivialAugmentWide(31)", "ColorJitter(0.4, 0.4, 0.4, 0.1)"}) {
    const data::Compose compose = data::parse_transforms(text);
    race(text, [&](int64_t i) {
      data::Sample sample{.image = images[size_t(i) % images.size()]};
      compose.apply(sample, 0, 0, i);
    });
  }
  for (int c = 0; c <= int(data::Change::equalize); ++c) {
    const auto change = data::Change(c);
    const double magnitude = change == data::Change::posterize ? 7
                             : c == 3 || c == 4                ? 30
                             : c == 5                          ? 9
                                                               : 0.27;
    race(data::name_of(change), [&](int64_t i) {
      data::Sample sample{.image = images[size_t(i) % images.size()]};
      data::functional::apply(sample, change, magnitude);
    });
  }
  const Tensor table = photo(375, 500, 99);
  const data::Compose crop(data::RandomResizedCrop(224), data::RandomHorizontalFlip());
  const std::vector<float> scale(3, 0.017f), shift(3, -2.f);
  race("crop, resize, flip, normalize in one pass", [&](int64_t i) {
    thread_local const Tensor out = Tensor::empty({3, 224, 224});
    data::functional::Resampling pass{.height = 375,
                                      .width = 500,
                                      .scaled_height = 375,
                                      .scaled_width = 500,
                                      .out_height = 375,
                                      .out_width = 500};
    for (size_t s = 0; s < 2; ++s) {
      Generator random = data::Compose::generator(0, 0, i, s);
      crop.steps()[s]->fold(pass, random);
    }
    data::functional::resample_into(out.data<float>(), table, pass, scale, shift);
  });
}

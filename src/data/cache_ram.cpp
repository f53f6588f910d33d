#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "data/cache.h"

namespace fovea::data {
namespace {

/// The number in a file of one number; -1 if there is none.
int64_t number_in(const std::string& path) {
  int64_t n = -1;
  std::ifstream(path) >> n;
  return n;
}

class RamCache : public ExampleCache {
 public:
  RamCache(int64_t examples, int64_t limit, Note warn)
      : limit_(limit),
        warn_(std::move(warn)),
        examples_(size_t(examples)),
        states_(std::make_unique<std::atomic<uint8_t>[]>(size_t(examples))) {}

  bool find(int64_t index, Picture& example) override {
    if (states_[size_t(index)].load(std::memory_order_acquire) != there) return false;
    example = Picture(examples_[size_t(index)]);
    return true;
  }

  void keep(int64_t index, const Tensor& example) override {
    auto& state = states_[size_t(index)];
    if (uint8_t expected = absent; !state.compare_exchange_strong(expected, writing)) return;
    const int64_t bytes = example.numel() * size_of(example.dtype());
    if (bytes_.fetch_add(bytes) + bytes > limit_) {
      bytes_ -= bytes;
      state.store(absent, std::memory_order_release);
      if (!told_.exchange(true))
        warn_(
            fmt::format("cache=ram: {} of {} examples fill the {} MB that are free for it; the others are "
                        "decoded each time. cache=disk keeps all",
                        thousands(count_), thousands(int64_t(examples_.size())), thousands(limit_ >> 20)));
      return;
    }
    examples_[size_t(index)] = example.clone();
    ++count_;
    state.store(there, std::memory_order_release);
  }

 private:
  enum : uint8_t { absent, writing, there };
  int64_t limit_;
  Note warn_;
  std::vector<Tensor> examples_;
  std::unique_ptr<std::atomic<uint8_t>[]> states_;
  std::atomic<int64_t> bytes_{0}, count_{0};
  std::atomic<bool> told_{false};
};

}  // namespace

std::unique_ptr<ExampleCache> ram_cache(int64_t examples, int64_t limit, Note warn) {
  return std::make_unique<RamCache>(examples, limit, std::move(warn));
}

int64_t available_memory() {
  int64_t available = int64_t(sysconf(_SC_AVPHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream info("/proc/meminfo");
  for (std::string name; info >> name; info.ignore(256, '\n'))
    if (int64_t kilobytes; name == "MemAvailable:" && info >> kilobytes) available = kilobytes << 10;
  const std::string group = "/sys/fs/cgroup/memory.";
  const int64_t most = number_in(group + "max"), used = number_in(group + "current");
  return most > 0 && used >= 0 ? std::min(available, std::max<int64_t>(most - used, 0)) : available;
}

}  // namespace fovea::data

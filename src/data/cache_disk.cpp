// A packed file: the head, the examples one after the other (each from a multiple of 64 bytes on, so that it
// can be used in place), the index, the tail. All numbers are those of the machine that wrote it; the magic
// number tells another one. It is written to a temporary name, synced and renamed, so it is whole or not
// there. What a file says is checked before it is believed, and each example against its check sum when it is
// first used.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "data/cache.h"

namespace fovea::data {
namespace {

constexpr uint64_t magic = 0x314b434150564f46;  // "FOVPACK1"
constexpr uint64_t alignment = 64;

struct Entry {
  uint64_t offset = 0, sum = 0;
  uint32_t height = 0, width = 0, channels = 0, unused = 0;
  uint64_t bytes(DType dtype) const { return uint64_t(height) * width * channels * uint64_t(size_of(dtype)); }
};
struct Tail {
  uint64_t magic = 0, key = 0, examples = 0, dtype = 0, index = 0, index_sum = 0;
};

/// A check sum that keeps pace with memory: four chains of multiplications.
uint64_t sum_of(const void* data, size_t bytes) {
  constexpr uint64_t prime = 0x9e3779b97f4a7c15;
  uint64_t lane[4] = {bytes, 1, 2, 3};
  const char* p = static_cast<const char*>(data);
  for (; bytes >= 32; p += 32, bytes -= 32)
    for (int i = 0; i < 4; ++i) {
      uint64_t word;
      std::memcpy(&word, p + 8 * i, 8);
      lane[i] = (lane[i] ^ word) * prime;
      lane[i] ^= lane[i] >> 29;
    }
  for (; bytes > 0; ++p, --bytes) lane[0] = (lane[0] ^ uint8_t(*p)) * prime;
  uint64_t sum = 0;
  for (const uint64_t l : lane) sum = ((sum ^ l) * prime) ^ (sum >> 31);
  return sum;
}

std::string_view view(const void* data, size_t bytes) { return {static_cast<const char*>(data), bytes}; }

/// A file in memory as long as this lives.
class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    check(fd >= 0, "{}", std::strerror(errno));
    struct stat info {};
    const bool known = ::fstat(fd, &info) == 0;
    if (known && info.st_size > 0) {
      size_ = size_t(info.st_size);
      void* const at = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
      if (at != MAP_FAILED) data_ = static_cast<const char*>(at);
    }
    ::close(fd);
    check(data_ != nullptr, "it cannot be mapped");
  }
  ~Mapping() { ::munmap(const_cast<char*>(data_), size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  const char* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

class DiskCache : public ExampleCache {
 public:
  /// Throws saying what is wrong with the file.
  DiskCache(const Packed& packed, Note warn);
  bool find(int64_t index, Picture& example) override;
  void keep(int64_t, const Tensor&) override {}

 private:
  enum : uint8_t { unchecked, sound, damaged };
  Packed packed_;
  Note warn_;
  Mapping file_;
  std::vector<Entry> entries_;
  std::unique_ptr<std::atomic<uint8_t>[]> states_;
};

DiskCache::DiskCache(const Packed& packed, Note warn)
    : packed_(packed), warn_(std::move(warn)), file_(packed.path) {
  Tail tail;
  uint64_t head = 0;
  check(file_.size() >= sizeof head + sizeof tail, "it is no packed file");
  std::memcpy(&head, file_.data(), sizeof head);
  check(head == magic, "it is no packed file of this version and machine");
  std::memcpy(&tail, file_.data() + file_.size() - sizeof tail, sizeof tail);
  check(tail.magic == magic, "it is cut off");
  check(tail.key == packed.key && tail.examples == uint64_t(packed.examples) &&
            tail.dtype == uint64_t(packed.dtype),
        "the files of the data set have changed");
  const uint64_t index_bytes = tail.examples * sizeof(Entry), room = file_.size() - sizeof tail;
  check(tail.examples < room / sizeof(Entry) && tail.index == room - index_bytes, "its index is damaged");
  entries_.resize(size_t(packed.examples));
  std::memcpy(entries_.data(), file_.data() + tail.index, index_bytes);
  check(sum_of(entries_.data(), index_bytes) == tail.index_sum, "its index is damaged");
  constexpr uint32_t largest = 1 << 24;  // times itself, channels (16 bits) and bytes: below 2^64
  for (const Entry& e : entries_)
    check(e.height == 0 || (e.height < largest && e.width > 0 && e.width < largest &&
                            e.channels == packed.channels && e.offset % alignment == 0 &&
                            e.offset <= tail.index && e.bytes(packed.dtype) <= tail.index - e.offset),
          "its index is damaged");
  states_ = std::make_unique<std::atomic<uint8_t>[]>(entries_.size());
}

bool DiskCache::find(int64_t index, Picture& example) {
  const Entry& e = entries_[size_t(index)];
  if (e.height == 0) return false;  // could not be read
  auto& state = states_[size_t(index)];
  if (state == unchecked) {
    const bool same = sum_of(file_.data() + e.offset, e.bytes(packed_.dtype)) == e.sum;
    if (state.exchange(same ? sound : damaged) == unchecked && !same)
      warn_(fmt::format(
          "cache=disk: example {} in {} is damaged and decoded anew each time; delete the file to "
          "have it packed again",
          index, packed_.path));
  }
  if (state == damaged) return false;
  example = {};
  example.table = {file_.data() + e.offset, packed_.dtype, e.height, e.width, e.channels};
  example.height = e.height, example.width = e.width;
  return true;
}

/// Packs the examples, in the order in which the threads are done.
class Packer {
 public:
  Packer(const Packed& packed, const DecodeExample& decode,
         const std::function<void(std::string_view)>& write)
      : packed_(packed), decode_(decode), write_(write), entries_(size_t(packed.examples)) {}

  void run(int threads) {
    write(view(&magic, sizeof magic));
    work_all(threads);
    if (error_) std::rethrow_exception(error_);
    fill();
    const uint64_t bytes = entries_.size() * sizeof(Entry);
    const Tail tail{magic,
                    packed_.key,
                    uint64_t(packed_.examples),
                    uint64_t(packed_.dtype),
                    offset_,
                    sum_of(entries_.data(), bytes)};
    write(view(entries_.data(), bytes));
    write(view(&tail, sizeof tail));
  }
  uint64_t bytes() const { return offset_; }

 private:
  void work_all(int threads) {
    std::vector<std::jthread> all;
    try {
      for (int t = 0; t < threads; ++t) all.emplace_back([this, t] { work(t); });
    } catch (const std::system_error& e) {
      stop_ = true;
      fail("cache=disk: cannot start {} threads: {}", threads, e.what());
    }
  }
  void write(std::string_view piece) {
    write_(piece);
    offset_ += piece.size();
  }
  /// To the next multiple.
  void fill() {
    constexpr char zeros[alignment] = {};
    write(view(zeros, (alignment - offset_ % alignment) % alignment));
  }
  void work(int thread) {
    try {
      for (int64_t i; !stop_ && (i = next_++) < packed_.examples;) add(i, decode_(i, thread));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stop_ = true;
    }
  }
  void add(int64_t index, const Tensor& example) {
    if (!example) return;
    Entry e{.height = uint32_t(example.size(0)),
            .width = uint32_t(example.size(1)),
            .channels = uint32_t(example.size(2))};
    e.sum = sum_of(example.raw(), e.bytes(packed_.dtype));
    const std::lock_guard lock(mutex_);
    fill();
    e.offset = offset_;
    write(view(example.raw(), e.bytes(packed_.dtype)));
    entries_[size_t(index)] = e;
  }

  const Packed& packed_;
  const DecodeExample& decode_;
  const std::function<void(std::string_view)>& write_;
  std::vector<Entry> entries_;
  uint64_t offset_ = 0;
  std::mutex mutex_;  // of all below and above
  std::atomic<int64_t> next_{0};
  std::atomic<bool> stop_{false};
  std::exception_ptr error_;
};

void pack(const Packed& packed, const DecodeExample& decode, int threads, const Note& inform) {
  std::error_code ignored;  // writing says what is wrong
  std::filesystem::create_directories(std::filesystem::path(packed.path).parent_path(), ignored);
  inform(fmt::format("packing {} examples into {}", thousands(packed.examples), packed.path));
  const auto start = std::chrono::steady_clock::now();
  uint64_t bytes = 0;
  write_file(packed.path, [&](const auto& write) {
    Packer packer(packed, decode, write);
    packer.run(threads);
    bytes = packer.bytes();
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  inform(fmt::format("packed: {} MB in {:.1f} s", thousands(int64_t(bytes >> 20)), seconds));
}

uint64_t key_of(const Dataset& dataset, const std::string& form) {
  uint64_t key = sum_of(form.data(), form.size());
  std::string last;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const std::string path = dataset.source(i), where = dataset.where(i);
    key = key * 31 + sum_of(where.data(), where.size());
    if (path == last) continue;  // of many examples
    check(!path.empty(), "cache=disk wants examples that come from files; those of {} do not: cache=ram does",
          dataset.name());
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
      const int64_t facts[] = {info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
      key = key * 31 + sum_of(facts, sizeof facts);
    }
    last = path;
  }
  return key;
}

}  // namespace

Packed packed_for(const Dataset& dataset, const std::string& form, int64_t channels) {
  namespace fs = std::filesystem;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  const bool given = cache && *cache;
  check(given || (home && *home),
        "cache=disk wants XDG_CACHE_HOME or HOME to be set: packed files lie there");
  const fs::path folder = fs::path(given ? cache : home) / (given ? "fovea" : ".cache/fovea");
  std::string name = fs::path(dataset.name()).lexically_normal().filename().string();
  if (name.empty()) name = fs::path(dataset.name()).lexically_normal().parent_path().filename().string();
  for (char& c : name)
    if (!std::isalnum(uint8_t(c)) && c != '-' && c != '_') c = '_';
  std::error_code ignored;
  const std::string what = fs::absolute(dataset.name(), ignored).string() + "\n" + form;
  return {(folder / fmt::format("{}-{}-{:016x}.pack", name, name_of(dataset.split()),
                                sum_of(what.data(), what.size())))
              .string(),
          key_of(dataset, form), dataset.size(), channels, dataset.dtype()};
}

std::unique_ptr<ExampleCache> disk_cache(const Packed& packed, const DecodeExample& decode, int threads,
                                         const Note& warn, const Note& inform) {
  if (is_there(packed.path)) {
    try {
      return std::make_unique<DiskCache>(packed, warn);
    } catch (const Error& e) {
      inform(fmt::format("{} is packed again: {}", packed.path, e.what()));
    }
  }
  pack(packed, decode, threads, inform);
  return std::make_unique<DiskCache>(packed, warn);
}

}  // namespace fovea::data

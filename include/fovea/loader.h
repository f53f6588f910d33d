// DataLoader: batches of normalised examples, decoded ahead by worker threads into reused memory.
//   data::DataLoader loader(train, {.batch = 128, .shuffle = true, .seed = 1});
//   for (int64_t e = 0; e < epochs; ++e)
//     for (auto& [images, labels] : loader.epoch(e)) step(images, labels);
// The batches are a function of (data set, options, epoch) alone: any number of workers gives the same bits,
// and epoch(e, k) continues an interrupted epoch at batch k.
// Threads: one thread uses a loader and its epochs; the workers are its own.
#pragma once
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/data.h"
#include "fovea/transforms.h"

namespace fovea::data {

/// Where decoded examples are kept, so that later epochs need not decode: in memory as far as it reaches, or
/// packed into one file under $XDG_CACHE_HOME/fovea (~/.cache/fovea) that is mapped, also by later runs.
enum class Cache : uint8_t { none, ram, disk };
/// "none" or "false", "ram" or "true", "disk".
Cache cache_named(const std::string& name);

/// Of LoaderOptions: as many threads as keep the caller from waiting, within the machine, found by measuring.
constexpr int auto_workers = -1;

struct LoaderOptions {
  int64_t batch = 64;
  bool shuffle = false;
  uint64_t seed = 0;           // of the order and of the transforms
  int workers = auto_workers;  // threads that decode; 0 decodes in the caller's thread
  bool drop_last = false;      // leave out the last batch of an epoch if it is not full
  Cache cache = Cache::none;   // of decoded examples (sets that lie in memory need none)
  /// Cached pictures whose shorter side is longer are scaled down to it; 0: they stay as they are; -1: twice
  /// the side of what the transforms make.
  int64_t cache_side = -1;
  int prefetch = 2;  // batches decoded ahead
  Compose transforms = {};
  double mixup = 0, cutmix = 0;  // alphas of the Beta distributions of MixUp and CutMix, which mix each batch
                                 // of images; both above 0: one or the other by turns at random
  /// Not empty: an epoch draws as many examples as there are, with replacement and the chances of these
  /// weights, one for each example (PyTorch's WeightedRandomSampler; see sampler.h).
  std::vector<double> weights = {};
  /// Of a regression: what numbers to predict are normalised with; measured if left out. A set to validate
  /// with wants those of the training set.
  std::optional<Normalization> targets = {};
  /// The set's known figures if left out, else measured. A set to validate with wants those of the training
  /// set.
  std::optional<Normalization> normalize = {};
  /// Called, by one thread at a time, for each example that cannot be read; writes to standard error if left
  /// out.
  std::function<void(const std::string&)> warn = {};
  /// Is told what takes its time: packing a cache. Writes to standard error if left out.
  std::function<void(const std::string&)> inform = {};
};

struct Batch {
  Tensor images;  // f32 (N,C,H,W) or (N,features)
  Tensor labels;  // i64 (N) of classes, (N,H,W) of those of pixels; f32 (N,classes): parts of mixed classes,
                  // 0 and 1 of labels, or numbers to predict, normalised; i64 (N,longest) of strings: their
                  // characters' numbers, padded with -1
};

class DataLoader {
 public:
  /// Throws if the batch is larger than the set, or a transform does not fit the examples.
  explicit DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options = {});
  ~DataLoader();
  DataLoader(DataLoader&&) noexcept;
  DataLoader& operator=(DataLoader&&) noexcept;

  class Epoch;
  /// The batches of epoch `number` from `first_batch` on. A loader has one epoch at a time: a new one ends
  /// the one before. An unreadable example is named, counted and replaced by the next readable one; more than
  /// 1 % of them throw.
  Epoch epoch(int64_t number, int64_t first_batch = 0);

  /// Batches per epoch.
  int64_t batches() const;
  /// Examples per epoch.
  int64_t examples() const;
  /// Of one example after the transforms.
  const Dims& example_shape() const;
  const Dataset& dataset() const;
  const LoaderOptions& options() const;
  const Normalization& normalization() const;
  /// Of numbers to predict; empty for other tasks.
  const Normalization& targets() const;
  /// The examples of epoch `number` in the order they come.
  std::vector<int64_t> order(int64_t number) const;
  /// Seconds in which the caller has waited for batches so far.
  double waited() const;
  /// Threads that decode at present.
  int workers() const;
  /// What to change if the waiting is too long: "cache=ram keeps the decoded pictures in memory: 1.2 GB of
  /// 18 GB".
  std::string advice() const;
  /// What could not be read so far: "file: reason".
  std::vector<std::string> bad_examples() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A range of batches. Its end or destruction stops the workers; leaving a loop early is fine.
class DataLoader::Epoch {
 public:
  ~Epoch();
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Epoch* epoch) : epoch_(epoch) {}
    /// Valid until the next ++; a tensor that is copied out of it stays as it is for as long as it is kept.
    Batch& operator*() const { return *epoch_->current_; }
    Batch* operator->() const { return epoch_->current_; }
    Iterator& operator++() {
      epoch_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return epoch_->current_ == nullptr; }

   private:
    Epoch* epoch_;
  };
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }
  /// The number of the current batch within its epoch.
  int64_t batch_number() const { return next_ - 1; }

 private:
  friend class DataLoader;
  Epoch(Impl& impl, int64_t generation, int64_t first_batch)
      : impl_(impl), generation_(generation), next_(first_batch) {}
  void advance();

  Impl& impl_;
  int64_t generation_, next_;
  Batch* current_ = nullptr;
};

}  // namespace fovea::data

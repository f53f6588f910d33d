#include "fovea/loader.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "data/mix.h"
#include "data/pipeline.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

/// The figures to normalise with: given, known, or measured; a channel without deviation stays unscaled.
Normalization normalization_for(const Dataset& dataset, const LoaderOptions& options) {
  if (options.normalize) return *options.normalize;
  if (dataset.known_normalization()) return *dataset.known_normalization();
  Normalization n = measure_normalization(dataset);
  for (size_t c = 0; c < n.std.size(); ++c)
    if (n.std[c] <= 1e-6f * std::abs(n.mean[c])) n.std[c] = 1;
  return n;
}

/// A last Normalize takes the place of the loader's own normalisation of `channels` channels.
void take_normalize(LoaderOptions& options, int64_t channels) {
  const auto& steps = options.transforms.steps();
  const auto* last = steps.empty() ? nullptr : dynamic_cast<const Normalize*>(steps.back().get());
  if (!last) return;
  const auto spread = [&](const Fill& f) {
    return f.values.size() == 1 ? std::vector<float>(size_t(channels), f.values[0]) : f.values;
  };
  options.normalize = Normalization{spread(last->mean()), spread(last->std())};
  Compose others;
  for (size_t i = 0; i + 1 < steps.size(); ++i) others.push_back(steps[i]);
  options.transforms = std::move(others);
}

/// Whether the transforms begin with pictures in their own size: there are such, and any size will do.
bool wants_pictures(const Dataset& dataset, const Compose& transforms) {
  return dataset.has_pictures() && transforms.fixed_shape(dataset.example_shape()[0]).has_value();
}

LoaderOptions settled(const Dataset& dataset, LoaderOptions options) {
  if (!options.transforms.empty())
    take_normalize(options, options.transforms.output_shape(dataset.example_shape())[0]);
  return options;
}

Dims with_batch(int64_t batch, Dims shape) {
  shape.insert(0, batch);
  return shape;
}

/// What numbers to predict are normalised with.
Normalization targets_for(const Dataset& dataset, const LoaderOptions& options) {
  if (dataset.task() != Task::regress) return {};
  const Normalization n = options.targets ? *options.targets : measure_targets(dataset);
  check(n.mean.size() == dataset.classes().size() && n.std.size() == n.mean.size(),
        "{} has {} numbers to predict, but there are means and deviations of {}", dataset.name(),
        dataset.classes().size(), n.mean.size());
  return n;
}

/// Room for the labels of `batch` examples.
Tensor empty_labels(const Dataset& dataset, int64_t batch) {
  if (dataset.task() == Task::classify) return Tensor::empty({batch}, i64);
  return Tensor::empty({batch, int64_t(dataset.classes().size())});
}

/// Whether nobody but this handle sees the elements.
bool unshared(const Tensor& t) { return t.ptr().use_count() == 1 && t.impl().storage.use_count() == 1; }

}  // namespace

/// The ring: batch k is filled into slot k % slots as soon as batch k - slots has been given back.
class DataLoader::Impl {
 public:
  Impl(std::shared_ptr<const Dataset> dataset, LoaderOptions options);
  ~Impl();

  int64_t start(int64_t epoch, int64_t first_batch);
  /// The batch `k`, once it is there, or null after the last. Gives batch k - 1 back. Throws what filling it
  /// threw.
  Batch* take(int64_t k, int64_t generation);
  void stop(int64_t generation);

  int64_t batches() const {
    return options.drop_last ? size / options.batch : (size + options.batch - 1) / options.batch;
  }

  std::vector<int64_t> order(int64_t epoch) const {
    return options.weights.empty() ? epoch_order(size, options.shuffle, options.seed, epoch)
                                   : weighted_order(options.weights, options.seed, epoch);
  }

  std::shared_ptr<const Dataset> dataset;
  LoaderOptions options;
  int64_t size;
  Normalization normalization, targets;
  bool pictures;
  Dims example_shape;
  ExampleReader reader;

 private:
  struct Slot {
    Batch whole, batch;  // the memory, and the part of it that is filled
    int64_t filled = -1;
    std::exception_ptr error;
  };
  void renew(Slot& slot);
  void fill(Slot& slot, int64_t k, Pipeline& pipeline);
  void write_label(int64_t example, const Tensor& labels, int64_t row) const;
  void work(Pipeline& pipeline);
  void shut_down();
  void halt(std::unique_lock<std::mutex>& lock);
  bool claimable() const { return next_ < end_ && next_ < given_back_ + int64_t(slots_.size()); }

  std::mutex mutex_;  // of all below but the content of claimed slots
  std::condition_variable to_fill_, done_;
  std::vector<Slot> slots_;
  std::vector<int64_t> order_;
  int64_t epoch_ = 0, generation_ = 0;
  int64_t next_ = 0, end_ = 0,
          given_back_ = 0;  // batch to claim, batches of the epoch, batches the user is done with
  int filling_ = 0;
  bool quit_ = false;
  std::vector<Pipeline> pipelines_;
  std::vector<std::thread> threads_;
};

DataLoader::Impl::Impl(std::shared_ptr<const Dataset> set, LoaderOptions wanted)
    : dataset(std::move(set)),
      options(settled(*dataset, std::move(wanted))),
      size(dataset->size()),
      normalization(normalization_for(*dataset, options)),
      targets(targets_for(*dataset, options)),
      pictures(wants_pictures(*dataset, options.transforms)),
      example_shape(options.transforms.output_shape(dataset->example_shape())),
      reader(dataset, options.cache, pictures, options.warn) {
  check(options.batch > 0, "batch={} is no number of examples", options.batch);
  check(options.batch <= size, "batch={} is larger than the {} examples of {} {}; use batch={} or less",
        options.batch, size, dataset->name(), name_of(dataset->split()), size);
  check(options.workers >= 0 && options.workers <= 256, "workers={} is not a count of threads in 0..256",
        options.workers);
  check(options.weights.empty() || int64_t(options.weights.size()) == size,
        "there are {} weights for {} examples", options.weights.size(), size);
  check_mix(options, *dataset);
  check(options.prefetch >= 1, "prefetch={} is no number of batches", options.prefetch);
  slots_.resize(options.workers == 0 ? 1 : size_t(std::max(options.prefetch, options.workers)) + 1);
  for (int i = 0; i < std::max(options.workers, 1); ++i)
    pipelines_.emplace_back(reader, options.transforms, normalization, example_shape, pictures, options.seed);
  try {
    for (int i = 0; i < options.workers; ++i)
      threads_.emplace_back([this, i] { work(pipelines_[size_t(i)]); });
  } catch (const std::system_error& e) {
    shut_down();
    fail("cannot start {} worker threads: {}", options.workers, e.what());
  }
}

DataLoader::Impl::~Impl() { shut_down(); }

void DataLoader::Impl::shut_down() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
  }
  to_fill_.notify_all();
  for (auto& thread : threads_) thread.join();
}

/// Fresh memory for what a user has kept, so that a kept batch never changes. The arena makes it cheap.
void DataLoader::Impl::renew(Slot& slot) {
  slot.batch = {};
  std::atomic_thread_fence(std::memory_order_acquire);  // what others did with the tensors is over
  if (!slot.whole.images || !unshared(slot.whole.images))
    slot.whole.images = Tensor::empty(with_batch(options.batch, example_shape));
  if (!slot.whole.labels || !unshared(slot.whole.labels))
    slot.whole.labels = empty_labels(*dataset, options.batch);
  slot.filled = -1;
  slot.error = nullptr;
}

void DataLoader::Impl::write_label(int64_t example, const Tensor& labels, int64_t row) const {
  if (dataset->task() == Task::classify) {
    labels.data<int64_t>()[row] = dataset->label(example);
    return;
  }
  const std::span<float> out(labels.data<float>() + row * labels.size(1), size_t(labels.size(1)));
  dataset->target(example, out);
  for (size_t k = 0; k < targets.mean.size(); ++k) out[k] = (out[k] - targets.mean[k]) / targets.std[k];
}

void DataLoader::Impl::fill(Slot& slot, int64_t k, Pipeline& pipeline) {
  try {
    const int64_t first = k * options.batch, n = std::min(options.batch, size - first);
    slot.batch = slot.whole;
    if (n < options.batch)
      slot.batch = {slot.whole.images.narrow(0, 0, n), slot.whole.labels.narrow(0, 0, n)};
    const int64_t stride = example_shape.numel();
    for (int64_t i = 0; i < n; ++i)
      write_label(
          pipeline.run(epoch_, order_[size_t(first + i)], slot.whole.images.data<float>() + i * stride),
          slot.whole.labels, i);
    if (options.mixup > 0 || options.cutmix > 0)
      slot.batch = mixed(slot.batch, options, int64_t(dataset->classes().size()), epoch_, k);
  } catch (...) {
    slot.error = std::current_exception();
  }
}

void DataLoader::Impl::work(Pipeline& pipeline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    to_fill_.wait(lock, [&] { return quit_ || claimable(); });
    if (quit_) return;
    const int64_t k = next_++;
    Slot& slot = slots_[size_t(k) % slots_.size()];
    ++filling_;
    lock.unlock();
    fill(slot, k, pipeline);
    lock.lock();
    --filling_;
    slot.filled = k;
    done_.notify_all();
  }
}

/// Lets the workers finish what they are at, and no more.
void DataLoader::Impl::halt(std::unique_lock<std::mutex>& lock) {
  end_ = next_;
  done_.wait(lock, [&] { return filling_ == 0; });
}

int64_t DataLoader::Impl::start(int64_t epoch, int64_t first_batch) {
  check(epoch >= 0 && first_batch >= 0 && first_batch <= batches(),
        "epoch {} from batch {} on is not in this loader, whose epochs have {} batches", epoch, first_batch,
        batches());
  std::unique_lock lock(mutex_);
  halt(lock);
  order_ = order(epoch);
  for (Slot& slot : slots_) renew(slot);
  epoch_ = epoch;
  next_ = given_back_ = first_batch;
  end_ = batches();
  to_fill_.notify_all();
  return ++generation_;
}

Batch* DataLoader::Impl::take(int64_t k, int64_t generation) {
  std::unique_lock lock(mutex_);
  check(generation == generation_, "this epoch has ended: the loader has started another one");
  if (k > given_back_) {
    renew(slots_[size_t(given_back_) % slots_.size()]);
    ++given_back_;
    to_fill_.notify_one();
  }
  if (k >= batches()) return nullptr;
  Slot& slot = slots_[size_t(k) % slots_.size()];
  if (threads_.empty()) {
    ++next_;
    fill(slot, k, pipelines_[0]);
  } else {
    done_.wait(lock, [&] { return slot.filled == k; });
  }
  if (slot.error) std::rethrow_exception(slot.error);
  return &slot.batch;
}

void DataLoader::Impl::stop(int64_t generation) {
  std::unique_lock lock(mutex_);
  if (generation == generation_) halt(lock);
}

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : impl_(std::make_unique<Impl>(std::move(dataset), std::move(options))) {}
DataLoader::~DataLoader() = default;
DataLoader::DataLoader(DataLoader&&) noexcept = default;
DataLoader& DataLoader::operator=(DataLoader&&) noexcept = default;

DataLoader::Epoch DataLoader::epoch(int64_t number, int64_t first_batch) {
  return Epoch(*impl_, impl_->start(number, first_batch), first_batch);
}
int64_t DataLoader::batches() const { return impl_->batches(); }
int64_t DataLoader::examples() const { return std::min(impl_->size, batches() * impl_->options.batch); }
const Dims& DataLoader::example_shape() const { return impl_->example_shape; }
const Dataset& DataLoader::dataset() const { return *impl_->dataset; }
const LoaderOptions& DataLoader::options() const { return impl_->options; }
const Normalization& DataLoader::normalization() const { return impl_->normalization; }
const Normalization& DataLoader::targets() const { return impl_->targets; }
std::vector<int64_t> DataLoader::order(int64_t number) const {
  auto order = impl_->order(number);
  order.resize(size_t(examples()));
  return order;
}
std::vector<std::string> DataLoader::bad_examples() const { return impl_->reader.bad_examples(); }

DataLoader::Epoch::~Epoch() { impl_.stop(generation_); }
DataLoader::Epoch::Iterator DataLoader::Epoch::begin() {
  if (!current_) advance();
  return Iterator(this);
}
void DataLoader::Epoch::advance() { current_ = impl_.take(next_++, generation_); }

}  // namespace fovea::data

#include "fovea/loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "data/loader_settings.h"
#include "data/mix.h"
#include "data/pipeline.h"
#include "data/worker_tuner.h"
#include "fovea/sampler.h"

namespace fovea::data {
namespace {

Dims with_batch(int64_t batch, Dims shape) {
  shape.insert(0, batch);
  return shape;
}

/// Whether nobody but this handle sees the elements.
bool unshared(const Tensor& t) { return t.ptr().use_count() == 1 && t.impl().storage.use_count() == 1; }

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string gigabytes(int64_t bytes) { return fmt::format("{:.1f} GB", double(bytes) / 1e9); }

/// Padded with -1.
void write_string(const std::vector<int64_t>& string, const Tensor& labels, int64_t row) {
  const int64_t longest = labels.size(1);
  int64_t* to = labels.data<int64_t>() + row * longest;
  std::fill_n(std::copy(string.begin(), string.end(), to), longest - int64_t(string.size()), -1);
}

}  // namespace

/// The ring: batch k is filled into slot k % slots as soon as batch k - slots has been given back. Threads
/// claim a few examples at a time, so that all of them work at the batch that is wanted next.
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
  double waited() const { return waited_; }
  int workers() const { return active_; }
  std::string advice() const;

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
    int64_t done = 0;    // examples
    int64_t filled = -1;
    int64_t failed = 0;  // the first example that did, if there is an error
    std::exception_ptr error;
  };
  int64_t examples_in(int64_t k) const { return std::min(options.batch, size - k * options.batch); }
  void renew(Slot& slot);
  void shape(Slot& slot, int64_t examples);
  void fill(Slot& slot, int64_t first, int64_t begin, int64_t end, Pipeline& pipeline);
  void write_label(int64_t example, const Tensor& labels, int64_t row) const;
  void mix(std::unique_lock<std::mutex>& lock, Slot& slot, int64_t k) const;
  void work(int thread);
  void claim_and_fill(std::unique_lock<std::mutex>& lock, Pipeline& pipeline);
  void shut_down();
  void halt(std::unique_lock<std::mutex>& lock);
  void activate(int workers);
  void tune();
  bool claimable() const { return next_ < end_ && next_ < given_back_ + int64_t(slots_.size()); }
  int64_t chunk() const;

  std::mutex mutex_;  // of all below but the content of claimed examples
  std::condition_variable to_fill_, done_, parked_;
  std::vector<Slot> slots_;
  std::vector<int64_t> order_;
  int64_t epoch_ = 0, generation_ = 0;
  int64_t next_ = 0, next_example_ = 0;  // to claim: the batch, and from which example of it on
  int64_t end_ = 0, given_back_ = 0;     // batches of the epoch, batches the user is done with
  int filling_ = 0;
  bool quit_ = false;
  std::deque<Pipeline> pipelines_;
  std::vector<std::thread> threads_;
  int active_ = 0;  // threads that may claim; the others are parked

  // Of the caller's thread.
  double waited_ = 0;
  WorkerTuner tuner_;
  struct {
    Clock::time_point start = Clock::now();
    double waited = 0, worked = 0;
    int64_t batches = 0;
  } since_;            // what is measured for the tuner
  double worked_ = 0;  // seconds, by all threads
};

DataLoader::Impl::Impl(std::shared_ptr<const Dataset> set, LoaderOptions wanted)
    : dataset(std::move(set)),
      options(settled(*dataset, std::move(wanted))),
      size(dataset->size()),
      normalization(normalization_for(*dataset, options)),
      targets(targets_for(*dataset, options)),
      pictures(wants_pictures(*dataset, options.transforms)),
      example_shape(options.transforms.output_shape(dataset->example_shape())),
      reader(dataset, pictures, cache_side_for(options, example_shape), options.warn, options.inform),
      tuner_(processors()) {
  check(options.batch > 0, "batch={} is no number of examples", options.batch);
  check(options.batch <= size, "batch={} is larger than the {} examples of {} {}; use batch={} or less",
        options.batch, size, dataset->name(), name_of(dataset->split()), size);
  check(options.workers >= auto_workers && options.workers <= 256,
        "workers={} is not a count of threads in 0..256", options.workers);
  check(options.weights.empty() || int64_t(options.weights.size()) == size,
        "there are {} weights for {} examples", options.weights.size(), size);
  check_mix(options, *dataset);
  check(options.prefetch >= 1, "prefetch={} is no number of batches", options.prefetch);
  check(options.cache_side >= -1, "cache_side={} is no size", options.cache_side);
  slots_.resize(options.workers == 0 ? 1 : size_t(options.prefetch) + 1);
  if (options.workers == 0)
    pipelines_.emplace_back(reader, options.transforms, normalization, example_shape, pictures, options.seed);
  try {
    activate(options.workers == auto_workers ? 1 : options.workers);
  } catch (...) {
    shut_down();
    throw;
  }
}

DataLoader::Impl::~Impl() { shut_down(); }

void DataLoader::Impl::shut_down() {
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
  }
  to_fill_.notify_all(), parked_.notify_all();
  for (auto& thread : threads_) thread.join();
}

/// Lets so many threads claim; makes those that are missing.
void DataLoader::Impl::activate(int workers) {
  std::lock_guard lock(mutex_);
  active_ = workers;
  parked_.notify_all();
  while (int(threads_.size()) < workers) try {
      pipelines_.emplace_back(reader, options.transforms, normalization, example_shape, pictures,
                              options.seed);
      threads_.emplace_back([this, i = int(threads_.size())] { work(i); });
    } catch (const std::system_error& e) {
      fail("cannot start {} worker threads: {}", workers, e.what());
    }
}

/// Fresh memory for what a user has kept, so that a kept batch never changes. The arena makes it cheap.
void DataLoader::Impl::renew(Slot& slot) {
  slot.batch = {};
  std::atomic_thread_fence(std::memory_order_acquire);  // what others did with the tensors is over
  if (!slot.whole.images || !unshared(slot.whole.images))
    slot.whole.images = Tensor::empty(with_batch(options.batch, example_shape));
  if (!slot.whole.labels || !unshared(slot.whole.labels))
    slot.whole.labels = empty_labels(*dataset, options.batch, example_shape);
  slot.filled = -1, slot.done = 0;
  slot.error = nullptr;
}

void DataLoader::Impl::write_label(int64_t example, const Tensor& labels, int64_t row) const {
  if (dataset->task() == Task::classify) {
    labels.data<int64_t>()[row] = dataset->label(example);
    return;
  }
  if (dataset->task() == Task::transcribe) {
    const std::vector<int64_t> string = dataset->string(example);
    check(int64_t(string.size()) <= labels.size(1),
          "{} has {} characters, but {} says that the longest has {}", dataset->where(example), string.size(),
          dataset->name(), labels.size(1));
    return write_string(string, labels, row);
  }
  const std::span<float> out(labels.data<float>() + row * labels.size(1), size_t(labels.size(1)));
  dataset->target(example, out);
  for (size_t k = 0; k < targets.mean.size(); ++k) out[k] = (out[k] - targets.mean[k]) / targets.std[k];
}

/// Makes its batch one of so many examples.
void DataLoader::Impl::shape(Slot& slot, int64_t examples) {
  slot.batch = slot.whole;
  if (examples < options.batch)
    slot.batch = {slot.whole.images.narrow(0, 0, examples), slot.whole.labels.narrow(0, 0, examples)};
}

/// Fills examples begin .. end - 1 of the batch whose first stands at `first` of the order.
void DataLoader::Impl::fill(Slot& slot, int64_t first, int64_t begin, int64_t end, Pipeline& pipeline) {
  const int64_t stride = example_shape.numel();
  const bool segments = dataset->task() == Task::segment;
  const Tensor& labels = slot.whole.labels;
  for (int64_t i = begin; i < end; ++i) {
    float* const image = slot.whole.images.data<float>() + i * stride;
    const int64_t index = order_[size_t(first + i)];
    if (segments) pipeline.run_masked(epoch_, index, image, labels.select(0, i).data<int64_t>());
    else write_label(pipeline.run(epoch_, index, image), labels, i);
  }
}

/// Examples to claim at once: few enough that the threads finish a batch together.
int64_t DataLoader::Impl::chunk() const {
  return active_ <= 1 ? options.batch : std::clamp<int64_t>(options.batch / (4 * active_), 1, 16);
}

void DataLoader::Impl::claim_and_fill(std::unique_lock<std::mutex>& lock, Pipeline& pipeline) {
  const int64_t k = next_, examples = examples_in(k), begin = next_example_,
                end = std::min(examples, begin + chunk());
  Slot& slot = slots_[size_t(k) % slots_.size()];
  if (begin == 0) shape(slot, examples);
  next_example_ = end;
  if (end == examples) ++next_, next_example_ = 0;
  ++filling_;
  lock.unlock();
  const auto start = Clock::now();
  std::exception_ptr error;
  try {
    fill(slot, k * options.batch, begin, end, pipeline);
  } catch (...) {
    error = std::current_exception();
  }
  const double seconds = seconds_since(start);
  lock.lock();
  worked_ += seconds;
  if (error && (!slot.error || begin < slot.failed)) slot.error = error, slot.failed = begin;
  slot.done += end - begin;
  if (slot.done == examples) {
    if (!slot.error && (options.mixup > 0 || options.cutmix > 0)) mix(lock, slot, k);
    slot.filled = k;
  }
  --filling_;
  if (slot.filled == k || filling_ == 0) done_.notify_all();
}

/// Mixes the examples of a batch that is full.
void DataLoader::Impl::mix(std::unique_lock<std::mutex>& lock, Slot& slot, int64_t k) const {
  lock.unlock();
  Batch batch;
  std::exception_ptr error;
  try {
    batch = mixed(slot.batch, options, int64_t(dataset->classes().size()), epoch_, k);
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (error) slot.error = error;
  else slot.batch = std::move(batch);
}

void DataLoader::Impl::work(int thread) {
  std::unique_lock lock(mutex_);
  for (;;) {
    parked_.wait(lock, [&] { return quit_ || thread < active_; });
    to_fill_.wait(lock, [&] { return quit_ || thread >= active_ || claimable(); });
    if (quit_) return;
    if (thread < active_) claim_and_fill(lock, pipelines_[size_t(thread)]);
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
  {
    std::unique_lock lock(mutex_);
    halt(lock);
  }
  reader.open_cache(options.cache, processors());
  const std::lock_guard lock(mutex_);
  order_ = order(epoch);
  for (Slot& slot : slots_) renew(slot);
  epoch_ = epoch;
  next_ = given_back_ = first_batch, next_example_ = 0;
  end_ = batches();
  since_ = {.worked = worked_};
  to_fill_.notify_all();
  return ++generation_;
}

Batch* DataLoader::Impl::take(int64_t k, int64_t generation) {
  std::unique_lock lock(mutex_);
  check(generation == generation_, "this epoch has ended: the loader has started another one");
  if (k > given_back_) {
    renew(slots_[size_t(given_back_) % slots_.size()]);
    ++given_back_;
    to_fill_.notify_all();
  }
  if (k >= batches()) return nullptr;
  Slot& slot = slots_[size_t(k) % slots_.size()];
  if (slot.filled != k) {
    const auto start = Clock::now();
    if (threads_.empty()) claim_and_fill(lock, pipelines_[0]);
    else done_.wait(lock, [&] { return slot.filled == k; });
    const double seconds = seconds_since(start);
    waited_ += seconds, since_.waited += seconds;
  }
  if (slot.error) std::rethrow_exception(slot.error);
  lock.unlock();
  if (options.workers == auto_workers) tune();
  return &slot.batch;
}

/// Twice a second, after a few batches.
void DataLoader::Impl::tune() {
  constexpr int64_t few = 8;
  constexpr double seconds = 0.5;
  if (++since_.batches < few) return;
  const double passed = seconds_since(since_.start);
  if (passed < seconds) return;
  double worked;
  {
    const std::lock_guard lock(mutex_);
    worked = worked_;
  }
  const int before = tuner_.workers();
  const int now = tuner_.next({.waiting = since_.waited / passed,
                               .busy = (worked - since_.worked) / passed / before,
                               .batches_per_second = double(since_.batches) / passed});
  if (now != before) activate(now);
  since_ = {.worked = worked};
}

void DataLoader::Impl::stop(int64_t generation) {
  std::unique_lock lock(mutex_);
  if (generation == generation_) halt(lock);
}

std::string DataLoader::Impl::advice() const {
  const int cores = processors();
  const int64_t bytes = reader.decoded_bytes();
  if (options.cache == Cache::none && !dataset->in_memory() && bytes > 0) {
    const int64_t free = available_memory();
    return bytes < free / 10 * 8
               ? fmt::format("cache=ram keeps the decoded examples in memory: {} of {}", gigabytes(bytes),
                             gigabytes(free))
               : fmt::format("cache=disk packs the decoded examples into a file of {}", gigabytes(bytes));
  }
  if (options.workers >= 0 && options.workers < cores)
    return fmt::format("workers=auto decodes with up to {} threads instead of {}", cores, options.workers);
  return "smaller images (imgsz) or cheaper transforms (augment)";
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
double DataLoader::waited() const { return impl_->waited(); }
int DataLoader::workers() const { return impl_->workers(); }
std::string DataLoader::advice() const { return impl_->advice(); }
std::vector<std::string> DataLoader::bad_examples() const { return impl_->reader.bad_examples(); }

DataLoader::Epoch::~Epoch() { impl_.stop(generation_); }
DataLoader::Epoch::Iterator DataLoader::Epoch::begin() {
  if (!current_) advance();
  return Iterator(this);
}
void DataLoader::Epoch::advance() { current_ = impl_.take(next_++, generation_); }

}  // namespace fovea::data

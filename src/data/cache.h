// Caches of decoded examples: in memory, or packed into a file that is mapped. An example is kept as the
// table of pixels that a loader reads: (H,W,C), or (1,numbers,1) where the set has no pictures. Threads:
// find() and keep() may run in many threads at once.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "data/decoder.h"
#include "fovea/loader.h"

namespace fovea::data {

using Note = std::function<void(const std::string&)>;

class ExampleCache {
 public:
  virtual ~ExampleCache() = default;
  /// Makes `example` a view of what is kept; false if it is not here.
  virtual bool find(int64_t index, Picture& example) = 0;
  /// Keeps a copy if there is room.
  virtual void keep(int64_t index, const Tensor& example) = 0;
};

/// Of at most `limit` bytes; tells `warn` once that not all fit.
std::unique_ptr<ExampleCache> ram_cache(int64_t examples, int64_t limit, Note warn);

/// What a packed file is made of and for.
struct Packed {
  std::string path;
  uint64_t key = 0;  // of what it was made from
  int64_t examples = 0, channels = 0;
  DType dtype = u8;
};
/// Decodes example `index` with the memory of thread `thread`, which counts from 0; nothing if it cannot be
/// read.
using DecodeExample = std::function<Tensor(int64_t index, int thread)>;
/// The file at packed.path, mapped. It is written first, by `threads` threads, if it is not there, or
/// damaged, or of another key: `warn` and `inform` are told. Throws if it cannot be written.
std::unique_ptr<ExampleCache> disk_cache(const Packed& packed, const DecodeExample& decode, int threads,
                                         const Note& warn, const Note& inform);
/// Where the examples of `dataset` are packed if they are kept as `form`, tables of `channels`, and their
/// key. Throws if they come from no files.
Packed packed_for(const Dataset& dataset, const std::string& form, int64_t channels);

/// Bytes that this process may still take: what the machine has available, or the limit of its control group.
int64_t available_memory();

}  // namespace fovea::data

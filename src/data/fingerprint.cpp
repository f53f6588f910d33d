#include "data/md5.h"
#include "fovea/inspect.h"

namespace fovea::data {
namespace {

template <class T>
void add(Md5& sum, const T* values, int64_t count) {
  sum.add({reinterpret_cast<const uint8_t*>(values), size_t(count) * sizeof(T)});
}

void add(Md5& sum, const Tensor& mask) {
  const Tensor classes = mask.contiguous();
  add(sum, classes.data<uint8_t>(), classes.numel());
}

}  // namespace

std::string fingerprint(const Dataset& set) {
  std::string facts = fmt::format("{} {} {} {}", set.size(), set.example_shape(), fovea::name_of(set.dtype()),
                                  name_of(set.task()));
  for (const std::string& name : set.classes()) facts += "\n" + name;
  Md5 sum;
  add(sum, facts.data(), int64_t(facts.size()));
  const Tensor row = Tensor::empty(set.example_shape(), set.dtype());
  std::vector<float> target(set.classes().size());
  for (int64_t i = 0; i < set.size(); ++i) {
    set.read(i, row);
    add(sum, static_cast<const uint8_t*>(row.raw()), row.numel() * size_of(row.dtype()));
    const int64_t label = set.label(i);
    if (set.task() == Task::classify) {
      add(sum, &label, 1);
    } else if (set.task() == Task::transcribe) {
      const std::vector<int64_t> string = set.string(i);
      add(sum, string.data(), int64_t(string.size()));
    } else if (set.task() == Task::segment) {
      add(sum, set.mask(i));
    } else {
      set.target(i, target);
      add(sum, target.data(), int64_t(target.size()));
    }
  }
  return sum.hex();
}

}  // namespace fovea::data

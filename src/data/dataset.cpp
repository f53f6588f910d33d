#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "fovea/data.h"

namespace fovea::data {

const char* name_of(Split split) { return split == Split::train ? "train" : "val"; }

namespace {

struct TaskNames {
  Task task;
  const char *name, *classes;  // what Dataset::classes() are called
};
constexpr TaskNames task_names[] = {{Task::classify, "classify", "classes"},
                                    {Task::multilabel, "multilabel", "labels"},
                                    {Task::regress, "regress", "numbers"},
                                    {Task::transcribe, "transcribe", "characters"},
                                    {Task::segment, "segment", "classes of pixels"}};

const TaskNames& names_of(Task task) {
  return *std::find_if(std::begin(task_names), std::end(task_names),
                       [&](const TaskNames& names) { return names.task == task; });
}

}  // namespace

const char* name_of(Task task) { return names_of(task).name; }

Task task_named(const std::string& name) {
  std::string all;
  for (const TaskNames& names : task_names) {
    if (name == names.name) return names.task;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", names.name);
  }
  fail("task={} is none of {}", name, all);
}

void Dataset::target(int64_t index, std::span<float> out) const {
  check(task_ == Task::transcribe, "{} is to {} and has no targets of another kind", name_, name_of(task_));
  std::fill(out.begin(), out.end(), 0.f);
  for (const int64_t character : string(index)) ++out[size_t(character)];
}

std::vector<int64_t> Dataset::string(int64_t) const { fail("{} has no strings", name_); }

Tensor Dataset::mask(int64_t) const { fail("{} is to {} and has no masks", name_, name_of(task_)); }

std::string Dataset::where(int64_t index) const {
  return fmt::format("example {} of {} {}", index, name_, name_of(split_));
}

Tensor Dataset::picture(int64_t) const { fail("{} has no pictures beside its examples", name_); }

std::span<const uint8_t> Dataset::picture_file(int64_t, std::vector<uint8_t>&) const { return {}; }

std::string Dataset::source(int64_t) const { return {}; }

Example Dataset::example(int64_t index) const {
  check(index >= 0 && index < size(), "example {} is outside of the {} of {} {}", index, size(), name_,
        name_of(split_));
  Example e{Tensor::empty(shape_, dtype_), label(index)};
  read(index, e.image);
  return e;
}

std::string Dataset::describe() const {
  std::string shape;
  if (shape_.size() == 3) shape = fmt::format("{}x{}x{}", shape_[1], shape_[2], shape_[0]);
  else shape = fmt::format("{} features", shape_.numel());
  return fmt::format("{} {}  {} examples  {} {}  {} {}", name_, name_of(split_), thousands(size()), shape,
                     name_of(dtype_), classes_.size(), names_of(task_).classes);
}

void Dataset::set_transforms(Compose prepare, Compose augment) {
  prepare.output_shape(shape_), augment.output_shape(shape_);  // throw if they do not fit
  prepare_ = std::move(prepare), augment_ = std::move(augment);
}

TensorDataset::TensorDataset(Tensor examples, std::vector<int64_t> labels, Info info)
    : examples_(examples.contiguous()), labels_(std::move(labels)) {
  check(examples_.rank() == 2 || examples_.rank() == 4, "{}: examples are (N,C,H,W) or (N,features), not {}",
        info.name, examples_.shape());
  check(examples_.numel() > 0, "{}: there are no examples: {}", info.name, examples_.shape());
  check(examples_.size(0) == int64_t(labels_.size()), "{}: {} examples but {} labels", info.name,
        examples_.size(0), labels_.size());
  for (size_t i = 0; i < labels_.size(); ++i)
    check(labels_[i] >= 0 && labels_[i] < int64_t(info.classes.size()),
          "{}: label {} of example {} is outside of 0..{}", info.name, labels_[i], i,
          int64_t(info.classes.size()) - 1);
  name_ = std::move(info.name), split_ = info.split, classes_ = std::move(info.classes);
  normalization_ = std::move(info.normalization);
  prepare_ = std::move(info.prepare), augment_ = std::move(info.augment),
  warnings_ = std::move(info.warnings);
  shape_ = examples_.shape();
  shape_.erase(0);
  dtype_ = examples_.dtype();
}

void TensorDataset::read(int64_t index, const Tensor& row) const {
  const size_t bytes = size_t(shape_.numel() * size_of(dtype_));
  std::memcpy(row.raw(), static_cast<const char*>(examples_.raw()) + size_t(index) * bytes, bytes);
}

}  // namespace fovea::data

// Transforms: what happens to an example between the data set and the batch, with torchvision's names and
// meaning. They work on a Sample: planes (C,H,W) of u8, u16 or f32 (0..1) with any number of channels, its
// boxes, masks and key points together. Random ones first draw their parameters from the generator they are
// handed, which the loader sets by (seed, epoch, example): order and threads change nothing. Then they call
// functional kernels (transforms/functional.h). docs/transforms.md lists them all.
//   Compose augment{RandomResizedCrop(224), RandomHorizontalFlip(), RandAugment()};
//   Compose same = parse_transforms("RandomResizedCrop(224), RandomHorizontalFlip(0.5), RandAugment(2)");
//   augment.describe();  // that text again: pipelines are saved with their models as text
// Threads: a transform is immutable; many threads may apply one at once.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "fovea/random.h"
#include "fovea/transforms/functional.h"

namespace fovea::data {

// ---- Kinds of arguments, with their text ----

/// Uniform in low..high: "0.08..1".
struct Range {
  float low = 0, high = 0;
  float draw(Generator& random) const { return low + (high - low) * random.uniform(); }
  bool operator==(const Range&) const = default;
};
/// -amount..amount, "10", or any range, "-5..20".
struct Angle : Range {
  Angle(float amount = 0) : Range{-amount, amount} {}
  Angle(float low, float high) : Range{low, high} {}
};
/// 1 - amount..1 + amount, never below 0: "0.4", or any range, "0.5..1".
struct Factor : Range {
  Factor(float amount = 0) : Range{amount < 1 ? 1 - amount : 0, 1 + amount} {}
  Factor(float low, float high) : Range{low, high} {}
};
/// Two numbers, for x and y: "0.1/0.2", or one for both, "0.1".
struct Pair {
  Pair(float both = 0) : x(both), y(both) {}
  Pair(float x, float y) : x(x), y(y) {}
  float x, y;
};
/// Pixels on each side: "4", "8/4" (left and right, top and bottom) or "1/2/3/4" (left, top, right, bottom).
struct Borders {
  Borders(int64_t all = 0) : Borders(all, all, all, all) {}
  Borders(int64_t x, int64_t y) : Borders(x, y, x, y) {}
  Borders(int64_t left, int64_t top, int64_t right, int64_t bottom)
      : left(left), top(top), right(right), bottom(bottom) {}
  int64_t left, top, right, bottom;
};

/// A named argument of a transform and where it is kept.
struct Argument {
  const char* name;
  std::variant<int64_t*, float*, bool*, Range*, Angle*, Factor*, Pair*, Size*, Borders*, Fill*, Filter*,
               Padding*>
      value;
};

class Transform {
 public:
  virtual ~Transform() = default;
  /// "RandomCrop"
  virtual const char* name() const = 0;
  /// Its arguments in order: what describe() writes and parse_transforms() reads.
  virtual std::vector<Argument> arguments() = 0;
  /// Throws unless the arguments make sense.
  virtual void check_arguments() const {}
  /// The shape it makes of an image (C,H,W). Throws Error if it cannot take it.
  virtual Dims output_shape(const Dims& input) const;
  /// Changes the sample. Tensors are replaced, never written to.
  virtual void apply(Sample& sample, Generator& random) const = 0;
  /// Adds itself to `pass`, drawing the numbers that apply() would, and returns true; false if it is not mere
  /// cropping, scaling and mirroring inside of the picture.
  virtual bool fold(functional::Resampling& pass, Generator& random) const;

  /// "RandomCrop(32, padding=4)": the first argument always, others where they are not the default.
  std::string describe() const;
};

/// Transforms one after the other.
class Compose {
 public:
  Compose() = default;
  template <class... T>
  requires(std::is_base_of_v<Transform, T>&&...) explicit Compose(T... steps)
      : steps_{std::make_shared<const T>(std::move(steps))...} {}

  const std::vector<std::shared_ptr<const Transform>>& steps() const { return steps_; }
  bool empty() const { return steps_.empty(); }
  /// Adds a last step.
  void push_back(std::shared_ptr<const Transform> step) { steps_.push_back(std::move(step)); }
  /// Applies the steps from `first` on. Every step has random numbers of its own, given by `seed`, `epoch`
  /// and the number of the example alone.
  void apply(Sample& sample, uint64_t seed, int64_t epoch, int64_t index, size_t first = 0) const;
  /// The generator of step `step`.
  static Generator generator(uint64_t seed, int64_t epoch, int64_t index, size_t step);
  Dims output_shape(Dims shape) const;
  /// The shape it makes of images of `channels` whatever their size; nothing if that depends on the size.
  std::optional<Dims> fixed_shape(int64_t channels) const;
  /// "RandomCrop(32, padding=4), RandomHorizontalFlip(0.5)" or "none"
  std::string describe() const;

 private:
  std::vector<std::shared_ptr<const Transform>> steps_;
};

/// What describe() wrote, or a person: "RandomResizedCrop(224, scale=0.2..1), RandomHorizontalFlip". Names
/// without parentheses take their defaults; upper and lower case are the same; "none" and "" are no
/// transforms. Throws naming the transform, its arguments and the nearest right name.
Compose parse_transforms(const std::string& text);
/// The names that parse_transforms() knows.
std::vector<std::string> transform_names();

}  // namespace fovea::data

#include "fovea/transforms/auto_augment.h"
#include "fovea/transforms/color.h"
#include "fovea/transforms/geometry.h"

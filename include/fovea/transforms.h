// Transforms: what happens to an example between the data set and the batch: crops, flips, small turns.
// They work on pixels (C,H,W) of u8, u16 or f32, before normalisation. Random ones draw from the generator
// they are handed, which the loader sets by (seed, epoch, example): order and threads change nothing.
//   Compose augment{RandomCrop(32, 4, Padding::reflect), RandomHorizontalFlip()};
// Threads: a transform is immutable; many threads may apply one at once.
#pragma once
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "fovea/random.h"
#include "fovea/tensor.h"

namespace fovea::data {

class Transform {
 public:
  virtual ~Transform() = default;
  /// The shape it makes of `input` (C,H,W). Throws Error if it cannot take it.
  virtual Dims output_shape(const Dims& input) const = 0;
  /// Writes the transformed `from` into `to`: contiguous, of output_shape(from.shape()) and from's dtype,
  /// other memory.
  virtual void apply(const Tensor& from, const Tensor& to, Generator& random) const = 0;
  /// "RandomCrop(32, padding=4 reflect)"
  virtual std::string describe() const = 0;
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
  Dims output_shape(Dims shape) const;
  /// "RandomCrop(32, padding=4 reflect), RandomHorizontalFlip(0.5)" or "none"
  std::string describe() const;

 private:
  std::vector<std::shared_ptr<const Transform>> steps_;
};

/// Mirrors left and right with probability `p`.
class RandomHorizontalFlip : public Transform {
 public:
  explicit RandomHorizontalFlip(float p = 0.5f);
  Dims output_shape(const Dims& input) const override;
  void apply(const Tensor& from, const Tensor& to, Generator& random) const override;
  std::string describe() const override;

 private:
  float p_;
};

/// What lies beyond the border: zeros, or the image mirrored without repeating its edge.
enum class Padding : uint8_t { zero, reflect };

/// A square of `size` at a random place of the image padded by `padding` on every side.
class RandomCrop : public Transform {
 public:
  explicit RandomCrop(int64_t size, int64_t padding = 0, Padding mode = Padding::zero);
  Dims output_shape(const Dims& input) const override;
  void apply(const Tensor& from, const Tensor& to, Generator& random) const override;
  std::string describe() const override;

 private:
  int64_t size_, padding_;
  Padding mode_;
};

/// The square of `size` in the centre; borders are rounded half to even as in torchvision.
class CenterCrop : public Transform {
 public:
  explicit CenterCrop(int64_t size);
  Dims output_shape(const Dims& input) const override;
  void apply(const Tensor& from, const Tensor& to, Generator& random) const override;
  std::string describe() const override;

 private:
  int64_t size_;
};

/// Scales to a square of `size`, antialiased bilinear as image::resize.
class Resize : public Transform {
 public:
  explicit Resize(int64_t size);
  Dims output_shape(const Dims& input) const override;
  void apply(const Tensor& from, const Tensor& to, Generator& random) const override;
  std::string describe() const override;

 private:
  int64_t size_;
};

/// Turns by up to `degrees` either way, shifts by up to `translate` of the size, scales by `min_scale` to
/// `max_scale`, each uniform, around the centre. Bilinear; zeros come in from outside. Light values suit
/// digits: RandomAffine(10, 0.1).
class RandomAffine : public Transform {
 public:
  explicit RandomAffine(float degrees, float translate = 0, float min_scale = 1, float max_scale = 1);
  Dims output_shape(const Dims& input) const override;
  void apply(const Tensor& from, const Tensor& to, Generator& random) const override;
  std::string describe() const override;

 private:
  float degrees_, translate_, min_scale_, max_scale_;
};

}  // namespace fovea::data

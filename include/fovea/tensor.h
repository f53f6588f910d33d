// Tensor: an n-dimensional array on a device. A value type with reference semantics: copies share the
// elements. The logical shape of images is always (N, C, H, W); the physical layout is plain (strided) or
// blocked8 (N, C/8, H, W, 8). Members that return another Tensor are raw views or copies outside of
// differentiation: they throw on a tensor that is on the tape; the ops of ops.h (reshape, permute, slice,
// cast ...) are their differentiable twins. Threads: distinct tensors may be used from distinct threads; one
// tensor may be read by many, written by one.
//   Tensor x = zeros({2, 3});   x.at<float>({0, 1}) = 5;   std::cout << x;
#pragma once
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

#include "fovea/device.h"
#include "fovea/dims.h"
#include "fovea/dtype.h"

namespace fovea {

enum class Layout : uint8_t { plain, blocked8 };
const char* name_of(Layout layout);

struct Node;  // one recorded op call on the tape (op/tape.h)

/// A reference-counted block of elements. `version` counts writes in place, so that the tape notices stale
/// values.
class Storage {
 public:
  Storage(size_t bytes, Device device);
  /// Wraps memory that is kept alive by `owner`.
  Storage(void* data, size_t bytes, std::shared_ptr<const void> owner);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  char* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  uint32_t version = 0;

  /// Grows with every storage made: tells which came before.
  uint64_t id() const { return id_; }

 private:
  char* data_;
  size_t bytes_;
  Device device_;
  uint64_t id_;
  std::shared_ptr<const void> owner_;
};

class Tensor;

/// What a Tensor handle points to. Identity (the address) is what makes a parameter a parameter.
struct TensorImpl {
  std::shared_ptr<Storage> storage;
  int64_t offset = 0;   // elements from the start of storage
  Dims shape, strides;  // strides in elements; of the logical dims if plain, unused if blocked
  DType dtype = DType::f32;
  Layout layout = Layout::plain;
  bool requires_grad = false;
  bool retain_grad = false;
  std::shared_ptr<Node> grad_fn;  // the call that produced it, null for leaves
  int output_index = 0;
  std::shared_ptr<TensorImpl> grad;
};

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(std::shared_ptr<TensorImpl> impl) : impl_(std::move(impl)) {}
  /// Uninitialised elements. Blocked tensors want rank 4 or more and shape[1] % 8 == 0.
  static Tensor empty(const Dims& shape, DType dtype = f32, Device device = {},
                      Layout layout = Layout::plain);
  /// A tensor over existing memory, contiguous; `owner` keeps that memory alive.
  static Tensor wrap(void* data, const Dims& shape, DType dtype, std::shared_ptr<const void> owner);
  /// A copy of `values` in `shape` (1-d if left out).
  template <class T>
  static Tensor of(std::span<const T> values, Dims shape = {}) {
    if (shape.empty()) shape = {int64_t(values.size())};
    check(shape.numel() == int64_t(values.size()), "{} values do not fill shape {}", values.size(), shape);
    Tensor t = empty(shape, dtype_of<T>());
    std::copy(values.begin(), values.end(), t.data<T>());
    return t;
  }

  bool defined() const { return impl_ != nullptr; }
  explicit operator bool() const { return defined(); }
  const Dims& shape() const { return impl().shape; }
  int64_t size(int dim) const { return impl().shape[dim]; }
  int rank() const { return impl().shape.size(); }
  int64_t numel() const { return impl().shape.numel(); }
  DType dtype() const { return impl().dtype; }
  Layout layout() const { return impl().layout; }
  Device device() const { return impl().storage->device(); }
  const Dims& strides() const { return impl().strides; }
  /// Dense row-major elements in plain layout.
  bool is_contiguous() const;
  /// "f32 (8,3,32,32)" with layout or device where they are not the usual ones.
  std::string describe() const;

  /// First element. *Requires* dtype_of<T>() == dtype().
  template <class T>
  T* data() const {
    check(dtype_of<T>() == dtype(), "the tensor holds {}, not {}", name_of(dtype()), name_of(dtype_of<T>()));
    return static_cast<T*>(raw());
  }
  void* raw() const { return impl().storage->data() + impl().offset * size_of(dtype()); }
  /// The element at `index`. *Requires* plain layout.
  template <class T>
  T& at(const Dims& index) const {
    return data<T>()[element_offset(index)];
  }
  /// The only element, as double; throws unless numel() == 1.
  double item() const;
  /// All elements in row-major order, converted to T.
  template <class T>
  std::vector<T> to_vector() const;

  // Raw copies and views (see the head of this file).
  /// Converted copy (or itself if nothing changes). Floats to integers round towards zero and saturate.
  Tensor to(DType dtype) const;
  Tensor to(Layout layout) const;
  Tensor to(Device device) const;
  /// Dense, plain layout; itself if it already is.
  Tensor contiguous() const;
  Tensor clone() const;
  /// The same elements off the tape.
  Tensor detach() const;
  /// View with another shape; one entry may be -1. Copies if the elements do not lie dense.
  Tensor reshape(const Dims& shape) const;
  /// `length` entries of `dim` from `start`.
  Tensor narrow(int dim, int64_t start, int64_t length) const;
  /// Entry `index` of `dim`; the dimension is dropped.
  Tensor select(int dim, int64_t index) const;
  Tensor permute(const Dims& axes) const;
  /// Dimensions of size 1 stretched by stride 0.
  Tensor expand(const Dims& shape) const;
  /// Any strided view of the same storage.
  Tensor as_strided(const Dims& shape, const Dims& strides, int64_t offset) const;

  // Raw writes; they bump the version.
  void fill(double value) const;
  /// Copies elements from `source` (broadcast, converted).
  void copy_from(const Tensor& source) const;

  // Differentiation (see autograd.h).
  bool requires_grad() const { return defined() && (impl_->requires_grad || impl_->grad_fn); }
  /// Marks a leaf whose gradient `backward()` accumulates. Floats only.
  Tensor& set_requires_grad(bool on = true);
  bool is_leaf() const { return !impl().grad_fn; }
  /// The accumulated gradient, undefined before the first backward().
  Tensor grad() const { return impl().grad ? Tensor(impl().grad) : Tensor(); }
  void set_grad(const Tensor& g) const { impl().grad = g.impl_; }
  /// Accumulates d(this)/d(leaf) into every leaf's grad. *Requires* one element.
  void backward() const;

  TensorImpl& impl() const {
    check(defined(), "the tensor is undefined (default-constructed or never set)");
    return *impl_;
  }
  const std::shared_ptr<TensorImpl>& ptr() const { return impl_; }

 private:
  int64_t element_offset(const Dims& index) const;
  const TensorImpl& off_tape(const char* what) const;
  std::shared_ptr<TensorImpl> impl_;
};

/// The elements as a table; an image-like u8/u16 tensor prints as its pixel table. Long tensors are abridged.
std::ostream& operator<<(std::ostream& out, const Tensor& t);
std::string to_string(const Tensor& t, int max_rows = 16, int max_columns = 16);

Tensor zeros(const Dims& shape, DType dtype = f32);
Tensor ones(const Dims& shape, DType dtype = f32);
Tensor full(const Dims& shape, double value, DType dtype = f32);
/// 0-d tensor.
Tensor scalar(double value, DType dtype = f32);
/// start, start + step ... below end.
Tensor arange(double start, double end, double step = 1, DType dtype = f32);
Tensor eye(int64_t n, DType dtype = f32);
/// A tensor of the given numbers: tensor({1, 2, 3}), tensor({1, 2, 3, 4}, {2, 2}, i64).
Tensor tensor(std::initializer_list<double> values, Dims shape = {}, DType dtype = f32);

/// Whether both have the same shape, dtype and bits (layouts may differ).
bool same_bits(const Tensor& a, const Tensor& b);

}  // namespace fovea

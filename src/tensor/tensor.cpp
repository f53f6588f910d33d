#include "fovea/tensor.h"

#include <cmath>
#include <cstring>

#include "tensor/convert.h"
#include "tensor/recorder.h"
#include "tensor/walk.h"

namespace fovea {

namespace {

void move(const Tensor& from, const Tensor& to) {
  if (Recorder* r = recorder()) r->moved(from, to);
  else convert_elements(view_of(from), view_of(to));
}

}  // namespace

const char* name_of(Layout layout) { return layout == Layout::plain ? "plain" : "blocked8"; }

Tensor Tensor::empty(const Dims& shape, DType dtype, Device device, Layout layout) {
  int64_t bytes;
  check(!__builtin_mul_overflow(shape.numel(), size_of(dtype), &bytes), "shape {} of {} has no valid size",
        shape, name_of(dtype));
  if (layout == Layout::blocked8)
    check(shape.size() >= 4 && shape[1] % 8 == 0, "layout blocked8 wants (N,C,H,W) with C % 8 == 0, not {}",
          shape);
  auto impl = std::make_shared<TensorImpl>();
  impl->storage = std::make_shared<Storage>(size_t(bytes), device);
  impl->shape = shape;
  impl->strides = shape.contiguous_strides();
  impl->dtype = dtype;
  impl->layout = layout;
  return Tensor(std::move(impl));
}

Tensor Tensor::wrap(void* data, const Dims& shape, DType dtype, std::shared_ptr<const void> owner) {
  auto impl = std::make_shared<TensorImpl>();
  impl->storage = std::make_shared<Storage>(data, size_t(shape.numel() * size_of(dtype)), std::move(owner));
  impl->shape = shape;
  impl->strides = shape.contiguous_strides();
  impl->dtype = dtype;
  return Tensor(std::move(impl));
}

bool Tensor::is_contiguous() const { return layout() == Layout::plain && dense(shape(), strides()); }

std::string Tensor::describe() const {
  if (!defined()) return "undefined";
  std::string s = fmt::format("{} {}", name_of(dtype()), shape());
  if (layout() != Layout::plain) s += fmt::format(" {}", name_of(layout()));
  if (device() != Device{}) s += " on " + device().str();
  return s;
}

double Tensor::item() const {
  check(numel() == 1, "item() wants a tensor of one element, not {}", describe());
  return to_vector<double>()[0];
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  check(!recorder(), "a compiled step reads the values of {}: return the tensor and read it outside",
        describe());
  const Tensor dense = detach().to(dtype_of<T>()).contiguous();
  const T* p = dense.data<T>();
  return {p, p + dense.numel()};
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<int32_t> Tensor::to_vector() const;
template std::vector<uint8_t> Tensor::to_vector() const;
template std::vector<uint16_t> Tensor::to_vector() const;

const TensorImpl& Tensor::off_tape(const char* what) const {
  check(!requires_grad(),
        "{}() is a raw view or copy and would cut the tape: use the op of ops.h, or detach() first", what);
  return impl();
}

Tensor Tensor::detach() const {
  auto copy = std::make_shared<TensorImpl>(impl());
  copy->requires_grad = copy->retain_grad = false;
  copy->grad_fn = nullptr;
  copy->grad = nullptr;
  return Tensor(std::move(copy));
}

Tensor Tensor::to(DType wanted) const {
  off_tape("to");
  if (wanted == dtype()) return *this;
  Tensor out = empty(shape(), wanted, device(), layout());
  move(*this, out);
  return out;
}

Tensor Tensor::to(Layout wanted) const {
  off_tape("to");
  if (wanted == layout()) return *this;
  Tensor out = empty(shape(), dtype(), device(), wanted);
  move(*this, out);
  return out;
}

Tensor Tensor::to(Device wanted) const {
  check(wanted == device(), "no backend copies from {} to {} in this build", device().str(), wanted.str());
  return *this;
}

Tensor Tensor::contiguous() const {
  if (is_contiguous()) return *this;
  off_tape("contiguous");
  Tensor out = empty(shape(), dtype(), device());
  move(*this, out);
  return out;
}

Tensor Tensor::clone() const {
  off_tape("clone");
  Tensor out = empty(shape(), dtype(), device(), layout());
  move(*this, out);
  return out;
}

Tensor Tensor::as_strided(const Dims& shape, const Dims& strides, int64_t offset) const {
  off_tape("as_strided");
  check(layout() == Layout::plain, "a strided view wants layout plain, not {}", name_of(layout()));
  int64_t first = offset, last = offset;
  for (int i = 0; i < shape.size(); ++i) (strides[i] < 0 ? first : last) += (shape[i] - 1) * strides[i];
  check(
      shape.numel() == 0 || (first >= 0 && (last + 1) * size_of(dtype()) <= int64_t(impl().storage->bytes())),
      "view {} with strides {} at {} leaves the storage of {}", shape, strides, offset, describe());
  auto view = std::make_shared<TensorImpl>();
  view->storage = impl().storage;
  view->shape = shape;
  view->strides = strides;
  view->offset = offset;
  view->dtype = dtype();
  return Tensor(std::move(view));
}

Tensor Tensor::reshape(const Dims& wanted) const {
  off_tape("reshape");
  Dims target = wanted;
  int64_t known = 1;
  int open = -1;
  for (int i = 0; i < target.size(); ++i) {
    check(target[i] >= -1 && (target[i] != -1 || open < 0), "reshape: {} is no shape (one -1 at most)",
          wanted);
    target[i] == -1 ? void(open = i) : void(known *= target[i]);
  }
  if (open >= 0 && known != 0 && numel() % known == 0) target[open] = numel() / known;
  check((open < 0 || target[open] >= 0) && target.numel() == numel(),
        "reshape: {} elements of {} do not fill {}", numel(), shape(), wanted);
  const Tensor source = contiguous();
  return source.as_strided(target, target.contiguous_strides(), source.impl().offset);
}

Tensor Tensor::narrow(int dim, int64_t start, int64_t length) const {
  const int d = normal_axis(dim, rank(), "narrow");
  check(start >= 0 && length >= 0 && start + length <= size(d), "narrow: {}..{} is outside of dim {} of {}",
        start, start + length, d, shape());
  if (layout() == Layout::blocked8) {
    if (d != 0) return to(Layout::plain).narrow(d, start, length);
    Tensor view = detach();
    view.impl().shape[0] = length;
    view.impl().offset += start * strides()[0];
    return view;
  }
  Dims s = shape();
  s[d] = length;
  return as_strided(s, strides(), impl().offset + start * strides()[d]);
}

Tensor Tensor::select(int dim, int64_t index) const {
  const int d = normal_axis(dim, rank(), "select");
  if (layout() == Layout::blocked8) return to(Layout::plain).select(d, index);
  check(index >= 0 && index < size(d), "select: index {} is outside of dim {} of {}", index, d, shape());
  Dims s = shape(), t = strides();
  s.erase(d), t.erase(d);
  return as_strided(s, t, impl().offset + index * strides()[d]);
}

Tensor Tensor::permute(const Dims& axes) const {
  check(axes.size() == rank(), "permute: {} does not order the dimensions of {}", axes, shape());
  if (layout() == Layout::blocked8) return to(Layout::plain).permute(axes);
  Dims s = axes, t = axes;
  std::array<bool, Dims::max_rank> seen{};
  for (int i = 0; i < rank(); ++i) {
    const int from = normal_axis(axes[i], rank(), "permute");
    check(!seen[from], "permute: dimension {} stands twice in {}", from, axes);
    seen[from] = true;
    s[i] = shape()[from], t[i] = strides()[from];
  }
  return as_strided(s, t, impl().offset);
}

Tensor Tensor::expand(const Dims& wanted) const {
  check(broadcast(shape(), wanted, "expand") == wanted, "expand: {} does not stretch to {}", shape(), wanted);
  if (layout() == Layout::blocked8) return wanted == shape() ? *this : to(Layout::plain).expand(wanted);
  Dims t = Dims::filled(wanted.size(), 0);
  const int lead = wanted.size() - rank();
  for (int i = 0; i < rank(); ++i) t[lead + i] = size(i) == 1 && wanted[lead + i] != 1 ? 0 : strides()[i];
  return as_strided(wanted, t, impl().offset);
}

void Tensor::fill(double value) const { copy_from(scalar(value, dtype())); }

void Tensor::copy_from(const Tensor& source) const {
  check(broadcast(shape(), source.shape(), "copy_from") == shape(), "copy_from: {} does not fit into {}",
        source.shape(), shape());
  move(source, *this);
  impl().storage->version++;
}

Tensor& Tensor::set_requires_grad(bool on) {
  check(!on || is_float(dtype()), "only float tensors have gradients, not {}", describe());
  check(is_leaf(), "requires_grad is set on leaves; this tensor is the result of an op");
  impl().requires_grad = on;
  return *this;
}

int64_t Tensor::element_offset(const Dims& index) const {
  check(layout() == Layout::plain && index.size() == rank(), "at{}: wants one index per dimension of {}",
        index, describe());
  int64_t at = 0;
  for (int i = 0; i < rank(); ++i) {
    check(index[i] >= 0 && index[i] < size(i), "at{} is outside of {}", index, shape());
    at += index[i] * strides()[i];
  }
  return at;
}

Tensor full(const Dims& shape, double value, DType dtype) {
  Tensor t = Tensor::empty(shape, dtype);
  t.fill(value);
  return t;
}
Tensor zeros(const Dims& shape, DType dtype) {
  Tensor t = Tensor::empty(shape, dtype);
  if (Recorder* r = recorder()) r->zeroed(t);
  else std::memset(t.raw(), 0, size_t(t.numel() * size_of(dtype)));
  return t;
}
Tensor ones(const Dims& shape, DType dtype) { return full(shape, 1, dtype); }

Tensor scalar(double value, DType dtype) {
  Tensor t = Tensor::empty({}, f64);
  *t.data<double>() = value;
  return t.to(dtype);
}

Tensor arange(double start, double end, double step, DType dtype) {
  check(step != 0 && std::isfinite((end - start) / step), "arange({}, {}, {}) has no end", start, end, step);
  const int64_t n = std::max<int64_t>(0, int64_t(std::ceil((end - start) / step)));
  Tensor t = Tensor::empty({n}, f64);
  for (int64_t i = 0; i < n; ++i) t.data<double>()[i] = start + double(i) * step;
  return t.to(dtype);
}

Tensor eye(int64_t n, DType dtype) {
  Tensor t = zeros({n, n}, dtype);
  t.as_strided({n}, {n + 1}, 0).fill(1);
  return t;
}

Tensor tensor(std::initializer_list<double> values, Dims shape, DType dtype) {
  return Tensor::of(std::span<const double>(values.begin(), values.size()), shape).to(dtype);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return std::memcmp(x.raw(), y.raw(), size_t(x.numel() * size_of(x.dtype()))) == 0;
}

}  // namespace fovea

#include "fovea/surface.h"

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/random.h"

namespace fovea::see {
namespace {

/// Puts the parameters back at the end of its life.
class Kept {
 public:
  explicit Kept(const nn::Module& model) : parameters_(model.parameters()) {
    for (const Tensor& p : parameters_) values_.push_back(p.detach().clone());
  }
  ~Kept() {
    for (size_t i = 0; i < parameters_.size(); ++i) parameters_[i].detach().copy_from(values_[i]);
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  const Direction& values() const { return values_; }

 private:
  std::vector<Tensor> parameters_;
  Direction values_;
};

void check_fits(const nn::Module& model, const Direction& direction, const char* what) {
  const auto parameters = model.parameters();
  check(direction.size() == parameters.size(), "[loss_surface] {} has {} tensors for {} parameters", what,
        direction.size(), parameters.size());
  for (size_t i = 0; i < direction.size(); ++i)
    check(direction[i].shape() == parameters[i].shape(), "[loss_surface] {} has {} for a parameter {}", what,
          direction[i].shape(), parameters[i].describe());
}

double norm(const Tensor& t) { return std::sqrt(sum(square(t)).item()); }

/// The numbers of all tensors in a row; zeros for those that are undefined.
std::vector<double> in_a_row(const Direction& tensors, const Direction& like) {
  std::vector<double> all;
  for (size_t i = 0; i < like.size(); ++i) {
    const auto values = tensors[i].defined() ? tensors[i].detach().to_vector<double>()
                                             : std::vector<double>(size_t(like[i].numel()));
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

Direction filter_normalised(const nn::Module& model, uint64_t seed) {
  const NoGrad guard;
  Direction all;
  for (const Tensor& p : model.parameters()) {
    const Tensor d = zeros(p.shape(), p.dtype());
    all.push_back(d);
    if (p.rank() < 2) continue;
    Generator random(seed, all.size());
    for (int64_t filter = 0; filter < p.size(0); ++filter) {
      const Tensor row = d.select(0, filter), noise = Tensor::empty(row.shape());
      for (int64_t i = 0; i < noise.numel(); ++i) noise.data<float>()[i] = random.normal();
      row.copy_from(noise * (norm(p.detach().select(0, filter)) / std::max(norm(noise), 1e-30)));
    }
  }
  return all;
}

Plane plane_of_two(const nn::Module& model) {
  check(model.num_parameters() == 2, "a plane has two parameters, but this model has {}",
        model.num_parameters());
  Plane plane;
  int64_t place = 0;
  for (const Tensor& p : model.parameters()) {
    for (Direction* d : {&plane.origin, &plane.across, &plane.up}) d->push_back(zeros(p.shape(), p.dtype()));
    for (int64_t i = 0; i < p.numel(); ++i, ++place)
      (place == 0 ? plane.across : plane.up).back().reshape({-1}).select(0, i).fill(1);
  }
  return plane;
}

Tensor loss_surface(const nn::Module& model, const LossFunction& loss, const Plane& plane) {
  check_fits(model, plane.across, "across");
  check_fits(model, plane.up, "up");
  check(plane.left < plane.right && plane.bottom < plane.top && plane.columns > 0 && plane.rows > 0,
        "[loss_surface] {} to {} and {} to {} in {} x {} cells hold no plane", plane.left, plane.right,
        plane.bottom, plane.top, plane.rows, plane.columns);
  const NoGrad guard;
  const Kept kept(model);
  const Direction& origin = plane.origin.empty() ? kept.values() : plane.origin;
  check_fits(model, origin, "origin");
  const auto parameters = model.parameters();
  const Tensor heights = Tensor::empty({plane.rows, plane.columns}, f64);
  for (int64_t r = 0; r < plane.rows; ++r)
    for (int64_t c = 0; c < plane.columns; ++c) {
      const double x = plane.left + (plane.right - plane.left) * (double(c) + 0.5) / double(plane.columns),
                   y = plane.top - (plane.top - plane.bottom) * (double(r) + 0.5) / double(plane.rows);
      for (size_t i = 0; i < parameters.size(); ++i)
        parameters[i].detach().copy_from(origin[i] + plane.across[i] * x + plane.up[i] * y);
      heights.at<double>({r, c}) = loss().item();
    }
  return heights;
}

Descent descend(const nn::Module& model, const LossFunction& loss, double lr, int64_t steps) {
  check(lr > 0 && steps >= 0, "[descend] {} steps with learning rate {}", steps, lr);
  const Kept kept(model);
  const auto parameters = model.parameters();
  std::vector<double> points, losses;
  for (int64_t step = 0; step <= steps; ++step) {
    const Tensor now = loss();
    if (!std::isfinite(now.item())) break;
    const std::vector<double> point = in_a_row(parameters, parameters);
    points.insert(points.end(), point.begin(), point.end());
    losses.push_back(now.item());
    const auto gradients = grad(now, parameters);
    for (size_t i = 0; i < parameters.size(); ++i)
      if (gradients[i].defined())
        parameters[i].detach().copy_from(parameters[i].detach() - lr * gradients[i]);
  }
  return {Tensor::of<double>(points, {int64_t(losses.size()), model.num_parameters()}), losses};
}

Tensor hessian(const nn::Module& model, const LossFunction& loss) {
  const int64_t n = model.num_parameters();
  check(n <= 256, "[hessian] of {} numbers: 256 are the most", n);
  const auto parameters = model.parameters();
  const auto slopes = grad(loss(), parameters, {.create_graph = true});
  std::vector<double> rows;
  for (size_t i = 0; i < parameters.size(); ++i)
    for (int64_t k = 0; k < parameters[i].numel(); ++k) {
      Direction second(parameters.size());
      if (slopes[i].requires_grad()) {
        const Tensor one = zeros(slopes[i].shape(), slopes[i].dtype());
        one.reshape({-1}).select(0, k).fill(1);
        second = grad(sum(slopes[i] * one), parameters, {.retain_graph = true});
      }
      const auto row = in_a_row(second, parameters);
      rows.insert(rows.end(), row.begin(), row.end());
    }
  return Tensor::of<double>(rows, {n, n});
}

double largest_eigenvalue(const Tensor& matrix) {
  check(matrix.rank() == 2 && matrix.size(0) == matrix.size(1) && matrix.dtype() == f64,
        "[largest_eigenvalue] a matrix f64 (n,n) is wanted, not {}", matrix.describe());
  const NoGrad guard;
  const int64_t n = matrix.size(0);
  // Shifted so that all eigenvalues are positive, the power method finds the largest.
  const double shift = max(sum(abs(matrix), {1})).item();
  const Tensor shifted = matrix + eye(n, f64) * shift;
  Generator random(1);
  Tensor v = Tensor::empty({n, 1}, f64);
  for (int64_t i = 0; i < n; ++i) v.data<double>()[i] = random.normal();
  double value = 0;
  for (int round = 0; round < 10'000; ++round) {
    const Tensor w = matmul(shifted, v);
    const double length = norm(w), before = std::exchange(value, length / norm(v));
    if (length == 0) break;
    v = w * (1 / length);
    if (std::abs(value - before) < 1e-13 * value) break;
  }
  return value - shift;
}

}  // namespace fovea::see

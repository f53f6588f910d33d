#include "nn/hulls.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "fovea/error.h"

namespace fovea::nn {
namespace {

using Vector = std::vector<double>;

/// Solves m z = 1 for a positive definite matrix, by Cholesky; empty if it is not (to rounding).
Vector solve_for_ones(std::vector<Vector> m) {
  const size_t n = m.size();
  Vector z(n, 1.0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double rest = m[i][j];
      for (size_t k = 0; k < j; ++k) rest -= m[i][k] * m[j][k];
      if (i == j && rest <= 1e-14 * m[i][i]) return {};
      m[i][j] = i == j ? std::sqrt(rest) : rest / m[j][j];
    }
    for (size_t k = 0; k < i; ++k) z[i] -= m[i][k] * z[k];
    z[i] /= m[i][i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) z[i] -= m[k][i] * z[k];
    z[i] /= m[i][i];
  }
  return z;
}

/// Differences of a row of a and one of b that span the simplex around the point of least norm so far.
class Corral {
 public:
  Corral(const Rows& a, const Rows& b) : a_(a), b_(b) {
    for (const double v : a.values) unit_ = std::max(unit_, v * v);
    for (const double v : b.values) unit_ = std::max(unit_, v * v);
  }

  /// False if it is there already.
  bool add(int64_t i, int64_t j) {
    for (const Vertex& v : vertices_)
      if (v.i == i && v.j == j) return false;
    Vertex v{i, j, Vector(size_t(a_.width)), vertices_.empty() ? 1.0 : 0.0};
    for (size_t k = 0; k < v.x.size(); ++k) v.x[k] = a_[i][k] - b_[j][k];
    vertices_.push_back(std::move(v));
    return true;
  }

  /// Moves to the point of least norm of the simplex; vertices whose share is 0 there go.
  void settle() {
    while (true) {
      const Vector flat = shares_of_plane();
      if (flat.empty()) return vertices_.pop_back();  // the last one lies in the plane of the others
      double way = 1;  // from the present shares to those of the plane, as far as none is negative
      for (size_t i = 0; i < flat.size(); ++i)
        if (flat[i] < least) way = std::min(way, vertices_[i].share / (vertices_[i].share - flat[i]));
      for (size_t i = flat.size(); i-- > 0;) {
        vertices_[i].share += way * (flat[i] - vertices_[i].share);
        if (flat[i] < least && vertices_[i].share < least) vertices_.erase(vertices_.begin() + int64_t(i));
      }
      if (way >= 1) return;
    }
  }

  Vector point() const {
    Vector p(size_t(a_.width));
    for (const Vertex& v : vertices_)
      for (size_t k = 0; k < p.size(); ++k) p[k] += v.share * v.x[k];
    return p;
  }

  NearestPoints result() const {
    std::map<int64_t, double> of_a, of_b;
    double total = 0;
    for (const Vertex& v : vertices_) total += v.share;
    for (const Vertex& v : vertices_) of_a[v.i] += v.share / total, of_b[v.j] += v.share / total;
    NearestPoints n{mean(a_, of_a), mean(b_, of_b)};
    Vector gap = n.a.point;
    for (size_t k = 0; k < gap.size(); ++k) gap[k] -= n.b.point[k];
    n.distance = std::sqrt(dot(gap, gap));
    return n;
  }

 private:
  static constexpr double least = 1e-13;  // shares below are 0

  struct Vertex {
    int64_t i, j;
    Vector x;
    double share;
  };

  /// Shares, which sum to 1 and may be negative, of the point of least norm in the plane through all
  /// vertices.
  Vector shares_of_plane() const {
    std::vector<Vector> m(vertices_.size(), Vector(vertices_.size()));
    for (size_t i = 0; i < m.size(); ++i)
      for (size_t j = 0; j <= i; ++j) m[i][j] = m[j][i] = unit_ + dot(vertices_[i].x, vertices_[j].x);
    Vector z = solve_for_ones(std::move(m));
    double total = 0;
    for (double v : z) total += v;
    for (double& v : z) v /= total;
    return z;
  }

  static Mean mean(const Rows& rows, const std::map<int64_t, double>& shares) {
    Mean m{{shares.begin(), shares.end()}, Vector(size_t(rows.width))};
    for (const auto& [i, share] : shares)
      for (size_t k = 0; k < m.point.size(); ++k) m.point[k] += share * rows[i][k];
    return m;
  }

  const Rows &a_, &b_;
  double unit_ = 1e-300;  // square of the size of the numbers
  std::vector<Vertex> vertices_;
};

/// The row that lies farthest in direction `sign` * p.
int64_t farthest(const Rows& rows, const Vector& p, double sign) {
  int64_t best = 0;
  double most = -INFINITY;
  for (int64_t i = 0; i < rows.count; ++i)
    if (const double d = sign * dot(rows[i], p); d > most) best = i, most = d;
  return best;
}

}  // namespace

NearestPoints nearest_points(const Rows& a, const Rows& b) {
  Corral corral(a, b);
  corral.add(0, 0);
  double before = INFINITY;
  while (true) {
    const Vector p = corral.point();
    const double square = dot(p, p);
    const int64_t i = farthest(a, p, -1), j = farthest(b, p, 1);
    const double gap = square - (dot(a[i], p) - dot(b[j], p));
    if (gap <= 1e-12 * square || square >= before || !corral.add(i, j)) return corral.result();
    before = square;
    corral.settle();
  }
}

}  // namespace fovea::nn

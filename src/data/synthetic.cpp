// Points in the plane that show what a network can and cannot separate. Point i depends on (kind, split,
// seed, i) alone.
#include <cmath>
#include <numbers>

#include "fovea/data.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

struct Point {
  float x, y;
};
constexpr float pi = std::numbers::pi_v<float>;

Point polar(float radius, float angle) { return {radius * std::cos(angle), radius * std::sin(angle)}; }
Point jitter(Point p, float noise, Generator& random) {
  const float dx = noise * random.normal(), dy = noise * random.normal();
  return {p.x + dx, p.y + dy};
}

/// Noise around the corners of a square; the class is whether the signs differ: no line separates it (Minsky,
/// Papert 1969).
Point xor_point(int64_t label, Generator& random) {
  const float x = random.next() & 1 ? 1.f : -1.f;
  return jitter({x, label == 1 ? -x : x}, 0.25f, random);
}
/// A disc within a ring.
Point circles_point(int64_t label, Generator& random) {
  const float radius = label == 0 ? 0.5f * std::sqrt(random.uniform()) : 0.8f + 0.2f * random.uniform();
  return polar(radius, 2 * pi * random.uniform());
}
/// Two arms wound one and a half times around each other.
Point spiral_point(int64_t label, Generator& random) {
  const float t = random.uniform();
  return jitter(polar(0.05f + 0.95f * t, 3 * pi * t + pi * float(label)), 0.02f, random);
}
/// Three round clouds.
Point blobs_point(int64_t label, Generator& random) {
  return jitter(polar(0.8f, 2 * pi * float(label) / 3), 0.2f, random);
}
/// Both sides of the line y = x / 2 with a margin between: what a perceptron can learn (Rosenblatt 1958).
Point line_point(int64_t label, Generator& random) {
  const float x = 2 * random.uniform() - 1, distance = 0.1f + 0.9f * random.uniform();
  return {x, x / 2 + (label == 1 ? distance : -distance)};
}

struct Kind {
  const char* name;
  int classes;
  Point (*point)(int64_t label, Generator& random);
};
constexpr Kind kinds[] = {{"xor", 2, xor_point},
                          {"circles", 2, circles_point},
                          {"spiral", 2, spiral_point},
                          {"blobs", 3, blobs_point},
                          {"line", 2, line_point}};

const Kind& kind_named(const std::string& name) {
  for (const Kind& k : kinds)
    if (name == k.name) return k;
  fail("{} is no synthetic set; xor circles spiral blobs line are", name);
}

}  // namespace

std::shared_ptr<Dataset> make_synthetic(const std::string& name, int64_t count, Split split, uint64_t seed) {
  const Kind& kind = kind_named(name);
  check(count >= kind.classes && count <= 100'000'000, "{} wants {} to 100,000,000 points, not {}", name,
        kind.classes, count);
  const Tensor points = Tensor::empty({count, 2});
  std::vector<int64_t> labels(size_t(count), 0);
  Generator random(seed, split == Split::train ? 0x7121 : 0x7e57);
  for (int64_t i = 0; i < count; ++i) {
    random.seek(uint64_t(i) << 8);
    labels[size_t(i)] = i % kind.classes;
    const Point p = kind.point(i % kind.classes, random);
    points.data<float>()[2 * i] = p.x, points.data<float>()[2 * i + 1] = p.y;
  }
  TensorDataset::Info info{
      .name = name, .split = split, .classes = {}, .normalization = Normalization{{0, 0}, {1, 1}}};
  for (int c = 0; c < kind.classes; ++c) info.classes.push_back(std::to_string(c));
  return std::make_shared<TensorDataset>(points, std::move(labels), std::move(info));
}

}  // namespace fovea::data

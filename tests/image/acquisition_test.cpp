// Ultrasound and infrared against SciPy and other people's formulas (make_acquisition.py), and against what
// geometry must give.
#include "fovea/acquisition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "../files.h"
#include "fovea/npy.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";

std::vector<std::vector<double>> rows_of(const std::string& file) {
  return fovea::test::numbers_of(folder + file);
}

TEST(Ultrasound, EnvelopeIsThatOfScipy) {
  const auto rows = rows_of("hilbert.tsv");
  ASSERT_EQ(rows.size(), 14u);
  for (size_t i = 0; i < rows.size(); i += 2) {
    const auto n = int64_t(rows[i].size());
    const Tensor rf = Tensor::empty({n, 2}, f32);  // the signal, and twice of it
    for (int64_t k = 0; k < n; ++k)
      rf.data<float>()[2 * k] = float(rows[i][size_t(k)]),
                           rf.data<float>()[2 * k + 1] = float(2 * rows[i][size_t(k)]);
    const Tensor got = envelope(rf);
    for (int64_t k = 0; k < n; ++k) {
      EXPECT_NEAR(got.at<float>({k, 0}), rows[i + 1][size_t(k)], 1e-6) << n;
      EXPECT_NEAR(got.at<float>({k, 1}), 2 * rows[i + 1][size_t(k)], 2e-6) << n;
    }
  }
  EXPECT_THROW(envelope(zeros({4, 5, 3}, f32)), Error);
}

TEST(Ultrasound, DecibelsBelowTheStrongest) {
  const Tensor db = log_compress(tensor({0, 0.001, 0.1, 1, 10}), 60);
  const float expected[]{-60, -60, -40, -20, 0};
  for (int i = 0; i < 5; ++i) EXPECT_NEAR(db.data<float>()[i], expected[i], 1e-4);
  EXPECT_NEAR(log_compress(tensor({0.5}), 40, 1).item(), -6.0206, 1e-4);
  EXPECT_EQ(log_compress(zeros({3}, f32)).data<float>()[0], -60);
  EXPECT_THROW(log_compress(zeros({3}, f32), 0), Error);
}

void expect_same(const Tensor& got, const Tensor& wanted) {
  ASSERT_EQ(got.shape(), wanted.shape());
  int64_t seen = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const float a = got.data<float>()[i], b = wanted.data<float>()[i];
    ASSERT_EQ(std::isnan(a), std::isnan(b)) << i;
    if (!std::isnan(b)) {
      ++seen;
      ASSERT_NEAR(a, b, 2e-4) << i;
    }
  }
  EXPECT_GT(seen, 50);
}

TEST(Ultrasound, LinesLieWhereScipyPutsThem) {
  const Tensor lines = load_npy(folder + "scan_lines.npy");
  Probe probe{.kind = Probe::linear, .sampling_rate = 1e6, .sound_speed = 1500, .start = 2, .pitch = 0.4};
  expect_same(scan_convert(lines, probe, 0.31), load_npy(folder + "scan_linear.npy"));
  probe.kind = Probe::convex, probe.radius = 15, probe.sector = 70;
  expect_same(scan_convert(lines, probe, 0.31), load_npy(folder + "scan_convex.npy"));
  EXPECT_EQ(scan_convert(lines, probe).size(0), 512);
  probe.sector = 180;
  EXPECT_THROW(scan_convert(lines, probe), Error);
  EXPECT_THROW(scan_convert(zeros({1, 5}, f32), Probe{}), Error);
  EXPECT_THROW(scan_convert(lines, {.pitch = 1e9}, 1e-3), Error);
}

/// Echoes of one small reflector as a probe hears them: a pulse of 5 MHz at the time that sound takes.
Tensor echoes_of(const Probe& probe, double x, double z, int64_t samples, int64_t lines) {
  const Tensor rf = zeros({samples, lines}, f32);
  for (int64_t line = 0; line < lines; ++line) {
    const double half = double(lines - 1) / 2,
                 angle = (double(line) - half) / half * probe.sector / 2 * std::numbers::pi / 180;
    const bool convex = probe.kind == Probe::convex;
    const double side =
        convex ? std::atan2(x, z + probe.radius) - angle : (x - (double(line) - half) * probe.pitch) / 20;
    const double depth = convex ? std::hypot(x, z + probe.radius) - probe.radius : z;
    const double beam = std::exp(-side * side / 2e-4);
    for (int64_t i = 0; i < samples; ++i) {
      const double t = (double(i) - (depth - probe.start) / probe.sample_spacing()) / probe.sampling_rate;
      rf.data<float>()[i * lines + line] =
          float(beam * std::exp(-t * t * 2e13) * std::cos(2 * std::numbers::pi * 5e6 * t));
    }
  }
  return rf;
}

TEST(Ultrasound, AReflectorIsSeenWhereItIs) {
  for (const Probe::Kind kind : {Probe::linear, Probe::convex}) {
    const Probe probe{
        .kind = kind, .sampling_rate = 25e6, .start = 5, .pitch = 0.3, .radius = 50, .sector = 50};
    const double x = 7.3, z = 21.6;
    const Image picture = b_mode(echoes_of(probe, x, z, 1200, 97), probe, {.range_db = 50, .pixel = 0.1});
    int64_t best = 0;
    for (int64_t i = 0; i < picture.pixels.numel(); ++i)
      if (picture.pixels.data<float>()[i] > picture.pixels.data<float>()[best] ||
          std::isnan(picture.pixels.data<float>()[best]))
        best = i;
    const double top = kind == Probe::linear ? 5 : 55 * std::cos(25 * std::numbers::pi / 180) - 50;
    const double seen_x = (double(best % picture.width()) - double(picture.width() - 1) / 2) * 0.1;
    const double seen_z = top + double(best / picture.width()) * 0.1;
    EXPECT_NEAR(seen_x, x, 0.31) << kind;
    EXPECT_NEAR(seen_z, z, 0.11) << kind;
    EXPECT_NEAR(picture.pixels.data<float>()[best], 0, 1);  // between pixels and lines
    EXPECT_EQ(picture.unit, "dB");
    EXPECT_EQ(picture.spacing[0], 0.1);
    const Tensor shown = render(picture);
    EXPECT_GT(shown.data<uint8_t>()[3 * best], 250);
    EXPECT_EQ(shown.data<uint8_t>()[3 * (shown.size(0) - 1) * shown.size(1)], 0);  // a corner
  }
}

TEST(Infrared, DegreesAreThoseOfOthers) {
  const auto rows = rows_of("thermal.tsv");
  ASSERT_EQ(rows.size(), 24u);
  for (const auto& r : rows) {
    ASSERT_EQ(r.size(), 14u);
    Thermal camera;
    camera.emissivity = r[1], camera.distance = r[2], camera.reflected = r[3], camera.air = r[4];
    camera.window = r[5], camera.window_transmission = r[6], camera.humidity = r[7];
    camera.r1 = r[8], camera.b = r[9], camera.f = r[10], camera.o = r[11], camera.r2 = r[12];
    EXPECT_NEAR(temperature(tensor({r[0]}, {1, 1}), camera).item(), r[13], 1e-3) << r[0];
  }
}

}  // namespace
}  // namespace fovea::image

// Any depth, any channels, to the end: train, val and predict on pictures that 8 bits would make alike.
#include <cmath>
#include <nlohmann/json.hpp>

#include "fovea/checkpoint.h"
#include "fovea/image.h"
#include "fovea/random.h"
#include "fovea/train.h"
#include "fovea/zoo.h"
#include "program.h"

namespace fovea {
namespace {

using image::ColorModel;
using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

constexpr int64_t side = 12;

/// A number 0..15 at (y, x): stripes along one axis and noise. All that tells the classes apart.
int64_t stripes(bool columns, int64_t y, int64_t x, Generator& random) {
  return (columns ? x : y) / 2 % 2 * 12 + int64_t(random.below(4));
}

/// Two classes of 30 pictures, made by `make(columns, random)`.
template <class F>
void write_set(const TempFolder& folder, const std::string& extension, F make) {
  for (const bool columns : {false, true})
    for (int k = 0; k < 30; ++k) {
      const std::string name = fmt::format("set/{}/{:02}.{}", columns ? "columns" : "rows", k, extension);
      std::filesystem::create_directories(std::filesystem::path(folder / name).parent_path());
      Generator random(uint64_t(k), columns);
      image::write(folder / name, make(columns, random), 100);
    }
}

/// (side, side, channels) of number(y, x, channel, random).
template <class F>
image::Image picture(int64_t channels, DType dtype, ColorModel color, F number) {
  const Tensor t = Tensor::empty({side, side, channels}, f64);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.data<double>()[i] = number(i / channels / side, i / channels % side, i % channels);
  return image::Image(t.to(dtype), color);
}

const std::string quick = "train data=set model=mlp epochs=5 batch=6 name=run ";

double top1(const TempFolder& folder, const std::string& keys = "") {
  const Outcome o = run(folder, "val model=runs/train/run --json " + keys);
  EXPECT_EQ(o.code, 0) << o.err;
  return o.code == 0 ? json::parse(o.out)["top1"].get<double>() : 0;
}

/// Trains and expects all to be told apart by val, and by predict with the same probabilities, with and
/// without views.
void expect_learned(const TempFolder& folder, const std::string& keys = "") {
  const Outcome trained = run(folder, quick + keys);
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(top1(folder), 1);
  EXPECT_EQ(top1(folder, "augment=true"), 1);
  const Outcome predicted = run(folder, "predict model=runs/train/run set --json");
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  for (const json& p : json::parse(predicted.out))
    EXPECT_NE(p["file"].get<std::string>().find(p["top"][0]["class"].get<std::string>()), std::string::npos)
        << p;
}

TEST(Depth, LowBitsOf16Train) {
  // Every pixel is 0x5A70 to 0x5A7F: 90 in 8 bits.
  const auto low_bits = [](bool columns, Generator& random) {
    return picture(1, u16, ColorModel::gray,
                   [&](int64_t y, int64_t x, int64_t) { return 0x5A70 + stripes(columns, y, x, random); });
  };
  TempFolder folder;
  write_set(folder, "tif", low_bits);
  expect_learned(folder);
  const auto card = train::load_checkpoint(folder / "runs/train/run").card;
  EXPECT_EQ(card.pictures->describe(), "gray u16");
  for (const char* normalize : {"percentiles:1..99", "range:23152..23168", "window:23160/16,none"}) {
    const Outcome o = run(folder, quick + "exist_ok=true normalize=" + normalize);
    ASSERT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(top1(folder), 1) << normalize;
  }
  EXPECT_EQ(train::load_checkpoint(folder / "runs/train/run").card.normalization,
            (data::Normalization{{0}, {1}}));

  std::filesystem::remove_all(folder / "set");
  std::filesystem::remove_all(folder / "runs");
  write_set(folder, "png", [&](bool columns, Generator& random) {
    return image::Image(image::to_u8(low_bits(columns, random).pixels));
  });
  ASSERT_EQ(run(folder, quick).code, 0);
  EXPECT_EQ(top1(folder), 0.5);  // chance: the crushed pictures are all alike
}

TEST(Depth, PredictSeesWhatValidationSees) {
  TempFolder folder;
  Generator random(3);
  for (int k = 0; k < 12; ++k)  // of many sizes
    for (const char* name : {"a", "b"}) {
      const Tensor x = Tensor::empty({20 + k, 33 - k, 1}, u16);
      for (int64_t i = 0; i < x.numel(); ++i)
        x.data<uint16_t>()[i] = uint16_t(random.below(*name == 'a' ? 3000 : 60000));
      std::filesystem::create_directories(folder / fmt::format("set/{}", name));
      image::write(folder / fmt::format("set/{}/{}.png", name, k), image::Image(x));
    }
  ASSERT_EQ(run(folder, "train data=set model=mlp epochs=1 batch=8 imgsz=14 name=run").code, 0);
  const auto trained = train::load_checkpoint(folder / "runs/train/run");
  EXPECT_EQ(trained.card.transforms, "Cover(16), CenterCrop(14)");
  const nn::AnyModule net = zoo::make("mlp", {2, trained.card.input});
  net.load_state_dict(trained.weights);
  const auto set = data::open_dataset(folder / "set", data::Split::val, {.imgsz = 14});
  data::DataLoader loader(
      set,
      {.batch = set->size(), .transforms = set->transforms(false), .normalize = trained.card.normalization});
  const Tensor p = train::Trainer::predict(net, (*loader.epoch(0).begin()).images);
  for (int64_t i = 0; i < set->size(); ++i) {
    const Outcome o = run(folder, fmt::format("predict model=runs/train/run --json '{}'", set->where(i)));
    ASSERT_EQ(o.code, 0) << o.err;
    const json predicted = json::parse(o.out);
    for (const json& top : predicted[0]["top"])
      EXPECT_EQ(top["probability"].get<float>(), p.at<float>({i, top["index"].get<int64_t>()}));
  }
}

TEST(Depth, FiveChannelsTrain) {
  TempFolder folder;
  write_set(folder, "tif", [](bool columns, Generator& random) {
    return picture(5, u16, ColorModel::many, [&](int64_t y, int64_t x, int64_t c) {
      return c == 3 ? 1000 + stripes(columns, y, x, random) : 40000 + int64_t(random.below(100)) * c;
    });
  });
  expect_learned(folder);
  expect_in("has gray, but pictures here are 5 channels u16",
            run(folder, fmt::format("predict model=runs/train/run '{}/tests/image/formats/gray.tif'",
                                    FOVEA_SOURCE_DIR))
                .err);
}

TEST(Depth, FloatsTrain) {
  TempFolder folder;
  write_set(folder, "tif", [](bool columns, Generator& random) {
    return picture(1, f32, ColorModel::gray, [&](int64_t y, int64_t x, int64_t) {
      return 36.5 + 1e-4 * double(stripes(columns, y, x, random));
    });
  });
  expect_learned(folder, "imgsz=12");
}

TEST(Depth, InkTrains) {
  TempFolder folder;
  // Black ink alone tells the classes apart where cyan, magenta and yellow are full: RGB is black everywhere.
  write_set(folder, "jpg", [](bool columns, Generator& random) {
    return picture(4, u8, ColorModel::cmyk, [&](int64_t y, int64_t x, int64_t c) {
      return c == 3 ? 10 * stripes(columns, y, x, random) : 255;
    });
  });
  expect_learned(folder, "channels=4");
  EXPECT_EQ(train::load_checkpoint(folder / "runs/train/run").card.pictures->describe(), "CMYK u8");
}

/// `val` splits a set as its training did: it gives the last row of results.csv again.
TEST(Val, MeasuresOnNoExampleOfTheTraining) {
  const TempFolder folder;
  write_set(folder, "png", [](bool, Generator& random) {
    return picture(1, u8, ColorModel::gray, [&](auto...) { return double(random.below(256)); });
  });
  const Outcome trained = run(folder, "train data=set model=mlp epochs=1 batch=6 seed=5 val=0.3 name=run");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Outcome measured = run(folder, "val model=runs/train/run --json");
  ASSERT_EQ(measured.code, 0) << measured.err;
  const json val = json::parse(measured.out);
  EXPECT_EQ(val["examples"], 18);
  const std::string rows = test::slurp(folder / "runs/train/run/results.csv");
  expect_in(fmt::format("{:.6g}", val["loss"].get<double>()), rows);
}

}  // namespace
}  // namespace fovea

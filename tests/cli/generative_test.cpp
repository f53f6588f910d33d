// Generative networks on the command line: training, resuming, measuring, and what is refused.
#include <nlohmann/json.hpp>

#include "fovea/image.h"
#include "program.h"

namespace fovea {
namespace {

using test::expect_in;
using test::Outcome;
using test::run;
using test::slurp;
using test::TempFolder;

/// A folder of images 8x8 of two classes: a bright row, or a bright column.
void write_lines(const std::string& folder) {
  for (int i = 0; i < 40; ++i)
    for (const char* name : {"column", "row"}) {
      const Tensor pixels = Tensor::empty({8, 8}, u8);
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
          pixels.at<uint8_t>({y, x}) = (*name == 'r' ? y : x) == i % 8 ? uint8_t(255 - i) : uint8_t(x * y);
      std::filesystem::create_directories(folder + "/" + name);
      image::write(fmt::format("{}/{}/{}.png", folder, name, i), image::Image(pixels));
    }
}

TEST(Generative, TrainsResumesAndMeasures) {
  TempFolder folder;
  write_lines(folder / "lines");
  const std::string train = "train data=lines batch=12 epochs=2 workers=0 ";
  const Outcome vae = run(folder, train + "model=vae:16-4 name=vae max_steps=3");
  ASSERT_EQ(vae.code, 0) << vae.err;
  expect_in("vae:16-4  2,344 parameters (2,240 weights + 104 biases)", vae.out);
  expect_in("\"noise\": 0", slurp(folder / "runs/train/vae/args.json"));
  EXPECT_EQ(slurp(folder / "runs/train/vae/args.json").find("mixup"), std::string::npos);
  const Outcome resumed = run(folder, "train resume=runs/train/vae max_steps=0");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  expect_in("epoch 2/2 6/6  bound -", resumed.out);
  expect_in("  kl 0.", resumed.out);
  expect_in("samples.png, walk.png", resumed.out);
  expect_in("next: fovea val model=runs/train/vae sheet=sheet.png", resumed.out);

  const Outcome val = run(folder, "val model=runs/train/vae importance=20 sheet=sheet.png --json");
  ASSERT_EQ(val.code, 0) << val.err;
  const auto scores = nlohmann::json::parse(val.out);
  EXPECT_EQ(scores["examples"], 8);
  EXPECT_NEAR(scores["bound"].get<double>(), -scores["nll"].get<double>() - scores["kl"].get<double>(), 1e-3);
  EXPECT_NEAR(scores["log_likelihood"].get<double>(), scores["bound"].get<double>(), 5);
  EXPECT_EQ(image::read(folder / "sheet.png").width(),
            image::read(folder / "runs/train/vae/samples.png").width());

  for (const char* model : {"dcgan:2", "autoencoder"}) {
    const Outcome o = run(folder, train + "name=other exist_ok=true model=" + model);
    ASSERT_EQ(o.code, 0) << o.err;
    const Outcome measured = run(folder, "val model=runs/train/other sheet=other.png");
    ASSERT_EQ(measured.code, 0) << measured.err;
    expect_in(*model == 'd' ? "d_fake" : "reconstruction", measured.out);
    expect_in("val  8 examples", measured.out);
    EXPECT_GT(image::read(folder / "other.png").height(), 30);
  }
  expect_in("generator.main.0", run(folder, "summary model=dcgan").out);
  expect_in("6,342,272 parameters", run(folder, "summary model=dcgan").out);
  EXPECT_EQ(run(folder, "explain model=dcgan:2 imgsz=8 batch=4 rounds=1").code, 0);

  const std::pair<std::string, const char*> refused[] = {
      {"predict model=runs/train/vae source=lines", "knows no classes"},
      {"see model=runs/train/vae", "knows no classes"},
      {"val model=runs/train/vae augment=true", "is a generative network"},
      {"val model=runs/train/other importance=5", "importance= estimates the likelihood of a vae"},
      {"val model=runs/train/vae ais=true", "ais=true is for energy models"},
      {train + "model=vae:16-4 normalize=set", "normalize=none keeps pixels in [0, 1]"},
      {train + "model=vae:16-4 schedule=onecycle", "schedule=onecycle is neither constant nor linear"},
      {train + "model=vae:16-4 noise=1.5", "noise=1.5 is outside of 0 to 1"}};
  for (const auto& [arguments, message] : refused) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments;
    expect_in(message, o.err);
  }
  const std::pair<std::string, const char*> misused[] = {
      {train + "model=vae:16-4 mixup=0.2", "mixup= is not for generative networks like vae:16-4"},
      {train + "model=vae:16-4 cd=5", "cd= is for energy models like rbm:500, not for vae:16-4"},
      {train + "model=dcgan:2 noise=0.2", "noise= is for autoencoders like vae:400-20, not for dcgan:2"},
      {train + "model=rbm:8 noise=0.2", "noise= is for autoencoders"},
      {train + "model=mlp noise=0.2", "noise= is for autoencoders"}};
  for (const auto& [arguments, message] : misused) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 2) << arguments;
    expect_in(message, o.err);
  }
}

}  // namespace
}  // namespace fovea

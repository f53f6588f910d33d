// Looking into trained networks as a user does.
#include "fovea/image.h"
#include "program.h"

namespace fovea {
namespace {

using test::expect_in;
using test::Outcome;
using test::run;
using test::TempFolder;

/// Bright squares on the left or on the right, 20 of each.
void draw_squares(const TempFolder& folder) {
  for (int i = 0; i < 40; ++i) {
    const Tensor picture = full({28, 28, 1}, 10 + i, u8);
    picture.narrow(0, 4 + i / 4, 8).narrow(1, i % 2 ? 3 : 17, 8).fill(220);
    const std::string file = folder / fmt::format("set/{}/{}.png", i % 2 ? "left" : "right", i);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    image::write(file, image::Image(picture));
  }
}

TEST(CliSee, DrawsWhatANetworkSees) {
  TempFolder folder;
  draw_squares(folder);
  const Outcome trained =
      run(folder, "train data=set model=lenet5 epochs=2 batch=6 val=0.2 schedule=constant lr0=0.05");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const Outcome all = run(folder, "see model=runs/train/1 steps=3");
  EXPECT_EQ(all.code, 0) << all.err;
  for (const char* name : {"filters", "maps", "saliency", "ig", "gradcam", "occlusion", "dream"}) {
    expect_in(fmt::format("runs/train/1/see/{}.png", name), all.out);
    EXPECT_GT(image::read(folder / fmt::format("runs/train/1/see/{}.png", name)).width(), 300) << name;
  }
  const Outcome one = run(
      folder,
      "see model=runs/train/1 what=gradcam layer=conv1 image=set/left/1.png class=right out=here chars=20");
  EXPECT_EQ(one.code, 0) << one.err;
  expect_in("set/left/1.png: right ", one.out);
  expect_in("here/gradcam.png  Grad-CAM of conv1\n", one.out);
  EXPECT_GT(std::count(one.out.begin(), one.out.end(), '\n'), 10) << "a picture of characters";
  expect_in("dreams of conv2",
            run(folder, "see model=runs/train/1 what=dream layer=conv2 unit=3 steps=2").out);
}

TEST(CliSee, SaysWhatCannotBeSeen) {
  TempFolder folder;
  draw_squares(folder);
  ASSERT_EQ(run(folder, "train data=set model=mlp epochs=1 batch=6 name=mlp").code, 0);
  ASSERT_EQ(run(folder, "train data=blobs:100 epochs=1 batch=10 name=points").code, 0);
  const Outcome all = run(folder, "see model=runs/train/mlp steps=2");
  EXPECT_EQ(all.code, 0) << all.err;
  expect_in("filters of fc1", all.out);
  expect_in("gradcam    left out: [grad_cam] Sequential has no convolution", all.out);
  const std::pair<const char*, const char*> cases[] = {
      {"see model=runs/train/points", "not images: there is nothing to see"},
      {"see model=runs/train/mlp layer=fc11", "did you mean fc1?"},
      {"see model=runs/train/mlp what=maps", "no layer of this network has maps"},
      {"see model=runs/train/mlp what=filters layer=fc2", "these have: fc1"},
      {"see model=runs/train/mlp what=ig class=lleft", "did you mean left?"},
      {"see model=runs/train/mlp example=40", "example=40 of set"},
      {"see model=runs/train/mlp image=none.png", "none.png"},
      {"see model=runs/train/mlp what=ig out=/proc/none", "cannot make the folder"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments << o.out;
    expect_in(message, o.err);
  }
  EXPECT_EQ(run(folder, "see model=runs/train/mlp what=gradcm").code, 2);
}

TEST(CliReport, TellsOfARunAndRepeatsItsCommand) {
  TempFolder folder;
  draw_squares(folder);
  const std::string train =
      "train data=set model=mlp epochs=1 batch=6 val=0.5 seed=1 lr0=1e-9 augment='Pad(2), RandomCrop(28)' ";
  ASSERT_EQ(run(folder, train + "report=false name=plain").code, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "runs/train/plain/report.html"));
  const Outcome with = run(folder, train + "name=told");
  expect_in("report.html)", with.out);
  const std::string page = test::slurp(folder / "runs/train/told/report.html");
  expect_in("<pre>fovea train data=set model=mlp epochs=1 lr0=1e-09", page);
  expect_in("batch=6 'augment=Pad(2), RandomCrop(28)'", page);
  EXPECT_EQ(page.find("compile=true"), page.npos) << "a key that has its default";

  EXPECT_EQ(run(folder, "report runs/train/plain").out, "wrote runs/train/plain/report.html\n");
  expect_in("<h2>Calibration</h2>", test::slurp(folder / "runs/train/plain/report.html"));
  expect_in("nowhere", run(folder, "report run=nowhere").err);

  const Outcome val = run(folder, "val model=runs/train/told mistakes=3 out=wrong.png");
  expect_in("calibration  ECE ", val.out);
  expect_in("wrote wrong.png: ", val.err);
  EXPECT_EQ(image::read(folder / "wrong.png").width(), 960);
  expect_in("\"temperature\": ", run(folder, "val model=runs/train/told --json").out);
}

}  // namespace
}  // namespace fovea

// The program as a user meets it: what it prints where, and its exit codes.
#include <nlohmann/json.hpp>

#include "../video_files.h"
#include "fovea/checkpoint.h"
#include "fovea/image.h"
#include "fovea/op.h"
#include "program.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::expect_in;
using test::Outcome;
using test::run;
using test::slurp;
using test::TempFolder;

TEST(Cli, TellsItsVersionAndHelp) {
  TempFolder folder;
  EXPECT_EQ(run(folder, "version").out, "fovea 0.1.0\n");
  const Outcome help = run(folder, "");
  EXPECT_EQ(help.code, 0);
  for (const char* command : {"train", "val", "predict", "see", "report", "summary", "bench", "race", "rules",
                              "lr", "step", "show", "data", "ops", "devices"}) {
    expect_in(fmt::format("  {} ", command), help.out);
    const Outcome one = run(folder, fmt::format("{} --help", command));
    EXPECT_EQ(one.code, 0);
    expect_in("examples\n  fovea " + std::string(command), one.out);
    EXPECT_EQ(run(folder, fmt::format("help {}", command)).out, one.out);
  }
}

TEST(Cli, SuggestsWhatWasMeant) {
  TempFolder folder;
  const std::pair<const char*, const char*> cases[] = {
      {"trian data=mnist", "did you mean train?"},
      {"train dat=mnist", "unknown key dat, did you mean data=?"},
      {"train --epoch 3", "did you mean epochs=?"},
      {"train mnist", "data=mnist"},
      {"train epochs=five", "epochs=five is not a whole number"},
      {"train epochs=1e99999", "epochs=1e99999 is not a whole number"},
      {"train lr0=high", "lr0=high is not a number"},
      {"train seed=-1", "seed=-1 may not be negative"},
      {"train batch=0", "batch=0 is below 1"},
      {"train dtype=f16", "dtype=f16 is none of f32, f64"},
      {"train --lr0", "lr0 wants a value"},
      {"train epochs=", "epochs wants a value"},
      {"train -e 3", "unknown option -e"},
      {"train exist_ok=maybe", "exist_ok=maybe is neither true nor false"},
      {"predict source=a.png", "model is required"},
      {"devices now", "now stands alone"},
      {"data mnist cifar10", "cifar10 is one word too many"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 2) << arguments;
    EXPECT_EQ(o.out, "") << arguments;
    expect_in(message, o.err);
  }
}

TEST(Cli, SaysWhatIsNotThere) {
  TempFolder folder;
  test::spill(folder / "empty/readme.txt", "no image");
  test::spill(folder / "torn.png", "\x89PNG\r\n\x1a\n");
  const std::pair<const char*, const char*> cases[] = {
      {"train data=mnits", "Did you mean mnist?"},
      {"train data=blobs:20 batch=64", "64"},
      {"train data=blobs model=lenet6", "did you mean lenet5?"},
      {"train data=blobs model=mlp:3-2", "mlp:3-2"},
      {"train data=blobs optimizer=sgdm", "did you mean sgd?"},
      {"train data=blobs schedule=cos", "schedule=cos is none of"},
      {"train data=blobs device=cuda", "cuda"},
      {"train data=empty", "empty"},
      {"train data=blobs project=/proc/none", "/proc/none"},
      {"train resume=nowhere", "no run folder"},
      {"val model=nowhere.safetensors", "nowhere.safetensors"},
      {"show torn.png", "torn.png"},
      {"ops conv3", "did you mean conv"},
  };
  for (const auto& [arguments, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, 1) << arguments << "\n" << o.err;
    expect_in(message, o.err);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"))
      << "a run folder was made before the settings were checked";
}

TEST(Cli, SaysWhenItsOutputCannotBeWritten) {
  TempFolder folder;
  const std::string command = fmt::format("'{}' ops >/dev/full 2>'{}'", FOVEA_PROGRAM, folder / "err.txt");
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 1);
  expect_in("cannot write", slurp(folder / "err.txt"));
}

TEST(Cli, ListsEveryOp) {
  TempFolder folder;
  const json ops = json::parse(run(folder, "ops --json").out);
  std::map<std::string, json> by_name;
  for (const auto& op : ops) by_name[op["name"]] = op;
  for (const auto& [name, op] : op_table()) {
    if (op->internal) continue;
    ASSERT_TRUE(by_name.count(name)) << name;
    EXPECT_EQ(by_name[name]["gradient"], op->no_gradient.empty()) << name;
    EXPECT_FALSE(by_name[name]["devices"].empty() || by_name[name]["kernels"].empty()) << name;
    expect_in("\n" + name + " ", run(folder, "ops").out);
  }
  expect_in("x where x > 0", run(folder, "ops elu").out);
}

TEST(Cli, ShowsAVideoAndLearnsFromVideos) {
  TempFolder folder;
  for (int v = 0; v < 8; ++v) {
    const std::vector<std::string> frames(6, std::string(8 * 8, char(v % 2 ? 200 + v : 20 + v)));
    test::spill(folder / fmt::format("videos/{}/{}.y4m", v % 2 ? "day" : "night", v),
                test::y4m_of(8, 8, "mono", frames));
  }
  const Outcome shown = run(folder, "show videos/day/1.y4m sheet=4 out=sheet.png");
  EXPECT_EQ(shown.code, 0) << shown.err;
  expect_in("6, each u8 (8,8,1)", shown.out);
  EXPECT_GT(image::read(folder / "sheet.png").width(), 100);
  expect_in("frame 5 at 0.167 s", run(folder, "show videos/day/1.y4m frame=5").out);
  expect_in("has 6 frames", run(folder, "show videos/day/1.y4m frame=6").err);
  const Outcome trained = run(folder, "train data=videos frames=3 model=mlp:64-2 epochs=2 batch=6 workers=2");
  EXPECT_EQ(trained.code, 0) << trained.err;
  expect_in("18 train / 6 test", trained.out);
  test::spill(folder / "torn.y4m", "YUV4MPEG2 W8 H8 F25:1 Cmono\nFRAME\nshort");
  const Outcome told =
      run(folder, "predict model=runs/train/1 frames=2 --json videos/day/1.y4m videos/night torn.y4m");
  EXPECT_EQ(told.code, 1) << "one of six cannot be read";
  expect_in("torn.y4m", told.err);
  const json list = json::parse(told.out);
  ASSERT_EQ(list.size(), 5u);
  EXPECT_EQ(list[0]["file"], "videos/day/1.y4m");
  EXPECT_EQ(list[4]["frames"], 2);
  // All frames of these are alike, so that the mean of any number of them is the same.
  const json one =
      json::parse(run(folder, "predict model=runs/train/1 frames=1 --json videos/day/1.y4m").out);
  EXPECT_NEAR(double(one[0]["top"][0]["probability"]), double(list[0]["top"][0]["probability"]), 1e-6);
}

TEST(Cli, ShowsASetWithItsObjects) {
  TempFolder folder;
  std::filesystem::create_directories(folder / "set/images");
  std::filesystem::create_directories(folder / "set/labels");
  for (const char* name : {"a", "b"}) {
    image::write(folder / fmt::format("set/images/{}.png", name), image::Image(full({40, 60, 1}, 9, u8)));
    test::spill(folder / fmt::format("set/labels/{}.txt", name), "0 0.5 0.5 0.5 0.5\n1 0.2 0.2 0.1 0.1\n");
  }
  const Outcome one = run(folder, "show set example=0 out=one.png");
  EXPECT_EQ(one.code, 0) << one.err;
  expect_in("x 15..45  y 10..30", one.out);
  const image::Image seen = image::read(folder / "one.png");
  const uint8_t* pixel = seen.pixels.data<uint8_t>() + (20 * 60 + 45) * 3;  // on the right edge of the box
  EXPECT_GT(pixel[0], 50);
  EXPECT_LE(pixel[1], 9);
  const Outcome sheet = run(folder, "show set out=sheet.png");
  EXPECT_EQ(sheet.code, 0) << sheet.err;
  EXPECT_GT(image::read(folder / "sheet.png").width(), 100);
  expect_in("example=9 of set", run(folder, "show set example=9").err);
}

TEST(Cli, ShowsAnImage) {
  TempFolder folder;
  Tensor pixels = Tensor::empty({4, 6}, u8);
  for (int64_t i = 0; i < 24; ++i) pixels.data<uint8_t>()[i] = uint8_t(10 * i);
  image::write(folder / "ramp.png", image::Image(pixels));
  const Outcome o = run(folder, "show ramp.png nothing.png");
  EXPECT_EQ(o.code, 1);
  expect_in("ramp.png", o.out);
  expect_in("230", o.out);
  EXPECT_EQ(o.out.find('\x1b'), std::string::npos) << "colours without a terminal";
  expect_in("nothing.png", o.err);
  const Outcome brief = run(folder, "show ramp.png rows=0");
  EXPECT_EQ(brief.code, 0) << brief.err;
  EXPECT_LT(brief.out.size(), o.out.size());
  EXPECT_EQ(run(folder, "show ramp.png chars=0").code, 2);
  image::write(folder / "deep.tif", image::Image(full({8, 9, 5}, 1, u16)));
  expect_in("shown, for the eye alone, in 8 bits: black to white from 0 to 4",
            run(folder, "show deep.tif channel=2 window=2/4").out);
  EXPECT_EQ(run(folder, "show deep.tif of=channels out=sheet.png").code, 0);
  EXPECT_EQ(image::read(folder / "sheet.png").channels(), 3);
  expect_in("percentiles=9: two numbers", run(folder, "show deep.tif percentiles=9").err);
  expect_in("label   7", run(folder, "show mnist example=0 split=val").out);
  expect_in("holds 10000", run(folder, "show mnist example=10000 split=val").err);
}

TEST(Cli, TellsWhatADataSetHolds) {
  TempFolder folder;
  const json blobs = json::parse(run(folder, "data data=blobs:30 --json").out);
  EXPECT_EQ(blobs["train"], 30);
  EXPECT_EQ(blobs["classes"].size(), 3u);
  EXPECT_EQ(blobs["examples"].size(), 60u);
  image::write(folder / "a.png", image::Image(full({4, 6, 3}, 9, u8)));
  test::spill(folder / "b.png", "no image");
  const Outcome o = run(folder, "data . html=sheet.html");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("unreadable: 1\n  b.png: ", o.out);
  expect_in("constant: 1\n  a.png: ", o.out);
  expect_in("</html>", slurp(folder / "sheet.html"));
  expect_in("near=9 is outside of -1 to 7", run(folder, "data blobs near=9").err);
}

TEST(Cli, PlotsActivations) {
  TempFolder folder;
  const Outcome o = run(folder, "plot activation=leaky_relu:0.1 out=leaky.svg");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("LeakyReLU(0.1): x where x > 0", o.out);
  expect_in("\n-0.5 |", o.out);  // f(-5)
  expect_in("\n0.1 |", o.out);   // f'(-5)
  expect_in("<svg", slurp(folder / "leaky.svg"));
  expect_in("mish", run(folder, "plot activation=all").out);
  expect_in("did you mean elu?", run(folder, "plot activation=eluu").err);
  EXPECT_EQ(run(folder, "plot").code, 2);
}

TEST(Cli, PlotsBoundaries) {
  TempFolder folder;
  const Outcome by_hand = run(folder, "plot boundary model=xor_by_hand out=xor.png");
  EXPECT_EQ(by_hand.code, 0) << by_hand.err;
  expect_in("4 of 4 examples on their side", by_hand.out);
  EXPECT_EQ(slurp(folder / "xor.png").substr(1, 3), "PNG");
  const Outcome learned = run(
      folder, "train data=xor model=mlp:2-8-2:tanh epochs=3 lr0=0.1 schedule=constant seed=1 watch=units");
  EXPECT_EQ(learned.code, 0) << learned.err;
  expect_in("\nunits  all alive\n", learned.out);
  expect_in("\n3,act1,tanh,8,0,0\n", slurp(folder / "runs/train/1/units.csv"));
  const std::string boundary = run(folder, "plot boundary model=runs/train/1").out;
  const size_t end = boundary.find(" of 200 examples on their side");
  ASSERT_NE(end, std::string::npos) << boundary;
  EXPECT_GE(std::stoi(boundary.substr(boundary.rfind('\n', end) + 1)), 195);
  expect_in("not two numbers", run(folder, "plot boundary model=mlp:3-2 data=truth:00010111").err);
  EXPECT_EQ(run(folder, "plot boundary model=mlp:2-2").code, 2);
}

TEST(Cli, TellsWhetherAPerceptronCanLearn) {
  TempFolder folder;
  const json and_ = json::parse(run(folder, "perceptron data=truth:0001 --json").out);
  EXPECT_TRUE(and_["converged"]);
  EXPECT_EQ(and_["units"][0]["updates"], 10);
  const json xor_ = json::parse(run(folder, "perceptron data=truth:0110 --json").out);
  EXPECT_FALSE(xor_["converged"]);
  EXPECT_TRUE(xor_["units"][0]["cycle"]["proven"]);
  EXPECT_FALSE(xor_["units"][0]["separable"]);
  const Outcome o = run(folder, "perceptron truth:0110 rule=pocket out=xor.svg");
  expect_in("not separable: (0.5, 0.5)", o.out);
  expect_in("1 of 4 examples wrong", o.out);
  expect_in("<svg", slurp(folder / "xor.svg"));
  expect_in("did you mean pocket", run(folder, "perceptron data=line rule=poket").err);
}

TEST(Cli, SumsUpANetwork) {
  TempFolder folder;
  const Outcome o = run(folder, "summary model=lenet5");
  expect_in("6*1*5*5 + 6 = 156", o.out);
  expect_in("61,706 parameters (61,470 weights + 236 biases)  0.42 MMAC", o.out);
  expect_in("(4,100)", run(folder, "summary --model lenet5 --classes 100 --batch=4").out);
  const std::string resnet = run(folder, "summary model=resnet50").out;
  expect_in("layer1.0.downsample.0", resnet);
  expect_in("25,557,032 parameters (25,529,472 weights + 27,560 biases)  4.09 GMAC", resnet);
  const std::string linear = run(folder, "summary model=mlp:3-4-2:none").out;
  expect_in("3*4 + 4*2 = 20 weights, 4 + 2 = 6 biases\n26 parameters", linear);
  expect_in("warning: fc1, fc2 have no non-linearity between them", linear);
  expect_in("alexnet takes images (C,H,W) of 63x63 or more, not (3,32,32)",
            run(folder, "summary model=alexnet imgsz=32").err);
}

TEST(Cli, ExplainsACompiledStep) {
  TempFolder folder;
  const json e = json::parse(run(folder, "explain model=mlp:8-4-2 batch=3 rounds=2 fuse=false --json").out);
  ASSERT_GE(e["nodes"].size(), 8u);
  EXPECT_EQ(e["nodes"][0]["op"], "linear");
  EXPECT_EQ(e["nodes"][0]["out"], "f32 (3,4)");
  EXPECT_GT(e["nodes"][0]["seconds"], 0);
  EXPECT_EQ(e["nodes"].back()["op"], "sgd_step");
  const Outcome o = run(folder, "explain model=lenet5 batch=2 mode=predict rounds=2 why=true");
  EXPECT_EQ(o.code, 0) << o.err;
  expect_in("conv2d", o.out);
  expect_in("not cpu:winograd: channels are no multiple of 8", o.out);
  expect_in("calls", run(folder, "explain model=lenet5 batch=2 by=kernel rounds=2").out);
  expect_in("warning: fc1, fc2 have no non-linearity between them",
            run(folder, "explain model=mlp:3-4-2:none mode=predict rounds=1").out);
}

TEST(Bench, MeasuresAWorkload) {
  TempFolder folder;
  const json b = json::parse(run(folder, "bench net=mlp:8-4-2 batch=3 seconds=0.01 threads=1 --json").out);
  EXPECT_EQ(b["version"], "0.1.0");
  EXPECT_EQ(b["threads"], 1);
  ASSERT_EQ(b["rows"].size(), 1u);
  const json& row = b["rows"][0];
  EXPECT_EQ(row["net"], "mlp:8-4-2");
  EXPECT_EQ(row["batch"], 3);
  EXPECT_EQ(row["mode"], "train");
  EXPECT_GE(row["steps"], 1);
  const double seconds = row["seconds"];
  EXPECT_GT(seconds, 0);
  EXPECT_GE(row["seconds_p90"], seconds);
  EXPECT_NEAR(row["examples_per_second"].get<double>() * seconds, 3, 1e-6);
  EXPECT_NEAR(row["flops_per_second"].get<double>() * seconds, 3 * 2 * 3 * (8 * 4 + 4 * 2), 1e-6);
  EXPECT_GT(row["peak_rss"], 1 << 20);
  const Outcome table = run(folder, "bench net=xor batch=4 mode=predict seconds=0");
  EXPECT_EQ(table.code, 0) << table.err;
  expect_in("xor b4 ", table.out);
  expect_in("predict", table.out);
}

TEST(Bench, MeasuresKernelsOnLayerShapes) {
  TempFolder folder;
  test::spill(folder / "mine.txt", "conv n=1 c=8 h=8 o=8 k=3 p=1  # mine\n");
  const json b = json::parse(run(folder, "bench kernels problems=mine.txt seconds=0 --json").out);
  EXPECT_EQ(b["problems"][0]["problem"], "conv n=1 c=8 h=8 o=8 k=3 p=1");
  EXPECT_EQ(b["problems"][0]["flops"], 2 * 9 * 8 * 8 * 8 * 8);
  for (const json& k : b["problems"][0]["kernels"]) {
    EXPECT_GT(k["flops_per_second"], 0) << k;
    EXPECT_LT(k["error"], 1e-4) << k;
  }
  expect_in("forward", run(folder, "bench kernels problems=mine.txt seconds=0").out);
}

TEST(Bench, AnswersRequestsLineByLine) {
  TempFolder folder;
  test::spill(folder / "requests",
              "xor 4 train 0\nlenet6 1 train 0\nxor 4\nxor 0 train 0\nxor 4 learn 0\nmlp 2 predict 0.5\n");
  const std::string command =
      fmt::format("'{}' bench worker <'{}' >'{}'", FOVEA_PROGRAM, folder / "requests", folder / "answers");
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::vector<json> answers;
  std::ifstream in(folder / "answers");
  for (std::string line; std::getline(in, line);) answers.push_back(json::parse(line));
  ASSERT_EQ(answers.size(), 6u);
  EXPECT_EQ(answers[0]["times"].size(), 1u) << "0 seconds are one step";
  EXPECT_GT(answers[0]["peak_rss"], 1 << 20);
  EXPECT_EQ(answers[0]["config"], "fovea 0.1.0");
  expect_in("did you mean lenet5?", answers[1]["error"].get<std::string>());
  for (int i : {2, 3, 4})
    expect_in("a request is WORKLOAD BATCH", answers[size_t(i)]["error"].get<std::string>());
  EXPECT_GT(answers[5]["times"].size(), 1u) << "a step of this network takes well below 0.5 s";
}

TEST(Bench, SaysWhatIsWrong) {
  TempFolder folder;
  test::spill(folder / "bad.txt", "linear n=1 in=2 out=3\nconv n=1\n");
  const std::tuple<const char*, int, const char*> cases[] = {
      {"bench nets=mlp", 2, "unknown key nets, did you mean net=?"},
      {"bench kernel", 2, "kernel is none of kernels, pipeline, worker"},
      {"bench net=mlp mode=learn", 2, "mode=learn is none of train, predict"},
      {"bench net=mlp batch=0", 2, "batch=0 is below 1"},
      {"bench seconds=-1", 2, "seconds=-1"},
      {"bench batch=3", 2, "batch belongs to net="},
      {"bench net=lenet6", 1, "did you mean lenet5?"},
      {"bench kernels problems=none", 1, "none"},
      {"bench kernels problems=bad.txt", 1, "bad.txt:2: c= is missing"},
  };
  for (const auto& [arguments, code, message] : cases) {
    const Outcome o = run(folder, arguments);
    EXPECT_EQ(o.code, code) << arguments;
    EXPECT_EQ(o.out, "") << arguments;
    expect_in(message, o.err);
  }
}

const std::string quick = "train data=blobs:200 epochs=6 batch=20 ";

TEST(Train, PrintsPlainLinesWithoutATerminal) {
  TempFolder folder;
  const Outcome o = run(folder, quick);
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.err, "");
  EXPECT_EQ(o.out.find_first_of("\x1b\r"), std::string::npos);
  expect_in("data   blobs  200 train / ", o.out);
  expect_in("model  mlp:2-32-32-3  1,251 parameters (1,184 weights + 67 biases)", o.out);
  expect_in("\nepoch 1/6 10/10  loss ", o.out);
  expect_in("\nepoch 6/6 10/10  loss ", o.out);
  expect_in(
      "\nsaved runs/train/1 (best.safetensors, results.csv, curves.png, confusion.png, report.html)      "
      "next: "
      "fovea val "
      "model=runs/train/1\n",
      o.out);
  const Outcome val = run(folder, "val model=runs/train/1");
  EXPECT_EQ(val.code, 0) << val.err;
  expect_in("val  top1 ", val.out);
  const json measured = json::parse(run(folder, "val model=runs/train/1 data=blobs:200 --json").out);
  EXPECT_GT(measured["top1"].get<double>(), 0.9);
}

TEST(Train, RedrawsOneLineOnATerminal) {
  TempFolder folder;
  const auto on_terminal = [&](const std::string& environment) {
    const std::string command = fmt::format(
        "cd '{}' && env {} script -qec \"stty cols 120; '{}' {}\" out.txt >/dev/null 2>&1 </dev/null",
        folder.str(), environment, FOVEA_PROGRAM, quick);
    EXPECT_EQ(std::system(command.c_str()), 0);
    return slurp(folder / "out.txt");
  };
  const std::string drawn = on_terminal("-u NO_COLOR TERM=xterm");
  expect_in("\repoch 1/6 \x1b[36m━━━━", drawn);
  expect_in("\x1b[K", drawn);
  const std::string plain = on_terminal("NO_COLOR=1 TERM=xterm");
  expect_in("\repoch 1/6 ━━━━", plain);
  EXPECT_EQ(plain.find("\x1b[3"), std::string::npos) << "colours in spite of NO_COLOR";
}

/// Before a command that trains the run `name`: sends it the signal once it has written an epoch. The exit
/// code is the command's.
std::string stopped_by(const std::string& signal, const std::string& name) {
  return fmt::format(
      R"(sh -c '"$0" "$@" & run=$!; while kill -0 $run && ! grep -q ^1, runs/train/{1}/results.csv; do sleep 0.01; done; )"
      R"(kill -{0} $run; wait $run')",
      signal, name);
}

TEST(Train, ResumesAfterCtrlCToTheSameBits) {
  TempFolder folder;
  const std::string keys = "train data=circles:16000 model=mlp:2-64-64-2 epochs=30 batch=20 ";
  ASSERT_EQ(run(folder, keys + "name=whole").code, 0);
  for (const char* signal : {"INT", "TERM"}) {
    const Outcome stopped = run(folder, keys + "name=" + signal, stopped_by(signal, signal));
    EXPECT_EQ(stopped.code, 130) << "it finished too early to be stopped";
    const std::string folder_of_run = std::string("runs/train/") + signal;
    expect_in("continue: fovea train resume=" + folder_of_run, stopped.out);
    const Outcome resumed = run(folder, "train workers=3 threads=1 resume=" + folder_of_run);
    EXPECT_EQ(resumed.code, 0) << resumed.err;
    for (const char* file : {"/best.safetensors"})
      EXPECT_EQ(slurp(folder / (folder_of_run + file)),
                slurp(folder / ("runs/train/whole" + std::string(file))));
  }
  expect_in("there is nothing to resume", run(folder, "train resume=runs/train/INT").err);
  const Outcome other = run(folder, "train resume=runs/train/INT epochs=99");
  EXPECT_EQ(other.code, 2);
  expect_in("epochs cannot change on resuming: the run has epochs=30", other.err);
}

/// AVX-512 is a wider register, not another result.
TEST(Train, TheSameBitsOnLesserProcessors) {
  TempFolder folder;
  for (const std::string model : {"lenet5", "gru", "rbm:100"}) {
    const auto weights = [&](const std::string& isa) {
      const std::string keys = "train data=mnist:" FOVEA_SOURCE_DIR
                               "/data/mnist epochs=1 limit_train=6 limit_val=1 batch=10 model=";
      EXPECT_EQ(run(folder, keys + model + " name=" + isa + " project=" + model, "FOVEA_ISA=" + isa).code, 0);
      return train::load_checkpoint(folder / (model + "/" + isa)).weights;
    };
    const NamedTensors less = weights("avx2"), most = weights("avx512");
    ASSERT_EQ(less.size(), most.size());
    for (size_t i = 0; i < less.size(); ++i) {
      const Tensor &a = less[i].second, &b = most[i].second;
      EXPECT_EQ(std::memcmp(a.data<float>(), b.data<float>(), size_t(a.numel()) * sizeof(float)), 0)
          << model << " " << less[i].first;
    }
  }
}

TEST(Train, ResumesAfterAKill) {
  TempFolder folder;
  const std::string keys = "train data=circles:16000 model=mlp:2-64-64-2 epochs=30 batch=20 ";
  ASSERT_EQ(run(folder, keys + "name=whole").code, 0);
  const std::string whole = slurp(folder / "runs/train/whole/best.safetensors");
  for (const char* seconds : {"0.2", "0.4", "0.6"}) {
    const std::string name = std::string("killed") + seconds;
    run(folder, keys + "name=" + name, fmt::format("timeout -s KILL {}", seconds));
    if (!std::filesystem::exists(folder / ("runs/train/" + name + "/args.json")))
      continue;  // it had not begun
    const Outcome resumed = run(folder, "train resume=runs/train/" + name);
    const bool was_finished = resumed.err.find("nothing to resume") != std::string::npos;
    EXPECT_TRUE(resumed.code == 0 || was_finished) << resumed.err;
    EXPECT_EQ(slurp(folder / ("runs/train/" + name + "/best.safetensors")), whole) << seconds;
  }
}

TEST(Train, ExitsWith130AfterCtrlC) {
  TempFolder folder;
  const std::string command = fmt::format(
      "cd '{}' && {{ '{}' train data=circles:4000 epochs=1000 batch=20 >out.txt 2>err.txt & }}; pid=$!; "
      "sleep 0.5; "
      "kill -TERM $pid; wait $pid",
      folder.str(), FOVEA_PROGRAM);
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 130) << slurp(folder / "err.txt");
  expect_in("stopped after step", slurp(folder / "out.txt"));
}

TEST(Train, StartsFromPretrainedWeightsThatFit) {
  TempFolder folder;
  ASSERT_EQ(run(folder, quick + "model=mlp:2-8-3 name=a").code, 0);
  EXPECT_EQ(run(folder, quick + "model=mlp:2-8-3 pretrained=runs/train/a").code, 0);
  const Outcome other = run(folder, quick + "model=mlp:2-9-9-3 pretrained=runs/train/a");
  EXPECT_EQ(other.code, 1);
  expect_in("missing", other.err);
}

TEST(Train, KeepsItsTransformsWithTheModel) {
  TempFolder folder;
  for (int i = 0; i < 10; ++i)
    for (const char* name : {"dark", "light"}) {
      std::filesystem::create_directories(folder / fmt::format("set/{}", name));
      image::write(folder / fmt::format("set/{}/{}.png", name, i),
                   image::Image(full({8, 8}, *name == 'd' ? 40 + i : 200 + i, u8)));
    }
  const std::string train = "train data=set model=mlp batch=8 epochs=1 ";
  const std::string text = "Cover(8), RandomCrop(8, padding=1), RandAugment(1)";
  const Outcome trained = run(folder, train + "augment='" + text + "'");
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto card = train::load_checkpoint(folder / "runs/train/1").card;
  EXPECT_EQ(card.augment, text);
  EXPECT_EQ(card.transforms, "Cover(8x8)");
  expect_in(text, test::slurp(folder / "runs/train/1/args.json"));
  EXPECT_EQ(run(folder, train + "augment='usual, RandomInvert'").code, 0);
  EXPECT_EQ(train::load_checkpoint(folder / "runs/train/2").card.augment, "RandomInvert(0.5)");
  expect_in("Did you mean RandomCrop?", run(folder, train + "augment='RandomCrup(8)'").err);
  expect_in("validation images", run(folder, train + "augment='Resize(10x10)'").err);
}

TEST(Predict, TellsWhatImagesShow) {
  TempFolder folder;
  for (int i = 0; i < 40; ++i)
    for (const auto& [name, value] : {std::pair{"dark", 40}, {"light", 210}}) {
      Tensor pixels = Tensor::empty({8, 8}, u8);
      pixels.fill(value + i % 9);
      std::filesystem::create_directories(folder / fmt::format("set/{}", name));
      image::write(folder / fmt::format("set/{}/{}.png", name, i), image::Image(pixels));
    }
  const Outcome trained = run(folder, "train data=set model=mlp batch=8 epochs=3");
  ASSERT_EQ(trained.code, 0) << trained.err;
  Tensor large = Tensor::empty({30, 20, 3}, u8);
  large.fill(215);
  std::filesystem::create_directories(folder / "new");
  image::write(folder / "new/large.jpg", image::Image(large));
  test::spill(folder / "new/torn.png", "\x89PNG");
  const Outcome one = run(folder, "predict model=runs/train/1 source=new/large.jpg");
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(one.out.find("new/large.jpg\n  light "), 0u) << one.out;
  expect_in("━", one.out);
  const Outcome both = run(folder, "predict model=runs/train/1 --json new");
  EXPECT_EQ(both.code, 1);
  expect_in("torn.png", both.err);
  const json list = json::parse(both.out);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["top"][0]["class"], "light");
  EXPECT_GT(list[0]["top"][0]["probability"].get<double>(), 0.5);
  EXPECT_EQ(
      json::parse(
          run(folder, "predict model=runs/train/1 --json --invert new/large.jpg").out)[0]["top"][0]["class"],
      "dark");
}

TEST(Race, GivesEveryNetworkTheSameTime) {
  TempFolder folder;
  for (int i = 0; i < 20; ++i)
    for (const char* name : {"dark", "light"}) {
      std::filesystem::create_directories(folder / fmt::format("set/{}", name));
      image::write(folder / fmt::format("set/{}/{}.png", name, i),
                   image::Image(full({8, 8}, *name == 'd' ? 40 + i : 200 + i, u8)));
    }
  const Outcome o = run(folder, "race data=set models=mobilenet_v2,perceptron minutes=0.02 batch=8 epochs=3");
  ASSERT_EQ(o.code, 0) << o.err;
  expect_in("1958  perceptron", o.out);
  const json all = json::parse(test::slurp(folder / "runs/race/1/race.json"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["model"], "perceptron");  // by year
  EXPECT_EQ(all[0]["year"], 1958);
  EXPECT_EQ(all[0]["parameters"], 8 * 8 * 2 + 2);
  EXPECT_EQ(all[0]["error"], 0);
  EXPECT_GT(all[1]["seconds"].get<double>(), 0);
  EXPECT_EQ(image::read(folder / "runs/race/1/race.png").channels(), 3);
  EXPECT_TRUE(std::filesystem::exists(folder / "runs/race/1/perceptron/best.safetensors"));
  expect_in("did you mean lenet5?", run(folder, "race data=set models=lenet6").err);
}

}  // namespace
}  // namespace fovea

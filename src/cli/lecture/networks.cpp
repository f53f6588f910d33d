// Chapters 11 to 13: networks of the field's history, those with memory and those that dream, and the
// machines.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "base/parallel.h"
#include "base/text.h"
#include "bench/kernels.h"
#include "bench/workload.h"
#include "cli/lecture/lecture.h"
#include "fovea/autograd.h"
#include "fovea/checkpoint.h"
#include "fovea/loader.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/plot.h"
#include "fovea/random.h"
#include "fovea/rbm.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

/// Top-5 errors of the winners of ImageNet's challenge (Russakovsky et al. 2015; image-net.org/challenges),
/// in percent.
struct Winner {
  const char *year, *what;
  double error;
};
constexpr Winner winners[] = {{"2010", "rules: SIFT, LBP, linear SVM", 28.2},
                              {"2011", "rules: Fisher vectors", 25.8},
                              {"2012", "AlexNet", 16.4},
                              {"2013", "ZFNet and others", 11.7},
                              {"2014", "GoogLeNet (second: VGG)", 6.7},
                              {"2015", "ResNet", 3.57},
                              {"2016", "ensembles of ResNets and Inceptions", 2.99},
                              {"2017", "SENet", 2.25}};

std::string winners_table() {
  std::string lines = "year  top-5 error\n";
  for (const Winner& w : winners)
    lines += fmt::format("{}  {:>5.1f} %  {:<30} {}\n", w.year, w.error,
                         std::string(size_t(w.error + 0.5), '#'), w.what);
  return lines;
}

void draw_winners(const std::string& file) {
  std::vector<std::string> years;
  std::vector<double> errors;
  for (const Winner& w : winners) years.emplace_back(w.year), errors.push_back(w.error);
  image::write(
      file, image::draw_bars("Winners of the ImageNet challenge", "top-5 error in percent", years, errors));
}

std::string parameters_table() {
  std::string lines;
  for (const char* name : {"perceptron", "mlp", "lenet5", "alexnet_original", "zfnet", "vgg16", "googlenet",
                           "resnet50", "se_resnet50", "mobilenet_v2"}) {
    const nn::AnyModule net = zoo::make(name, {});
    int64_t count = 0;
    for (const auto& p : net.parameters()) count += p.numel();
    lines += fmt::format("{:<18} {:>12} parameters\n", name, thousands(count));
  }
  return lines;
}

/// Ten test digits, and what the RBM that ships dreams of each after so many steps of Gibbs sampling.
void dream(const std::string& file) {
  const train::Checkpoint c = train::load_checkpoint("rbm@mnist");
  const nn::AnyModule net = zoo::make(c.card.model, {.input = c.card.input});
  net.load_state_dict(c.weights);
  const auto& model = dynamic_cast<const rbm::RBM&>(*net.ptr());
  const auto set = data::open_dataset("mnist", data::Split::val);
  std::vector<Tensor> digits;
  for (int64_t i = 0; i < 10; ++i) digits.push_back(reshape(set->example(i).image.to(f32) / 255., {1, -1}));
  manual_seed(1);
  const NoGrad guard;
  Tensor v = concat(digits);
  std::vector<Tensor> shown{v};
  for (const int64_t steps : {1, 10, 100, 1000}) {
    shown.push_back(model.gibbs(v, steps, true));
    v = model.gibbs(v, steps);
  }
  const Tensor pictures = image::to_u8(reshape(concat(shown), {-1, 28, 1}));
  image::write(file, image::Image(image::tiles(reshape(pictures, {-1, 28, 28, 1}), 10, 2)));
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// How many images a second a training step of LeNet-5 takes with so many threads (0: all).
std::string stepped(int threads) {
  set_num_threads(threads);
  const auto step = bench::make_step({.net = "lenet5", .batch = 256});
  step();
  const double seconds = bench::quantile(bench::measure(step, 1.0), 0.5);
  return fmt::format("{} thread{} {:>9} images/s\n", num_threads(), num_threads() == 1 ? " " : "s",
                     thousands(int64_t(256 / seconds)));
}

/// A thousand digits as PNG files, a folder for each class.
void write_digits(const std::string& folder) {
  const auto set = data::open_dataset("mnist", data::Split::train);
  for (int64_t i = 0; i < 1000; ++i) {
    const data::Example e = set->example(i);
    const std::string place = fmt::format("{}/{}", folder, e.label);
    std::filesystem::create_directories(place);
    image::write(fmt::format("{}/{}.png", place, i), image::Image(reshape(e.image, {28, 28, 1})));
  }
}

/// Images a second that a loader of these files gives in its second epoch, when nothing is new any more.
double loaded(const std::string& folder, int workers, data::Cache cache) {
  data::DataLoader loader(data::open_dataset(folder, data::Split::train),
                          {.workers = workers, .cache = cache});
  const auto pass = [&](int64_t epoch) {
    for (const data::Batch& batch : loader.epoch(epoch)) (void)batch;
  };
  pass(0);
  const double seconds = seconds_of([&] {
    for (int64_t epoch = 1; epoch <= 5; ++epoch) pass(epoch);
  });
  return 5 * double(loader.examples()) / seconds;
}

}  // namespace

void history(Talk& talk) {
  talk.say(R"(ImageNet: millions of photos with labels, and since 2010 a yearly challenge to name what is on
             them. For two years rules won. In 2012 a network did, trained on two graphics cards, and nobody
             has won with rules since:)");
  talk.show(winners_table());
  draw_winners(talk.file("winners.png"));
  talk.picture("winners.png", "Top-5 errors of the winners, published");
  talk.say(R"(The networks, from the perceptron on, all to be had by name (docs/history.md):)");
  talk.show(parameters_table());
  talk.say(R"(History in a few seconds, on handwritten digits, each network with the same time to learn:)");
  talk.run("race data=mnist models=perceptron,mlp,lenet5 minutes=0.2 epochs=5 project=" + talk.folder());
  talk.example("11_history.cpp");
}

void memory(Talk& talk) {
  talk.say(
      R"(A recurrent network has a memory: what it says of an input depends on all inputs before. This one
             (a gated recurrent unit, Cho et al. 2014) reads a digit as people read a page, row by row, and
             says at the end what it was. It ships trained; its figure is measured here and now:)");
  talk.run("val model=gru@mnist");
  talk.say(R"(A restricted Boltzmann machine knows no classes. It learns what is likely, and dreams of it:
             visible units make hidden ones probable, these make visible ones probable, and so on. Above ten
             digits, below them its dreams after 1, 11, 111 and 1,111 steps:)");
  dream(talk.file("dreams.png"));
  talk.picture("dreams.png", "Ten digits, and what an RBM makes of them");
  talk.say(R"(Stacked, such machines are a deep belief network (Hinton 2006), which learns layer by layer,
             without labels, and then with them: fovea train data=mnist model=dbn:500-500-2000,
             docs/energy_models.md. One layer, learned now:)");
  talk.run("train data=mnist model=rbm:64 epochs=2 exist_ok=true name=rbm project=" + talk.folder());
  talk.example("12_memory.cpp");
}

void hardware(Talk& talk) {
  talk.say(R"(Learning is multiplying and adding, billions of times. A processor (CPU) has a few fast cores, a
             graphics card (GPU) thousands of slow ones. The lecture's figures: Core i7-7700K 540 GFLOP/s, GTX
             1080 Ti 11,400, TITAN V 14,000 (112,000 in half precision), Google's TPU 180,000. This machine:)");
  talk.run("devices");
  talk.show(fmt::format("{} threads multiply and add {:.0f} GFLOP/s in 32 bits\n", num_threads(),
                        bench::fma_peak() / 1e9));
  talk.say(
      R"(A step of LeNet-5, with one thread and with all of them. The results are the same to the last bit:)");
  talk.show(stepped(1) + stepped(0));
  talk.say(R"(A fast processor waits if its data come late. Reading and decoding files is the bottleneck; the
             remedies are to decode ahead with threads of their own, and to keep in memory what has been
             decoded. A thousand digits as files:)");
  write_digits(talk.file("digits"));
  std::string lines;
  const std::string folder = talk.file("digits");
  lines += fmt::format("no worker, from files      {:>9} images/s\n",
                       thousands(int64_t(loaded(folder, 0, data::Cache::none))));
  lines += fmt::format("2 workers, from files      {:>9} images/s\n",
                       thousands(int64_t(loaded(folder, 2, data::Cache::none))));
  lines += fmt::format("2 workers, kept in memory  {:>9} images/s\n",
                       thousands(int64_t(loaded(folder, 2, data::Cache::ram))));
  std::filesystem::remove_all(folder);
  talk.show(lines);
  talk.say(
      R"(`fovea train` says how long its steps waited for data, and what to change (docs/pipeline.md).)");
  talk.example("13_hardware.cpp");
}

}  // namespace fovea::cli

// Chapters 3 to 8: from one neuron to networks that are more than linear.
#include <fmt/format.h>

#include "cli/lecture/lecture.h"
#include "fovea/autograd.h"
#include "fovea/nn.h"
#include "fovea/nn/perceptron.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

Tensor corners() { return tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}); }

/// What a unit with weights (w1, w2) and `bias` says at the four corners.
std::string fired(const char* name, double w1, double w2, double bias) {
  const nn::Perceptron unit(2);
  unit.weight().copy_from(tensor({w1, w2}, {1, 2}));
  unit.bias().fill(bias);
  const NoGrad guard;
  const Tensor sums = unit.sums(corners()).to(f64), out = unit(corners()).to(f64);
  std::string lines = fmt::format("{}: {} x1 + {} x2 {:+} > 0\n", name, w1, w2, bias);
  for (int64_t i = 0; i < 4; ++i)
    lines += fmt::format("  x1 = {}  x2 = {}  sum {:>4}  {}\n", i / 2, i % 2, sums.at<double>({i, 0}),
                         out.at<double>({i, 0}) > 0 ? "fires" : "is silent");
  return lines;
}

/// y = w x + b, of numbers.
std::string line_of(const Tensor& w, const Tensor& b) {
  const auto value = [](const Tensor& t, const Dims& at) { return t.at<float>(at); };
  return fmt::format("{:.4f} x1 {:+.4f} x2 {:+.4f}", value(w, {0, 0}), value(w, {0, 1}), value(b, {0}));
}

/// What the two hidden units and the output of the network for XOR say.
std::string by_hand() {
  const nn::Sequential net = zoo::xor_by_hand();
  const NoGrad guard;
  const Tensor h = net[1](net[0](corners())), y = net(corners());
  std::string lines = "x1 x2   h1 h2   y\n";
  for (int64_t i = 0; i < 4; ++i)
    lines += fmt::format(" {}  {}    {}  {}   {}\n", i / 2, i % 2, h.at<float>({i, 0}), h.at<float>({i, 1}),
                         y.at<float>({i, 0}));
  return lines;
}

}  // namespace

void neuron(Talk& talk) {
  talk.say(R"(A nerve cell collects signals. When they exceed a threshold within a short time it fires, all or
             none. An artificial neuron does the same with numbers: it weighs its inputs, adds them up, and
             fires (1) if the sum is above 0, else it is silent (0). A bias is the threshold with its sign
             turned round.)");
  talk.say(
      R"(With two inputs, weights 1 and 1, and a bias of -1.5 it computes AND; with -0.5 it computes OR:)");
  talk.show(fired("AND", 1, 1, -1.5) + fired("OR", 1, 1, -0.5));
  talk.say(R"(A worm, the nematode C. elegans, gets along with 302 neurons. People have about 100,000,000,000.
             What the weights are to be is the question; the next chapter has the first answer.)");
  talk.example("03_neuron.cpp");
}

void perceptron(Talk& talk) {
  talk.say(R"(Frank Rosenblatt (1958) let the neuron learn. Show it an example. If it is right, do nothing. If
             it should have fired, add the example to the weights; if it should have been silent, subtract it.
             AND, learned:)");
  talk.run("perceptron data=truth:0001");
  talk.say(R"(If a line separates the classes, the rule ends: after at most R^2 / margin^2 updates (Novikoff
             1962), here 51. And then came XOR, which is 1 when exactly one input is 1 (Minsky and Papert
             1969):)");
  talk.run("perceptron data=truth:0110 out=" + talk.file("xor.png"));
  talk.picture("xor.png",
               "The perceptron on XOR: whatever line it draws, two of four points are on the wrong side");
  talk.say(R"(The weights came back to where they were, so the rule goes round for ever. And the reason is
             geometry: the middle of the two ones is the middle of the two zeros, and no line has one point on
             both its sides.)");
  talk.example("04_perceptron.cpp");
}

void counting(Talk& talk) {
  talk.say(
      R"(One neuron is not enough: connect them. A layer is many neurons that see the same inputs; a hidden
             layer's outputs are the inputs of the next. Such a network is called a multilayer perceptron.
             Layers are counted without the inputs. What there is to learn: a weight for each connection, a
             bias for each neuron.)");
  talk.say(
      R"(3 inputs, 4 hidden neurons, 2 outputs: two layers, 3 x 4 + 4 x 2 = 20 weights, 4 + 2 = 6 biases:)");
  talk.run("summary model=mlp:3-4-2");
  talk.say(
      R"(3 inputs, two hidden layers of 4, 1 output: three layers, 12 + 16 + 4 = 32 weights, 9 biases:)");
  talk.run("summary model=mlp:3-4-4-1");
  talk.say(R"(Convolutional layers share their weights between places, so they have few. LeNet-5 of 1998:)");
  talk.run("summary model=lenet5");
  talk.example("05_counting.cpp");
}

void collapse(Talk& talk) {
  talk.say(R"(Do more layers see more? Not if all they do is to weigh and add. A weighted sum of weighted sums
             is a weighted sum. Two inputs, two hidden units without any further function, one output:)");
  talk.show(
      "h1 = w1 x1 + w3 x2 + b1\n"
      "h2 = w2 x1 + w4 x2 + b2\n"
      "y  = w5 h1 + w6 h2 + b3\n"
      "   = (w1 w5 + w2 w6) x1 + (w3 w5 + w4 w6) x2 + (w5 b1 + w6 b2 + b3)\n");
  manual_seed(3);
  const nn::Linear hidden(2, 2), output(2, 1);
  const nn::Sequential net(hidden, output);
  const nn::LinearChain one = nn::linear_chains(net, {1, 2}).at(0);
  const Tensor x = randn({1000, 2});
  const NoGrad guard;
  talk.say(
      R"(With random weights, the two layers collapsed into one, and both tried on 1,000 random inputs:)");
  talk.show(fmt::format("y = {}\nlargest difference {:.1e}\n", line_of(one.weight, one.bias),
                        max(abs(net(x) - linear(x, one.weight, one.bias))).item()));
  talk.say(R"(9 parameters do what 3 can do. fovea warns of such networks, and folds their layers for
             prediction:)");
  talk.run("summary model=mlp:2-2-1:none");
  talk.example("06_collapse.cpp");
}

void activations(Talk& talk) {
  talk.say(R"(So each unit applies a function that is not linear to its sum, its activation, to mimic a neuron
             that fires. The smooth step of old, sigmoid, has a weakness that its derivative shows: far from 0
             it is flat, and what is flat does not learn.)");
  talk.run("plot activation=sigmoid");
  talk.say(R"(ReLU, max(0, x), is flat on one side alone, and cheap:)");
  talk.run("plot activation=relu");
  talk.say(R"(Leaky ReLU, max(0.1 x, x), is flat nowhere; ELU bends softly; tanh is a sigmoid around 0. Maxout
             takes the largest of several weighted sums, so the unit learns its own bends:)");
  const nn::MaxoutLinear unit(1, 1, 2);
  unit.weight().copy_from(tensor({1, -1}, unit.weight().shape()));
  unit.bias().fill(0);
  const NoGrad guard;
  const Tensor x = tensor({-2, -1, 0, 1, 2}, {5, 1});
  talk.show(fmt::format("max(1 x + 0, -1 x + 0) of {}: {}\n", fmt::join(x.to_vector<float>(), " "),
                        fmt::join(unit(x).contiguous().to_vector<float>(), " ")));
  talk.run("plot activation=all out=" + talk.file("activations.webp"));
  talk.picture("activations.webp", "Every activation with its derivative");
  talk.example("07_activations.cpp");
}

void xor_solved(Talk& talk) {
  talk.say(
      R"(Two hidden ReLU units solve what defeated the perceptron: h1 = relu(x1 + x2) counts the ones, h2 =
             relu(x1 + x2 - 1) is 1 where both are, and y = h1 - 2 h2 takes that back.)");
  talk.show(by_hand());
  talk.run("plot boundary model=xor_by_hand out=" + talk.file("by_hand.png"));
  talk.picture("by_hand.png", "XOR by hand: a band in place of a line");
  talk.say(R"(And it can be learned, by a network that begins with random weights. How, is the next chapter's
             matter:)");
  talk.run(
      "train data=truth:0110 model=mlp:2-8-2:tanh batch=4 epochs=200 lr0=0.3 schedule=constant "
      "weight_decay=0 "
      "stop_at=1 report=false exist_ok=true name=xor project=" +
      talk.folder());
  talk.run("plot boundary model=" + talk.file("xor") + " out=" + talk.file("learned.png"));
  talk.picture("learned.png", "XOR learned");
  talk.say(
      R"(Networks with one hidden layer of units that are not linear can come as close as one likes to any
             continuous function (Cybenko 1989, Hornik et al. 1989).)");
  talk.example("08_xor.cpp");
}

}  // namespace fovea::cli

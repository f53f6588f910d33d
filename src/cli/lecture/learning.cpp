// Chapters 9 and 10: how networks learn.
#include <fmt/format.h>

#include "cli/lecture/lecture.h"

namespace fovea::cli {

void guess(Talk& talk) {
  talk.say(R"(How many shekels are ten dollars? Somebody knows, but tells only whether we are right: shekels =
             dollars x constant. Guess the constant. Calculate the error. Adjust the constant so that the error
             gets smaller. Repeat. In slow motion, with the reason for each adjustment:)");
  talk.run("step data=dollars steps=8");
  talk.say(R"(Miles to kilometers is learned alike, and the constant is 1.609344:)");
  talk.run("step data=miles steps=8");
  talk.say(R"(A network has more constants, and the chain rule tells how much each is to blame. One step of a
             network of 2, 2 and 1 units on the four examples of XOR:)");
  talk.run("step data=truth:0110 model=mlp:2-2-1:tanh batch=4 lr0=0.5");
  talk.say(R"(That is the loop of all that follows: forward (what does the network say?), loss (how wrong is
             that?), backward (which parameter is to blame?), update.)");
  talk.example("09_guess.cpp");
}

void descent(Talk& talk) {
  talk.say(R"(The loss is a landscape over the parameters. With two of them, a weight and a bias, it can be
             drawn. Gradient descent steps down where it is steepest. Small steps arrive late, large ones leap
             across the valley, too large ones climb out of it:)");
  talk.run("plot surface data=miles model=mlp:1-1 out=" + talk.file("surface.png"));
  talk.picture("surface.png",
               "Kilometers of miles by a weight and a bias: the loss, and descent with three rates");
  talk.say(
      R"(How large is right? Let the rate rise until the loss runs away, and take a tenth of the best:)");
  talk.run("lr data=mnist model=mlp:784-32-10 out=" + talk.file("rates.png"));
  talk.picture("rates.png", "The loss while the learning rate rises (Smith 2015)");
  talk.say(R"(What is minimised is called objective, cost, loss or error function. What should grow, such as a
             likelihood, is given the other sign: gradient ascent.)");
  talk.run("step data=dollars steps=3 maximise=true");
  talk.say(R"(And with ten thousands of parameters, on 60,000 handwritten digits:)");
  talk.run("train data=mnist model=mlp:784-32-10 epochs=2 report=false exist_ok=true name=digits project=" +
           talk.folder());
  talk.example("10_descent.cpp");
}

}  // namespace fovea::cli

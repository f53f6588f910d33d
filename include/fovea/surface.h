// The loss as a landscape over a plane of parameters, and gradient descent across it. Losses are functions
// without arguments that compute with the model as its parameters are at the time; those are what they were
// after every call here.
//   const auto loss = [&] { return mse_loss(line(x), t); };
//   const see::Plane plane = see::plane_of_two(line);                   // the two numbers themselves
//   const see::Descent way = see::descend(line, loss, 0.01, 50);
//   const see::Plane cut{.across = see::filter_normalised(net, 1), .up = see::filter_normalised(net, 2)};
#pragma once
#include <array>
#include <functional>
#include <vector>

#include "fovea/nn.h"

namespace fovea::see {

/// One tensor for each parameter of a model, in the order and shapes of parameters().
using Direction = std::vector<Tensor>;
using LossFunction = std::function<Tensor()>;

/// Random numbers in which each filter (of a linear layer each row) is as long as that of the model; zeros
/// for biases and norms, whose parameters have one dimension (Li et al. 2018, "Visualizing the loss landscape
/// of neural nets").
Direction filter_normalised(const nn::Module& model, uint64_t seed);

/// The parameters origin + x across + y up.
struct Plane {
  Direction across, up;
  Direction origin = {};  // the model's own parameters if left out
  double left = -1, right = 1, bottom = -1, top = 1;
  int64_t columns = 25, rows = 25;
};
/// The plane whose coordinates are the parameters themselves. Throws unless the model has two numbers in all.
Plane plane_of_two(const nn::Module& model);

/// The loss at the centre of each cell: f64 (rows, columns), the highest row first. Gradients are off.
Tensor loss_surface(const nn::Module& model, const LossFunction& loss, const Plane& plane);

struct Descent {
  Tensor points;             // f64 (steps + 1, numbers): all parameters in a row, from where they are
  std::vector<double> loss;  // at each of them
};
/// `steps` steps of gradient descent with learning rate `lr`, fewer if the loss is no longer finite.
Descent descend(const nn::Module& model, const LossFunction& loss, double lr, int64_t steps);

/// The second derivatives of the loss by all parameters: f64 (n,n). Throws for more than 256 numbers.
/// Descent on a parabola settles if its rate is below 2 / the largest eigenvalue.
Tensor hessian(const nn::Module& model, const LossFunction& loss);
/// Of a symmetric matrix f64 (n,n).
double largest_eigenvalue(const Tensor& matrix);

}  // namespace fovea::see

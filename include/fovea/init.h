// Initialisers: fill a tensor in place and return it. They draw from the default generator of this thread, so
// that manual_seed(0) before building a network repeats its weights on every device and with every number of
// threads.
//   for (const auto& [name, p] : net.named_parameters())
//     if (p.rank() > 1) init::kaiming_normal_(p, {.mode = init::Fan::out});
// A weight is (out, in, kernel...); fan in = in * kernel size, fan out = out * kernel size.
#pragma once
#include "fovea/tensor.h"

namespace fovea::init {

/// While alive, random initialisers of this thread leave tensors as they are: for networks that are built to
/// load weights into, where they would take longer than the loading.
class Skip {
 public:
  Skip();
  ~Skip();
  Skip(const Skip&) = delete;
  Skip& operator=(const Skip&) = delete;

 private:
  bool before_;
};

struct Fans {
  int64_t in, out;
};
/// Throws for fewer than two dimensions.
Fans fans(const Tensor& weight);

/// The factor that keeps the variance through a nonlinearity: linear, conv, sigmoid 1; tanh 5/3; relu
/// sqrt(2); leaky_relu sqrt(2 / (1 + a^2)) with slope a; selu 3/4. Throws with the nearest name for others.
double gain(const std::string& nonlinearity, double a = 0);

Tensor constant_(const Tensor& t, double value);
Tensor zeros_(const Tensor& t);
Tensor ones_(const Tensor& t);
/// Uniform in [low, high).
Tensor uniform_(const Tensor& t, double low = 0, double high = 1);
Tensor normal_(const Tensor& t, double mean = 0, double std = 1);
/// Normal, drawn again until it lies in [low, high].
Tensor trunc_normal_(const Tensor& t, double mean = 0, double std = 1, double low = -2, double high = 2);

/// Uniform in +-gain sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010).
Tensor xavier_uniform_(const Tensor& t, double gain = 1);
/// Normal with standard deviation gain sqrt(2 / (fan in + fan out)).
Tensor xavier_normal_(const Tensor& t, double gain = 1);

enum class Fan : uint8_t { in, out };
struct KaimingOptions {
  double a = 0;  // slope of leaky_relu
  Fan mode = Fan::in;
  std::string nonlinearity = "leaky_relu";
};
/// Uniform in +-gain sqrt(3 / fan) (He et al. 2015).
Tensor kaiming_uniform_(const Tensor& t, const KaimingOptions& options = {});
/// Normal with standard deviation gain / sqrt(fan).
Tensor kaiming_normal_(const Tensor& t, const KaimingOptions& options = {});

/// Rows (or columns, if there are more rows) orthonormal, times gain, dimensions after the first joined
/// (Saxe et al. 2013).
Tensor orthogonal_(const Tensor& t, double gain = 1);
/// The identity matrix. *Requires* two dimensions.
Tensor eye_(const Tensor& t);
/// Convolution weights that pass channel i on as channel i: 1 in the middle of each kernel (i, i).
Tensor dirac_(const Tensor& t);

}  // namespace fovea::init

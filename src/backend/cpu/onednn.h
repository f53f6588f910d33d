// Convolutions by oneDNN. The only header that names it; onednn/onednn.cpp is the only file that includes
// dnnl.hpp and compiles with 2.6 and 3.x. It lies in a module beside this library, which loads it for the
// first convolution that no own kernel takes. Primitives are created once per problem and kept.
#pragma once
#include <cstddef>

#include "op/conv_shape.h"

namespace fovea::onednn {

enum class Product { forward, input_grad, weight_grad };

/// One of the three products of a convolution in f32; x and y in blocked8 layout or both plain, weight plain.
struct Problem {
  Product product;
  ConvShape shape;
  bool blocked = false, bias = false;
};

struct Library {
  /// "2.6.3"
  const char* (*version)();
  /// Why oneDNN has no implementation, or null.
  const char* (*refuse)(const Problem& p);
  /// Bytes of scratch that run() wants.
  size_t (*scratch)(const Problem& p);
  /// `x`, `w`, `y` are the image, the weight and the result or their gradients; the product's own result is
  /// written.
  void (*run)(const Problem& p, float* x, float* w, const float* bias, float* y, char* scratch);
};
/// Set by the module when it is loaded.
extern const Library* library;

/// Why the module cannot be loaded, or null.
const char* missing();

}  // namespace fovea::onednn

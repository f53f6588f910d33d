// Convolution 1x1 with a stride reads only some pixels of its input: they are gathered, or scattered, so that
// the products work on dense planes.
#pragma once
#include "backend/cpu/epilogue.h"
#include "op/conv_shape.h"

namespace fovea::conv_1x1 {

/// Why no kernel for 1x1 on blocked8 takes it, or null.
const char* refuse(const Call& c, const ConvShape& s);

inline bool strided(const ConvShape& s) { return s.stride[1] != 1 || s.stride[2] != 1; }
/// Floats of the pixels of x that are read, 0 if all are.
inline int64_t gathered_floats(const ConvShape& s) { return strided(s) ? s.n * s.c * s.out_size() : 0; }

/// The pixels of x that are read, as dense planes.
void gather(const ConvShape& s, const float* x, float* to);
/// The gradient of x from that of the pixels that are read, through the epilogue.
void scatter(const ConvShape& s, const float* from, const Epilogue& epilogue, float* dx);

}  // namespace fovea::conv_1x1

// Gradient of a convolution's weight on AVX2 (f32, groups = 1): every weight sums x * g over all pixels of
// all images.
//   channels  g blocked8: 6 taps x 16 channels in registers, pixels of x broadcast
//   pixels    g plain: 6 taps x 2 channels in registers, 8 pixels at a time, rows of g as wide as those of x
//             so that an image is one row; stride 1
// Images of g that are mostly zeros go another way (conv_sparse.h).
// A tile stays in registers for the pixels of several images. Where all weights fit into a core's cache,
// images or bands of rows are summed in pieces that depend on the shape alone, then the pieces in order;
// where they do not, threads share the result channels out. Either way the bits are the same for any thread
// count.
#include <algorithm>

#include "backend/cpu/conv_sparse.h"
#include "backend/cpu/conv_weight_grad_tiles.h"
#include "backend/cpu/tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

using namespace weight_grad;

struct Sizes {
  ConvShape s;
  ConvPlan plan;
  bool channels = false;
  bool together = false;  // threads share result channels instead of pieces
  int64_t bands = 1;      // of an image (channels form)
  int64_t pieces = 1;     // of images or bands
  int64_t group = 1;      // images that a tile sums over at once
  int64_t weights = 0;    // floats of one piece's sum
  int64_t g_columns = 0;  // of a padded row of g (pixels form)
  bool may_be_sparse = false;
  SparseWeightGrad sparse;

  int64_t width() const { return channels ? 16 : 2; }  // result channels of a tile
  int64_t g_plane() const { return channels ? 0 : (s.out[1] * g_columns + 15) / 8 * 8; }
  int64_t image() const { return plan.source.scratch() + s.o * g_plane(); }  // floats of scratch
  /// Sums of one piece, those of sparse images behind the others.
  int64_t sums() const { return weights + (may_be_sparse ? sparse.sums() : 0); }
  /// Of a thread: images, and what sparse ones need.
  int64_t space() const { return placed() * image() + (may_be_sparse ? sparse.scratch() : 0); }
  int64_t placed() const { return may_be_sparse ? std::max(group, sparse.images) : group; }
  int64_t tables() const { return (2 * plan.taps() + (may_be_sparse ? sparse.tables() : 0) + 31) / 16 * 16; }
  size_t total() const {
    return size_t(tables() + pieces * sums() + (together ? 1 : num_threads()) * space() + 64);
  }
};

Sizes sizes_of(const Call& c, bool channels) {
  Sizes z;
  z.s = ConvShape::of_weight_grad(c);
  z.channels = channels;
  z.plan = ConvPlan::forward(z.s, channels && c.in(0).layout == Layout::blocked8, channels);
  z.weights = z.plan.taps() * z.s.o;
  z.g_columns = z.plan.source.columns;
  constexpr int64_t few = 1 << 17;  // floats: half a core's cache
  z.together = z.weights > few;
  const int64_t n = std::max<int64_t>(1, z.s.n), pixels = std::max<int64_t>(1, z.s.out_size());
  if (channels && !z.together && n < 8)
    z.bands = std::clamp<int64_t>(std::min((n + 7) / n, pixels / 512), 1, std::max<int64_t>(1, z.s.out[1]));
  constexpr int64_t worth = 1 << 21;  // multiplications for two pieces, whose sums cost time too
  if (!z.together) z.pieces = std::min<int64_t>({n * z.bands, 16, 2 + n * pixels * z.weights / worth * 2});
  // What a tile reads of an image; that of a group stays in the first cache from tile to tile.
  const int64_t plane = z.plan.source.plane(), read = channels ? 8 * plane + 16 * pixels : z.s.c * plane * 3;
  constexpr int64_t cached = 6144;
  z.group = std::clamp<int64_t>(cached / std::max<int64_t>(1, read), 1, (n + z.pieces - 1) / z.pieces);
  z.may_be_sparse = !z.together && z.bands == 1 && SparseWeightGrad::can(z.s, z.plan.source);
  if (z.may_be_sparse) {
    z.plan.source.keep = false;
    const int64_t images = cached / std::max<int64_t>(1, z.s.c * plane);
    z.sparse = SparseWeightGrad(z.s, z.plan.source, c.in(1).layout,
                                std::clamp<int64_t>(images, 1, (n + z.pieces - 1) / z.pieces));
  }
  return z;
}

/// Some images, in their scratch or not, and the rows of g to sum over.
struct Batch {
  const float *x, *g;
  int64_t images, x_image, g_image;
  ConvRange rows;
};

/// Image n with its border, and for the pixels form its g in rows as wide, at place i of the scratch.
void place_image(const Sizes& z, const float* x, const float* g, int64_t n, int64_t i, ConvRange rows,
                 float* scratch) {
  float* to = scratch + i * z.image();
  const ConvRange needed = z.plan.source_rows(z.plan.phase[0], rows);
  z.plan.source.image(x, n, needed.first, needed.last, to);
  if (z.channels) return;
  const int64_t height = z.s.out[1], width = z.s.out[2];
  to += z.plan.source.scratch(), g += n * z.s.o * height * width;
  std::fill(to, to + z.s.o * z.g_plane(), 0.f);
  for (int64_t o = 0; o < z.s.o; ++o)
    for (int64_t y = rows.first; y < rows.last; ++y)
      std::copy_n(g + (o * height + y) * width, width, to + o * z.g_plane() + y * z.g_columns);
}

/// The images from n on that were placed in the scratch.
Batch placed(const Sizes& z, const float* x, const float* g, int64_t n, int64_t images, ConvRange rows,
             const float* scratch) {
  Batch b{scratch, scratch + z.plan.source.scratch(), images, z.image(), z.image(), rows};
  if (z.plan.source.keep) b.x = x + n * z.s.c * z.s.in_size(), b.x_image = z.s.c * z.s.in_size();
  if (z.channels) b.g = g + n * z.s.o * z.s.out_size(), b.g_image = z.s.o * z.s.out_size();
  return b;
}

/// Adds the batch to the sums of up to 16 channels from `o` on, one row of the window after the other,
/// without the rows of g that meet the border of x only.
void add_channels(const Sizes& z, const Batch& b, int64_t o, const int32_t* offsets, float* sums) {
  const ConvSource& source = z.plan.source;
  const int64_t blocks = std::min<int64_t>(2, (z.s.o - o) / 8), taps = z.s.c * z.s.k[2],
                stride = z.s.stride[1];
  for (int64_t ky = 0; ky < z.s.k[1]; ++ky) {
    const int64_t above = source.top - ky * z.s.dilation[1], below = above + source.height - 1;
    const int64_t first = std::max(b.rows.first, above > 0 ? (above + stride - 1) / stride : 0),
                  last = std::min(b.rows.last, below < 0 ? 0 : below / stride + 1);
    if (first >= last) continue;
    const Window w{b.x + source.pixel_offset(first * stride, 0),
                   b.g + o * z.s.out_size() + first * z.s.out[2] * 8,
                   b.images,
                   b.x_image,
                   b.g_image,
                   last - first,
                   z.s.out[2],
                   source.pixel_offset(stride, 0),
                   source.step() * z.s.stride[2],
                   z.s.out[2] * 8,
                   z.s.out_size() * 8};
    const bool wide = blocks == 2 && cpu_has_avx512();
    for_tiles(taps, wide ? 8 : 6, [&](int64_t t, int64_t count) {
      const auto tile =
          wide ? wide::tiles_of<WideChannels, 8>[size_t(count - 1)] : channels_tiles[blocks - 1][count - 1];
      tile(w, offsets + ky * taps + t, sums + (o * z.s.k[1] + ky * blocks * 8) * taps + t * blocks * 8);
    });
  }
}

/// The same for up to 2 plain channels.
void add_pixels(const Sizes& z, const Batch& b, int64_t o, const int32_t* offsets, float* sums) {
  const int64_t count = std::min<int64_t>(2, z.s.o - o), all = z.plan.taps(), row = z.plan.source.columns;
  const Window w{.x = b.x,
                 .g = b.g + o * z.g_plane(),
                 .images = b.images,
                 .x_image = b.x_image,
                 .g_image = b.g_image,
                 .rows = 1,
                 .columns = (z.s.out[1] - 1) * row + z.s.out[2],
                 .x_row = 0,
                 .x_step = 1,
                 .g_row = 0,
                 .g_block = z.g_plane()};
  for_tiles(all, 6, [&](int64_t t, int64_t taps) {
    pixels_tiles[count - 1][taps - 1](w, offsets + t, sums + o * all + t, all);
  });
}

void add(const Sizes& z, const Batch& b, int64_t o, const int32_t* offsets, float* sums) {
  if (b.rows.count() > 0) (z.channels ? add_channels : add_pixels)(z, b, o, offsets, sums);
}

struct Data {
  const float *x, *g;
  const int32_t *offsets, *places;  // of the taps: in the source, in the weight
  float *sums, *scratch;
};

void add_batch(const Sizes& z, const Data& d, const Batch& b, float* sums) {
  for (int64_t o = 0; o < z.s.o; o += z.width()) add(z, b, o, d.offsets, sums);
}

/// Images [first, last), those beside each other together where g is mostly zeros, and where it is not.
void sum_images(const Sizes& z, const Data& d, int64_t first, int64_t last, float* sums, float* scratch) {
  const ConvRange rows{0, z.s.out[1]};
  const auto g = [&](int64_t i) { return d.g + i * z.s.o * z.s.out_size(); };
  const auto sparse = [&](int64_t i) { return z.may_be_sparse && z.sparse.pays(g(i)); };
  for (int64_t n; first < last; first += n) {
    const bool few = sparse(first);
    const int64_t most = std::min(last - first, few ? z.sparse.images : z.group);
    for (n = 1; n < most && sparse(first + n) == few;) ++n;
    for (int64_t i = 0; i < n; ++i)
      if (few) z.plan.source.image(d.x, first + i, 0, z.plan.source.rows, scratch + i * z.image());
      else place_image(z, d.x, d.g, first + i, i, rows, scratch);
    if (few)
      z.sparse.add(scratch, z.image(), g(first), n, sums + z.weights, scratch + z.placed() * z.image());
    else add_batch(z, d, placed(z, d.x, d.g, first, n, rows, scratch), sums);
  }
}

/// Adds the sums of sparse images to the others.
void join_sums(const Sizes& z, float* sums) {
  const int64_t most = z.channels ? 16 : 1, taps = z.plan.taps();
  z.sparse.each(sums + z.weights, [&](int64_t o, int64_t tap, const float* from, int64_t count) {
    const int64_t block = o / most * most, step = std::min(most, z.s.o - block);
    float* to = sums + block * taps + tap * step + o % most;
    for (int64_t i = 0; i < count; ++i) to[i * step] += from[i];
  });
}

/// The images or bands of one piece.
void sum_piece(const Sizes& z, const Data& d, int64_t piece) {
  float *sums = d.sums + piece * z.sums(), *mine = d.scratch + thread_index() * z.space();
  std::fill(sums, sums + z.sums(), 0.f);
  const int64_t units = z.s.n * z.bands, start = units * piece / z.pieces,
                stop = units * (piece + 1) / z.pieces, rows = z.s.out[1];
  if (z.bands == 1) {
    sum_images(z, d, start, stop, sums, mine);
    if (z.may_be_sparse) join_sums(z, sums);
    return;
  }
  for (int64_t unit = start; unit < stop; ++unit) {
    const int64_t first = unit / z.bands, band = unit % z.bands;
    const ConvRange range{rows * band / z.bands, rows * (band + 1) / z.bands};
    place_image(z, d.x, d.g, first, 0, range, mine);
    add_batch(z, d, placed(z, d.x, d.g, first, 1, range, mine), sums);
  }
}

void sum_together(const Sizes& z, const Data& d) {
  const ConvRange rows{0, z.s.out[1]};
  for (int64_t first = 0; first < z.s.n; first += z.group) {
    const int64_t n = std::min(z.group, z.s.n - first);
    parallel_for(n, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) place_image(z, d.x, d.g, first + i, i, rows, d.scratch);
    });
    const Batch b = placed(z, d.x, d.g, first, n, rows, d.scratch);
    parallel_for(z.s.o, z.width(), [&](int64_t o, int64_t end) {
      if (first == 0) std::fill(d.sums + o * z.plan.taps(), d.sums + end * z.plan.taps(), 0.f);
      add(z, b, o, d.offsets, d.sums);
    });
  }
}

/// Adds the pieces up, in order, into the weight (O, C, window).
void gather(const Sizes& z, const Data& d, float* dw) {
  const int64_t taps = z.plan.taps(), most = z.channels ? 16 : 1,
                grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, most * taps * z.pieces));
  parallel_for(z.s.o, most * grain, [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; o += most) {
      const int64_t width = std::min(most, z.s.o - o);
      const float* from = d.sums + o * taps;
      for (int64_t t = 0; t < taps; ++t, from += width) {
        float sum[16] = {};
        for (int64_t p = 0; p < z.pieces; ++p)
          for (int64_t i = 0; i < width; ++i) sum[i] += from[p * z.sums() + i];
        for (int64_t i = 0; i < width; ++i) dw[(o + i) * taps + d.places[t]] = sum[i];
      }
    }
  });
}

template <bool channels>
void run(const Call& c) {
  Sizes z = sizes_of(c, channels);
  auto* offsets = reinterpret_cast<int32_t*>(c.scratch);
  int32_t* places = offsets + z.plan.taps();
  float* sums = reinterpret_cast<float*>(offsets + z.tables());
  z.plan.for_taps(z.s, [&](int64_t t, int64_t channel, int64_t ky, int64_t kx, int32_t offset) {
    offsets[t] = offset;
    places[t] = int32_t((channel * z.s.k[1] + ky) * z.s.k[2] + kx);
  });
  if (z.may_be_sparse) z.sparse.prepare(places + z.plan.taps());
  const Data d{c.in(0).ptr<float>(), c.in(1).ptr<float>(), offsets, places, sums, sums + z.pieces * z.sums()};
  if (z.together) {
    sum_together(z, d);
  } else {
    parallel_for(z.pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; ++piece) sum_piece(z, d, piece);
    });
  }
  gather(z, d, c.out().ptr<float>());
}

template <bool channels>
const char* refuse(const Call& c) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  if (c.i("groups") != 1) return "groups = 1 only";
  const ConvShape s = ConvShape::of_weight_grad(c);
  if (s.n == 0) return "no images";
  if (s.stride[1] != s.stride[2]) return "equal strides only";
  if (s.c * s.in_size() > (int64_t{1} << 26)) return "images up to 2^26 values only";
  if (channels && s.o % 8 != 0) return "result channels are no multiple of 8";
  if (!channels && s.stride[1] != 1) return "stride 1 only";
  return nullptr;
}

template <bool channels>
size_t scratch(const Call& c) {
  return sizes_of(c, channels).total() * sizeof(float);
}

void channels_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>&) {
  in[0] = c.in(0).layout;
  in[1] = Layout::blocked8;
}

const RegisterKernel channels_kernel("conv_weight_grad", {.name = "cpu:direct-channels",
                                                          .rank = 30,
                                                          .refuse = refuse<true>,
                                                          .scratch = scratch<true>,
                                                          .run = run<true>,
                                                          .inputs = Inputs::own,
                                                          .layouts = channels_layouts});
const RegisterKernel pixels_kernel("conv_weight_grad", {.name = "cpu:direct-pixels",
                                                        .rank = 20,
                                                        .refuse = refuse<false>,
                                                        .scratch = scratch<false>,
                                                        .run = run<false>});

}  // namespace
}  // namespace fovea

// Seeing inside of networks: what their filters look for, what their layers answer, and which pixels an
// answer comes from. Networks run in eval mode and get their own mode back; parameters and their gradients
// stay as they are. `classes` are i64 (N), one for each example: the result that is explained (a label or a
// number for other tasks), before softmax.
//   const Tensor logits = net(x), best = argmax(logits, 1);
//   const Tensor heat = see::grad_cam(net, x, best);                        // (N,h,w)
//   image::write("cat.png", image::Image(see::overlay(rgb, heat.select(0, 0))));
//   image::write("filters.png", image::Image(see::filters(net, "conv1")));
// Threads: as training a module: one thread, which uses the others.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "fovea/nn.h"

namespace fovea::see {

// ---- Which pixels an answer comes from ----

/// The gradient of the score of the class with respect to each number of `x`, shaped like `x` (Simonyan et
/// al. 2013; they take its absolute value, and of it the largest channel, as saliency_map() does).
Tensor input_gradient(const nn::Module& net, const Tensor& x, const Tensor& classes);

/// How much each pixel matters: the largest absolute gradient of its channels, (N,H,W) of images (N,C,H,W).
/// With `samples` > 0 it is SmoothGrad (Smilkov et al. 2017): of the mean gradient of so many copies with
/// normal noise, whose deviation is `noise` times the span of the numbers of x.
struct SmoothOptions {
  int samples = 0;
  double noise = 0.15;
  uint64_t seed = 0;
};
Tensor saliency_map(const nn::Module& net, const Tensor& x, const Tensor& classes,
                    const SmoothOptions& options = {});

/// The part of the score that each number of `x` contributes, by integrating the gradient on the straight way
/// from `baseline` (Sundararajan et al. 2017) with a Gauss-Legendre rule. Parts sum up to score(x) -
/// score(baseline).
struct IntegratedOptions {
  Tensor baseline = {};  // one input, broadcast over x; zeros if left out
  int steps = 50;
};
struct Integrated {
  Tensor parts;  // like x
  Tensor error;  // (N): what the parts lack or exceed of that sum
};
Integrated integrated_gradients(const nn::Module& net, const Tensor& x, const Tensor& classes,
                                const IntegratedOptions& options = {});

/// Where in its maps (N,C,h,w) a layer speaks for the class: relu of the sum of its channels, each weighted
/// by the mean of its gradient; (N,h,w) (Grad-CAM, Selvaraju et al. 2017). Without `layer` that of
/// cam_layer().
Tensor grad_cam(const nn::Module& net, const Tensor& x, const Tensor& classes, const std::string& layer = "");
/// The last layer whose maps are as large as those of the last convolution: what is left of it after its
/// norm and activation. Throws if the network has no convolution.
std::string cam_layer(const nn::Module& net, const Tensor& x);

/// How much the score falls where a window of all channels is set to `value`, the mean over the windows that
/// cover a pixel: (N,H,W) (Zeiler and Fergus 2014). Windows at the right and lower border are cut off.
struct OcclusionOptions {
  int64_t window = 4, stride = 2;
  double value = 0;
};
Tensor occlusion(const nn::Module& net, const Tensor& x, const Tensor& classes,
                 const OcclusionOptions& options = {});

// ---- What a network looks for ----

/// For each of `units` a picture that makes the mean of that channel of a layer (or that number of its
/// vector) large, by gradient ascent from noise (Erhan et al. 2009) that keeps to what looks natural: each
/// step sees the picture moved a little (Mordvintsev et al. 2015), it is blurred now and then and pulled to 0
/// (Yosinski et al. 2015).
struct DreamOptions {
  int steps = 256;
  double lr = 0.05;            // of the gradient divided by its root mean square
  int jitter = 2;              // pixels at most
  int blur_every = 8;          // steps; 0: never
  double decay = 0.002;        // of a step
  Tensor low = {}, high = {};  // of the numbers of a picture, broadcast over it; -3 and 3 if left out
  uint64_t seed = 0;           // of noise and moves: the same bits for the same seed
};
struct Dreams {
  Tensor images;         // (units,C,H,W), as the network wants them
  Tensor before, after;  // (units): what the units answer to the noise and to the pictures
};
/// `input` is the shape of one example (C,H,W).
Dreams dream(const nn::Module& net, const std::string& layer, const std::vector<int64_t>& units,
             const Dims& input, const DreamOptions& options = {});

// ---- Pictures: u8 RGB (H,W,3) ----

/// The layers whose weights filters() draws: convolutions over images, and linear layers whose inputs are the
/// pixels of an image (C,H,W).
std::vector<std::string> filter_layers(const nn::Module& net, const Dims& image = {});
/// Each filter as a tile, on the scale of its own largest weight: gray is 0; in colour if it has 3 channels;
/// of other numbers of channels a row for each filter. Of many filters and channels the first `most` of each.
/// Throws, naming those that can be drawn, if the layer cannot.
Tensor filters(const nn::Module& net, const std::string& layer, const Dims& image = {}, int64_t most = 64);

/// The layers that answer `x` with maps (N,C,h,w) of more than one pixel.
std::vector<std::string> map_layers(const nn::Module& net, const Tensor& x);
/// The first `most` channels of what the layer gives for the first example of `x`, all on one scale. Throws,
/// naming those that can be drawn, if the layer cannot.
Tensor feature_maps(const nn::Module& net, const std::string& layer, const Tensor& x, int64_t most = 64);

/// What the network saw: the input (C,H,W) brought back to 0..1 by x * std + mean (one number for each
/// channel, or none). Numbers beyond 0..1 are spread over their own range.
Tensor input_picture(const Tensor& x, std::span<const float> mean = {}, std::span<const float> std = {});

/// `rgb` under a map (h,w) of values from 0 on, which is scaled to its size: from blue over green and yellow
/// to red where it is largest.
Tensor overlay(const Tensor& rgb, const Tensor& map, double opacity = 0.5);
/// A map (H,W) of parts of both signs: red counts for the class, blue against it, white is 0.
Tensor signed_map(const Tensor& map);

}  // namespace fovea::see

// Reading label strings out of what a network says step by step (the loss is the op ctc_loss).
//   const Tensor log_probs = log_softmax(net(images), 2);                // (T, N, C), class 0 the blank
//   const auto strings = nn::ctc_greedy(log_probs);                      // strings[n]: labels without blanks
//   const auto best = nn::ctc_beam_search(log_probs, {}, {.beams = 32});
#pragma once
#include <vector>

#include "fovea/tensor.h"

namespace fovea::nn {

using Labels = std::vector<int64_t>;

/// The most probable class of every step, neighbours that are equal merged, blanks removed (Graves et al.
/// 2006, best path decoding). log_probs (T, N, C); lengths i64 (N): steps that count of each, undefined: all.
/// Throws where shapes do not fit or a length is outside of 1..T.
std::vector<Labels> ctc_greedy(const Tensor& log_probs, const Tensor& lengths = {}, int64_t blank = 0);

struct BeamOptions {
  int64_t beams = 16;  // label strings that are followed at a time
  int64_t blank = 0;
};
struct Reading {
  Labels labels;
  double log_prob;  // of all paths that are followed and read as these labels
};
/// The most probable strings of each example, best first, at most options.beams: prefix beam search (Hannun
/// et al. 2014, without a language model). Finds the most probable string if beams are enough.
std::vector<std::vector<Reading>> ctc_beam_search(const Tensor& log_probs, const Tensor& lengths = {},
                                                  const BeamOptions& options = {});

/// The fewest insertions, deletions and substitutions that turn `a` into `b` (Levenshtein 1966).
int64_t edit_distance(const Labels& a, const Labels& b);

}  // namespace fovea::nn

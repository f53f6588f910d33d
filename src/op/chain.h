// A chain of elementwise ops as a text, for pointwise_chain: what a plan evaluates tile by tile.
//   "sub x0 x1; square t0; square_grad t0 x2 -> t1 t2"
// One statement each: the op, its tensors, its attributes as numbers. xK is input K, tK what statement K
// gives; behind the arrow stand the results.
#pragma once
#include <string>
#include <vector>

#include "fovea/pointwise.h"

namespace fovea {

struct Chain {
  struct Value {
    bool made;  // by a link, else an input
    int index;
    bool operator==(const Value&) const = default;
  };
  struct Link {
    const Op* op;
    std::vector<Value> args;
    std::vector<double> attrs;
  };
  static constexpr int most_links = 32, most_inputs = 12, most_results = 8, most_args = 4, most_attrs = 4;

  std::vector<Link> links;
  std::vector<int> results;  // links

  /// Throws on a text that is none, or names values that are not there yet.
  static Chain parse(const std::string& text, int inputs);
  std::string text() const;
  /// "sub+square+square_grad"
  std::string name() const;

  /// The last link that reads the value, -1 if none does.
  int last_reader(Value v) const;
  /// Whether result i may lie where input k, of its shape, lies: nobody reads that afterwards.
  bool may_replace(int k, int i) const;
};

/// The loops of an elementwise op that computes in `t` and gives the same type, or null.
const Pointwise::Loops* loops_within(const Op& op, DType t);

}  // namespace fovea

#include "data/truth_table.h"

#include <bit>

namespace fovea::data {

std::shared_ptr<Dataset> make_truth_table(const std::string& table, Split split) {
  const bool digits = table.find_first_not_of("01") == table.npos;
  check(digits && table.size() >= 2 && table.size() <= 1024 && std::has_single_bit(table.size()),
        "data=truth:{}: 2, 4, 8 .. 1024 digits of 0 and 1 are wanted, one for each corner, as in truth:0110 "
        "(XOR)",
        table);
  const auto rows = int64_t(table.size());
  const int inputs = std::bit_width(table.size()) - 1;
  const Tensor corners = Tensor::empty({rows, inputs});
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < rows; ++i) {
    for (int k = 0; k < inputs; ++k) corners.at<float>({i, k}) = float(i >> (inputs - 1 - k) & 1);
    labels.push_back(table[size_t(i)] - '0');
  }
  const Normalization as_it_is{std::vector<float>(size_t(inputs), 0), std::vector<float>(size_t(inputs), 1)};
  return std::make_shared<TensorDataset>(
      corners, std::move(labels),
      TensorDataset::Info{
          .name = "truth:" + table, .split = split, .classes = {"0", "1"}, .normalization = as_it_is});
}

}  // namespace fovea::data

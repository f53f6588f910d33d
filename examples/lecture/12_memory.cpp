// A trained network with memory reads a digit row by row; a Boltzmann machine dreams of it.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  data::DataLoader loader(data::open_dataset("mnist", data::Split::val), {.batch = 10});
  const data::Batch batch = *loader.epoch(0).begin();

  const train::Checkpoint reader = train::load_checkpoint("gru@mnist");
  const nn::AnyModule gru = zoo::make(reader.card.model, {.classes = 10, .input = reader.card.input});
  gru.load_state_dict(reader.weights);
  std::cout << "read:  " << argmax(train::Trainer::predict(gru, batch.images), 1)
            << "\ntruth: " << batch.labels << "\n";

  const train::Checkpoint dreamer = train::load_checkpoint("rbm@mnist");
  const rbm::RBM machine(784, 500);
  machine.load_state_dict(dreamer.weights);
  const Tensor black_and_white = clamp(reshape(batch.images * 0.3081 + 0.1307, {10, 784}), 0, 1);
  std::cout << "dreams differ by " << machine.reconstruction_error(machine.gibbs(black_and_white, 100)).item()
            << "\n";
}

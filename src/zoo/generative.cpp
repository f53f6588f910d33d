// Generative networks, by name too.
#include <fmt/format.h>

#include <algorithm>

#include "fovea/init.h"
#include "fovea/zoo.h"
#include "zoo/spelled.h"

namespace fovea::zoo {
namespace {

constexpr int64_t dcgan_latent = 100, usual_width = 64;

std::vector<int64_t> mirrored(const std::vector<int64_t>& sizes, const Dims& example) {
  std::vector<int64_t> back(sizes.rbegin(), sizes.rend());
  back.push_back(example.numel());
  return back;
}

std::vector<int64_t> from(const Dims& example, const std::vector<int64_t>& sizes) {
  std::vector<int64_t> all{example.numel()};
  all.insert(all.end(), sizes.begin(), sizes.end());
  return all;
}

/// Weights as Radford et al. start them.
void start_weights(const nn::Module& net) {
  for (const auto& [name, p] : net.named_parameters())
    if (p.rank() > 1) init::normal_(p, 0, 0.02);
    else if (name.ends_with("weight")) init::normal_(p, 1, 0.02);
    else init::zeros_(p);
}

/// The side that `doublings` doublings make `side` of: 4 to 7.
struct Growth {
  int64_t start, doublings = 0;
};
Growth growth_to(const Dims& example) {
  check(example.size() == 3 && example[1] == example[2], "dcgan takes square images (C,H,W), not {}",
        example);
  Growth g{example[1]};
  while (g.start > 7 && g.start % 2 == 0) g.start /= 2, ++g.doublings;
  check(g.start >= 4 && g.start <= 7 && g.doublings >= 1,
        "dcgan makes images of sides like 28, 32 or 64 (4 to 7, doubled once or more), not {}: resize them "
        "with "
        "imgsz=32",
        example[1]);
  return g;
}

/// Called "main", as in the tutorial.
nn::Sequential generator(const Dims& example, int64_t width) {
  const Growth g = growth_to(example);
  int64_t channels = width << (g.doublings - 1);
  nn::Sequential main(nn::ConvTranspose2d(dcgan_latent, channels, g.start, {.bias = false}),
                      nn::BatchNorm2d(channels), nn::ReLU());
  for (int64_t i = 1; i < g.doublings; ++i, channels /= 2)
    main.append(nn::ConvTranspose2d(channels, channels / 2, 4, {.stride = 2, .padding = 1, .bias = false}))
        .append(nn::BatchNorm2d(channels / 2))
        .append(nn::ReLU());
  main.append(nn::ConvTranspose2d(channels, example[0], 4, {.stride = 2, .padding = 1, .bias = false}))
      .append(nn::Tanh());
  start_weights(main);
  return nn::Sequential({{"main", main}});
}

nn::Sequential discriminator(const Dims& example, int64_t width) {
  const Growth g = growth_to(example);
  constexpr double slope = 0.2;
  int64_t channels = width;
  nn::Sequential main(nn::Conv2d(example[0], channels, 4, {.stride = 2, .padding = 1, .bias = false}),
                      nn::LeakyReLU(slope));
  for (int64_t i = 1; i < g.doublings; ++i, channels *= 2)
    main.append(nn::Conv2d(channels, 2 * channels, 4, {.stride = 2, .padding = 1, .bias = false}))
        .append(nn::BatchNorm2d(2 * channels))
        .append(nn::LeakyReLU(slope));
  main.append(nn::Conv2d(channels, 1, g.start, {.bias = false}));
  start_weights(main);
  return nn::Sequential({{"main", main}});
}

}  // namespace

generative::Autoencoder autoencoder(const Dims& example, const std::vector<int64_t>& sizes,
                                    rbm::Units visible, const std::string& activation) {
  return {example, mlp(from(example, sizes), activation), mlp(mirrored(sizes, example), activation), visible};
}

generative::Autoencoder conv_autoencoder(const Dims& example, rbm::Units visible) {
  check(
      example.size() == 3 && example[1] % 4 == 0 && example[2] % 4 == 0,
      "the convolutional autoencoder takes images (C,H,W) of sides divisible by 4, not {}: resize them with "
      "imgsz=32, or spell sizes as in autoencoder:400-20",
      example);
  constexpr int64_t inside = 16, narrow = 8;
  const nn::Sequential encoder(nn::Conv2d(example[0], inside, 4, {.stride = 2, .padding = 1}), nn::ReLU(),
                               nn::Conv2d(inside, narrow, 4, {.stride = 2, .padding = 1}));
  const nn::Sequential decoder(nn::ConvTranspose2d(narrow, inside, 4, {.stride = 2, .padding = 1}),
                               nn::ReLU(),
                               nn::ConvTranspose2d(inside, example[0], 4, {.stride = 2, .padding = 1}));
  return {example, encoder, decoder, visible};
}

generative::VAE vae(const Dims& example, const std::vector<int64_t>& sizes, rbm::Units visible,
                    const std::string& activation) {
  check(sizes.size() >= 2, "a vae wants hidden and latent units, as in vae:400-20");
  const std::vector<int64_t> hidden(sizes.begin(), sizes.end() - 1);
  nn::Sequential encoder = mlp(from(example, hidden), activation);
  encoder.append(nn::make_activation(activation), fmt::format("act{}", hidden.size()));
  return {example, encoder, hidden.back(), sizes.back(), mlp(mirrored(sizes, example), activation), visible};
}

generative::GAN dcgan(const Dims& example, int64_t width) {
  check(width > 0, "dcgan of width {}", width);
  return {example, dcgan_latent, generator(example, width), discriminator(example, width)};
}

const std::vector<std::string>& generative_kinds() {
  static const std::vector<std::string> kinds{"autoencoder", "vae", "dcgan"};
  return kinds;
}

bool is_generative(const std::string& name) {
  const auto& kinds = generative_kinds();
  return std::find(kinds.begin(), kinds.end(), parts_of(name)[0]) != kinds.end();
}

bool is_unsupervised(const std::string& name) { return is_energy_model(name) || is_generative(name); }

nn::AnyModule generative_model(const std::string& name, const Dims& input) {
  const auto parts = parts_of(name);
  const bool gan = parts[0] == "dcgan", sized = parts.size() >= 2;
  check(parts.size() <= (gan ? 2 : 4),
        "'{}' spells no generative network: write autoencoder, autoencoder:SIZES[:VISIBLE[:ACTIVATION]], "
        "vae:SIZES[:VISIBLE[:ACTIVATION]] or dcgan[:WIDTH], as in autoencoder:400-20, vae:400-20:gaussian, "
        "dcgan:16",
        name);
  const std::vector<int64_t> sizes = sized ? sizes_in(parts[1], name) : std::vector<int64_t>{};
  if (gan) {
    check(sizes.size() <= 1, "{}: a dcgan has one width, as in dcgan:16", name);
    return dcgan(input, sized ? sizes[0] : usual_width);
  }
  const rbm::Units visible = visible_units(name);
  const std::string activation = parts.size() > 3 ? parts[3] : "relu";
  if (parts[0] == "vae")
    return vae(input, sized ? sizes : std::vector<int64_t>{400, 20}, visible, activation);
  if (sized) return autoencoder(input, sizes, visible, activation);
  return conv_autoencoder(input, visible);
}

}  // namespace fovea::zoo

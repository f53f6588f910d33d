// Pages that need nothing else: no scripts, no other files, in light and dark.
#pragma once
#include <string>

namespace fovea {

/// `text` as it stands between tags and in quoted attributes.
std::string html_escaped(const std::string& text);

/// A whole page with its style; `title` is escaped, `body` is HTML and begins behind the heading.
/// The style knows: .dim .bad .n (numbers of tables) .bar(.val) .row .cards figure .pair .samples img.small
std::string html_page(const std::string& title, const std::string& body);

}  // namespace fovea

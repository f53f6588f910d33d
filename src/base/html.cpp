#include "base/html.h"

#include <fmt/format.h>

namespace fovea {
namespace {

constexpr const char* style = R"(
:root{color-scheme:light dark;--ground:#fff;--ink:#1b1f24;--dim:#667;--line:#d8dce2;--bar:#2f7ed8;--val:#e08a1e;--bad:#b3261e;--card:#f5f6f8}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--ink:#e6e8eb;--dim:#9aa3ad;--line:#333a43;--bar:#5aa2f0;--val:#f0a848;--bad:#ff7a70;--card:#1d2127}}
body{background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:1200px;padding:24px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:34px 0 10px;border-bottom:1px solid var(--line);padding-bottom:4px}
h3{font-size:15px;margin:18px 0 6px}.dim{color:var(--dim)}.bad{color:var(--bad)}
table{border-collapse:collapse}td,th{padding:2px 14px 2px 0;text-align:left;white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:inline-block;height:11px;background:var(--bar);border-radius:2px;vertical-align:middle}.bar.val{background:var(--val)}
.row{display:flex;flex-wrap:wrap;gap:40px}.cards{display:flex;flex-wrap:wrap;gap:10px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px;max-width:300px}
figure .pair{display:flex;gap:6px}figcaption{font-size:12px;overflow-wrap:anywhere;margin-top:4px;max-width:284px}
img{display:block;border-radius:3px}img.small{image-rendering:pixelated}.none{width:128px;height:64px;border:1px dashed var(--line);border-radius:3px}
.samples{display:flex;flex-wrap:wrap;gap:6px;align-items:flex-end})";

}  // namespace

std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport "
      "content=\"width=device-width\">\n"
      "<title>{0}</title>\n<style>{1}\n</style>\n<h1>{0}</h1>\n{2}</html>\n",
      html_escaped(title), style, body);
}

}  // namespace fovea

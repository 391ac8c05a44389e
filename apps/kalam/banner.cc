#include "banner.h"

namespace kalam::cli {

namespace {

constexpr const char* kBrightBlue = "\x1b[94m";
constexpr const char* kPlain = "\x1b[0m";
constexpr std::size_t kInnerWidth = 54;

std::string Repeated(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

}  // namespace

std::string BannerText(const BannerFacts& facts, bool color, bool terminal) {
  const std::string blue = color ? kBrightBlue : "";
  const std::string plain = color ? kPlain : "";
  DisplayText title = ToDisplayText("  🗄️  Kalam CLI - Interactive Database Terminal");
  std::string text = blue + "╔" + Repeated("═", kInnerWidth) + "╗\n║" + title.text;
  text.append(kInnerWidth - title.width, ' ');
  // Terminals don't agree how wide the picture is.
  if (terminal) text += "\x1b[" + std::to_string(kInnerWidth + 2) + "G";
  text += "║\n╚" + Repeated("═", kInnerWidth) + "╝" + plain + "\n";
  text += "  🔗 Connected to " + ToDisplayText(facts.url).text + "\n";
  text += "  👤 User: " + (facts.user.empty() ? "as the credentials say" : ToDisplayText(facts.user).text) + "\n";
  text += "  📡 Server version: " + ToDisplayText(facts.server_version).text + "\n";
  text += "  💻 CLI version: " KALAM_VERSION "\n";
  text += "  💡 Type \\help for help, \\quit to exit.\n\n";
  return text;
}

FrameRow PromptRow(bool color, bool online) {
  if (!color) return {.bytes = "kalam> ", .width = 7};
  const char* const label = online ? "\x1b[30;106m" : "\x1b[30;41m";
  return {.bytes = std::string("  ") + label + " kalam " + kPlain + " ❯ ", .width = 12};
}

}  // namespace kalam::cli

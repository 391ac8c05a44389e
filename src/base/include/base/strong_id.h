#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace kalam {

// An integer that does not mix with other integers: StrongId<struct TableIdTag, uint32_t>.
template <typename Tag, typename Rep>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_{};
};

}  // namespace kalam

template <typename Tag, typename Rep>
struct std::hash<kalam::StrongId<Tag, Rep>> {
  std::size_t operator()(kalam::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};

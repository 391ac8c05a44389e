#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Fixed-width integers to and from bytes. Big-endian where bytes are compared (keys), little-endian
// where they are only read back (values).
namespace kalam {

template <typename T>
T ByteSwap(T value) {
  static_assert(std::is_unsigned_v<T>);
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

static_assert(std::endian::native == std::endian::little, "stored formats assume little-endian hosts");

template <typename T>
void StoreBigEndian(char* out, T value) {
  value = ByteSwap(value);
  std::memcpy(out, &value, sizeof(value));
}
template <typename T>
T LoadBigEndian(const char* in) {
  T value;
  std::memcpy(&value, in, sizeof(value));
  return ByteSwap(value);
}
template <typename T>
void AppendBigEndian(std::string& out, T value) {
  value = ByteSwap(value);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
void StoreLittleEndian(char* out, T value) {
  std::memcpy(out, &value, sizeof(value));
}
template <typename T>
T LoadLittleEndian(const char* in) {
  T value;
  std::memcpy(&value, in, sizeof(value));
  return value;
}
template <typename T>
void AppendLittleEndian(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The smallest string greater than every string that starts with `prefix`; empty if there is none
// (prefix of 0xFF bytes only).
inline std::string PrefixSuccessor(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

}  // namespace kalam

#pragma once
// Random numbers without a state: each is a pure function of its keys (XXH3 of them), so it does not matter who draws
// first, how many are drawn, or which standard library's distributions a build has.

#include <cstdint>
#include <initializer_list>

namespace weft {

/// What a draw is for: keeps the draws of one seed for different purposes apart.
enum class DrawFor : std::uint64_t { rank_speed = 1, step_jitter = 2, route = 3 };

std::uint64_t draw(DrawFor what, std::initializer_list<std::uint64_t> keys);

/// Above 0, below 1.
double uniform_draw(DrawFor what, std::initializer_list<std::uint64_t> keys);

} // namespace weft

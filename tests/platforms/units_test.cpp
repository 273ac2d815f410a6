// Do quantities mean what they say, and come back as they were written?
#include "platforms/base/units.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace weft;

TEST_CASE("units mean powers of 1000, binary units powers of 1024, bits an eighth of a byte") {
  CHECK(parse_quantity<BytesPerSecond>("400 Gbit/s")->count() == 50e9);
  CHECK(parse_quantity<BytesPerSecond>("900 GB/s")->count() == 900e9);
  CHECK(parse_quantity<Bytes>("80 GiB")->count() == 80.0 * 1073741824);
  CHECK(parse_quantity<Bytes>("80GB")->count() == 80e9);
  CHECK(parse_quantity<FlopsPerSecond>("989.4 TFLOP/s")->count() == 989.4e12);
  CHECK(parse_quantity<Seconds>("18.7 us")->count() == 18.7e-6);
  CHECK(parse_quantity<Watts>("10.2 kW")->count() == 10200);
  CHECK(parse_quantity<Dollars>("23238 USD")->count() == 23238);
  CHECK(parse_quantity<SquareMillimetres>("814 mm2")->count() == 814);
  CHECK(parse_quantity<DollarsPerKilowattHour>("0.078 USD/kWh")->count() == 0.078);
  CHECK(parse_quantity<GramsPerKilowattHour>("366 g/kWh")->count() == 366);
}

TEST_CASE("what is no quantity is refused with a reason") {
  CHECK(parse_quantity<Bytes>("80").error() ==
        "`80` has no unit (takes B, kB, MB, GB, TB, PB, KiB, MiB, GiB, TiB, bit, Mbit, Gbit)");
  CHECK(parse_quantity<BytesPerSecond>("400 Gb/s").error().starts_with("unknown unit `Gb/s`"));
  CHECK(parse_quantity<FlopsPerSecond>("1979 TFLOP/s sparse").error() ==
        "`1979 TFLOP/s sparse`: FLOP/s are dense here; give the figure without sparsity");
  for (const char* text : {"", "GB", "nan GB", "inf GB", "-1 GB", "1e999 GB", "1 GB GB", "0x10 GB", "1,5 GB"})
    CHECK_MESSAGE(!parse_quantity<Bytes>(text), text);
}

TEST_CASE("printing chooses the shortest exact text") {
  CHECK(print_quantity(Bytes(80.0 * 1073741824)) == "80 GiB");
  CHECK(print_quantity(BytesPerSecond(50e9)) == "50 GB/s");
  CHECK(print_quantity(FlopsPerSecond(989.4e12)) == "989.4 TFLOP/s");
  CHECK(print_quantity(Seconds(0)) == "0 s");
}

template <class Q> void round_trip() {
  rc::check([](double v) {
    const Q q(std::abs(v));
    if (!std::isfinite(q.count())) return;
    const auto back = parse_quantity<Q>(print_quantity(q));
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->count() == q.count());
  });
}

TEST_CASE("parse(print(q)) is q, bit for bit") {
  round_trip<Seconds>();
  round_trip<Bytes>();
  round_trip<BytesPerSecond>();
  round_trip<Flops>();
  round_trip<FlopsPerSecond>();
  round_trip<Watts>();
  round_trip<Dollars>();
  round_trip<SquareMillimetres>();
  round_trip<DollarsPerKilowattHour>();
  round_trip<GramsPerKilowattHour>();
}

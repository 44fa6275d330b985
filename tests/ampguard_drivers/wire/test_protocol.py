from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_drivers.simulated import gpioabi
from ampguard_drivers.simulated.gpioabi import LineConfig, LineFlag, LineRequest
from ampguard_drivers.simulated.protocol import (
    I2cPart,
    Segment,
    SegmentFlag,
    decode_i2c,
    decode_spi,
    encode_i2c,
    encode_spi,
)

LENGTHS = st.integers(0, 50)
SEGMENTS = st.builds(
    Segment,
    length=LENGTHS,
    flags=st.integers(0, 7).map(SegmentFlag),
    speed_hz=st.integers(0, 2**32 - 1),
    delay=st.integers(0, 2**16 - 1),
    bits_per_word=st.integers(0, 255),
)
PARTS = st.one_of(
    st.builds(I2cPart, address=st.integers(0, 127), data=st.binary(max_size=40)),
    st.builds(I2cPart, address=st.integers(0, 127), data=st.none(), receive_length=LENGTHS),
)
MASKS = st.integers(0, 2**64 - 1)
FLAGS = st.integers(0, 2**13 - 1).map(LineFlag)


@given(st.lists(SEGMENTS, max_size=6), st.data())
def test_an_spi_message_arrives_as_it_was_sent(segments: list[Segment], data: st.DataObject) -> None:
    length = sum(segment.length for segment in segments if segment.flags & SegmentFlag.SENDS)
    sent = data.draw(st.binary(min_size=length, max_size=length))
    assert decode_spi(len(segments), encode_spi(segments, sent)) == (segments, sent)


@given(st.lists(PARTS, max_size=6))
def test_an_i2c_transfer_arrives_as_it_was_sent(parts: list[I2cPart]) -> None:
    assert decode_i2c(len(parts), encode_i2c(parts)) == parts


@given(st.integers(0, 100), st.binary(max_size=200))
def test_any_bytes_are_an_spi_message_or_a_value_error(count: int, payload: bytes) -> None:
    try:
        segments, sent = decode_spi(count, payload)
    except ValueError:
        return
    assert len(segments) == count
    assert encode_spi(segments, sent) == payload


@given(st.integers(0, 100), st.binary(max_size=200))
def test_any_bytes_are_an_i2c_transfer_or_a_value_error(count: int, payload: bytes) -> None:
    try:
        parts = decode_i2c(count, payload)
    except ValueError:
        return
    assert len(parts) == count


@given(
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=64),
    FLAGS,
    MASKS,
    st.lists(st.tuples(FLAGS, MASKS), max_size=9),
)
def test_a_request_for_lines_arrives_as_it_was_sent(
    offsets: list[int], flags: LineFlag, values: int, flags_of: list[tuple[LineFlag, int]]
) -> None:
    request = LineRequest(tuple(offsets), "ampguard", LineConfig(flags, tuple(flags_of), values))
    assert gpioabi.decode_request(gpioabi.encode_request(request)) == request


def test_the_first_attribute_that_names_a_line_counts() -> None:
    config = LineConfig(LineFlag.INPUT, ((LineFlag.OUTPUT, 0b01), (LineFlag.ACTIVE_LOW, 0b11)))
    assert [config.flags_for(n) for n in range(3)] == [LineFlag.OUTPUT, LineFlag.ACTIVE_LOW, LineFlag.INPUT]


@pytest.mark.parametrize("count", [0, 65])
def test_a_request_for_no_or_too_many_lines_is_refused(count: int) -> None:
    payload = bytearray(gpioabi.encode_request(LineRequest((1,), "x", LineConfig(LineFlag.INPUT))))
    payload[560:564] = count.to_bytes(4, "little")
    with pytest.raises(ValueError, match="1 to 64 lines"):
        gpioabi.decode_request(bytes(payload))

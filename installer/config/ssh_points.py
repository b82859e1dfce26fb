"""The curves of ECDSA keys: whether a point is one of them (FIPS 186-4, D.1.2)."""

from __future__ import annotations

from typing import NamedTuple


class _Curve(NamedTuple):
    """``y^2 = x^3 - 3x + b`` modulo a prime."""

    prime: int
    b: int


_CURVES = {
    "nistp256": _Curve(
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B,
    ),
    "nistp384": _Curve(
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7_E23EE7E4_988E056B_E3F82D19_181D9C6E_FE814112_0314088F_5013875A_C656398D_8A2ED19D_2A85C8ED_D3EC2AEF,
    ),
    "nistp521": _Curve(
        2**521 - 1,
        0x0051_953EB961_8E1C9A1F_929A21A0_B68540EE_A2DA725B_99B315F3_B8B48991_8EF109E1_56193951_EC7E937B_1652C0BD_3BB1BF07_3573DF88_3D2C34F1_EF451FD4_6B503F00,
    ),
}  # fmt: skip
_UNCOMPRESSED = 4


def is_on_curve(name: str, point: bytes) -> bool:
    """Whether an uncompressed point (SEC 1, 2.3.3), the only form that OpenSSH takes, is on it."""
    curve = _CURVES.get(name)
    size = -(-curve.prime.bit_length() // 8) if curve else 0
    if curve is None or len(point) != 1 + 2 * size or point[0] != _UNCOMPRESSED:
        return False
    x, y = (int.from_bytes(point[start : start + size], "big") for start in (1, 1 + size))
    inside = x < curve.prime and y < curve.prime
    return inside and not (y * y - x**3 + 3 * x - curve.b) % curve.prime

/** The largest finite float32: (2 − 2⁻²³) · 2¹²⁷. */
export const HIGHEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

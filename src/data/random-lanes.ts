/** Draws of one seed for different purposes must have nothing in common: each has a lane of the generator of its own. */
export const DATA_LANES = {
  windows: 0x1000,
  documents: 0x1001,
  rows: 0x1002,
  pairs: 0x1003,
  batches: 0x1004,
  mixture: 0x1005,
};

// AssemblyScript: what this machine can do for WebAssembly. Reading memory, multiplying and adding, meeting at a barrier.

// Reading. Each function reads one stretch or several equally long ones, far apart (`distance` bytes each), 64 bytes of
// each in turn. The sum is returned so that no load can be dropped.

export function read1(base: usize, distance: usize): i32 {
  let a = i32x4.splat(0);
  for (let p = base, end = base + distance; p < end; p += 256) {
    a = line(p + 192, line(p + 128, line(p + 64, line(p, a))));
  }
  return sum(a);
}

export function read2(base: usize, distance: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (let p = base, end = base + distance; p < end; p += 128) {
    a = line(p + 64, line(p, a));
    b = line(p + distance + 64, line(p + distance, b));
  }
  return sum(i32x4.add(a, b));
}

export function read4(base: usize, distance: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let p = base, end = base + distance; p < end; p += 64) {
    const q = p + 2 * distance;
    a = line(p, a);
    b = line(p + distance, b);
    c = line(q, c);
    d = line(q + distance, d);
  }
  return sum(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}

export function read8(base: usize, distance: usize): i32 {
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  let c = i32x4.splat(0);
  let d = i32x4.splat(0);
  for (let p = base, end = base + distance; p < end; p += 64) {
    const q = p + 2 * distance;
    const r = q + 2 * distance;
    const s = r + 2 * distance;
    a = line(p + distance, line(p, a));
    b = line(q + distance, line(q, b));
    c = line(r + distance, line(r, c));
    d = line(s + distance, line(s, d));
  }
  return sum(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
}

/** Writes every page once, so that reading meets memory and not the system's shared page of zeros. */
export function fill(base: usize, bytes: usize): void {
  for (let p = base, end = base + bytes; p < end; p += 16) v128.store(p, i32x4.splat(p as i32));
}

@inline
function line(address: usize, accumulator: v128): v128 {
  const first = i32x4.add(v128.load(address), v128.load(address, 16));
  const second = i32x4.add(v128.load(address, 32), v128.load(address, 48));
  return i32x4.add(accumulator, i32x4.add(first, second));
}

function sum(a: v128): i32 {
  return i32x4.extract_lane(a, 0) + i32x4.extract_lane(a, 1) + i32x4.extract_lane(a, 2) + i32x4.extract_lane(a, 3);
}

// Multiplying and adding. `turns` turns of 8, 10 or 12 independent chains of fused multiply-adds on four floats, all in
// registers: the number of chains must cover the latency of the multipliers without spilling. They start apart so that no
// compiler can see two of them as one.

export function multiplyAdd8(turns: i32): f32 {
  const x = factor();
  let a = f32x4.splat(1);
  let b = f32x4.splat(2);
  let c = f32x4.splat(3);
  let d = f32x4.splat(4);
  let e = f32x4.splat(5);
  let f = f32x4.splat(6);
  let g = f32x4.splat(7);
  let h = f32x4.splat(8);
  for (let i = 0; i < turns; i++) {
    a = f32x4.relaxed_madd(x, x, a);
    b = f32x4.relaxed_madd(x, x, b);
    c = f32x4.relaxed_madd(x, x, c);
    d = f32x4.relaxed_madd(x, x, d);
    e = f32x4.relaxed_madd(x, x, e);
    f = f32x4.relaxed_madd(x, x, f);
    g = f32x4.relaxed_madd(x, x, g);
    h = f32x4.relaxed_madd(x, x, h);
  }
  return lanes4(a, b, c, d) + lanes4(e, f, g, h);
}

export function multiplyAdd10(turns: i32): f32 {
  const x = factor();
  let a = f32x4.splat(1);
  let b = f32x4.splat(2);
  let c = f32x4.splat(3);
  let d = f32x4.splat(4);
  let e = f32x4.splat(5);
  let f = f32x4.splat(6);
  let g = f32x4.splat(7);
  let h = f32x4.splat(8);
  let i = f32x4.splat(9);
  let j = f32x4.splat(10);
  for (let turn = 0; turn < turns; turn++) {
    a = f32x4.relaxed_madd(x, x, a);
    b = f32x4.relaxed_madd(x, x, b);
    c = f32x4.relaxed_madd(x, x, c);
    d = f32x4.relaxed_madd(x, x, d);
    e = f32x4.relaxed_madd(x, x, e);
    f = f32x4.relaxed_madd(x, x, f);
    g = f32x4.relaxed_madd(x, x, g);
    h = f32x4.relaxed_madd(x, x, h);
    i = f32x4.relaxed_madd(x, x, i);
    j = f32x4.relaxed_madd(x, x, j);
  }
  return lanes4(a, b, c, d) + lanes4(e, f, g, h) + lanes4(i, j, i, j);
}

export function multiplyAdd12(turns: i32): f32 {
  const x = factor();
  let a = f32x4.splat(1);
  let b = f32x4.splat(2);
  let c = f32x4.splat(3);
  let d = f32x4.splat(4);
  let e = f32x4.splat(5);
  let f = f32x4.splat(6);
  let g = f32x4.splat(7);
  let h = f32x4.splat(8);
  let i = f32x4.splat(9);
  let j = f32x4.splat(10);
  let k = f32x4.splat(11);
  let l = f32x4.splat(12);
  for (let turn = 0; turn < turns; turn++) {
    a = f32x4.relaxed_madd(x, x, a);
    b = f32x4.relaxed_madd(x, x, b);
    c = f32x4.relaxed_madd(x, x, c);
    d = f32x4.relaxed_madd(x, x, d);
    e = f32x4.relaxed_madd(x, x, e);
    f = f32x4.relaxed_madd(x, x, f);
    g = f32x4.relaxed_madd(x, x, g);
    h = f32x4.relaxed_madd(x, x, h);
    i = f32x4.relaxed_madd(x, x, i);
    j = f32x4.relaxed_madd(x, x, j);
    k = f32x4.relaxed_madd(x, x, k);
    l = f32x4.relaxed_madd(x, x, l);
  }
  return lanes4(a, b, c, d) + lanes4(e, f, g, h) + lanes4(i, j, k, l);
}

/** From memory, so that the compiler cannot know it. */
function factor(): v128 {
  return f32x4.add(v128.load_splat<f32>(0), f32x4.splat(0.01));
}

function lanes4(a: v128, b: v128, c: v128, d: v128): f32 {
  return f32x4.extract_lane(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)), 0);
}

/** Sleeps while the word at `address` is `value`: from JavaScript, because Node 20's baseline compiler breaks wait32. */
// @ts-expect-error: decorator
@external('env', 'sleep')
declare function sleep(address: usize, value: i32): void;

/** Meets `threads − 1` others `turns` times, sleeping on a futex each time: count at `at`, generation at `at + 64`. */
export function futexBarrier(at: usize, threads: i32, turns: i32): void {
  for (let turn = 0; turn < turns; turn++) {
    const generation = atomic.load<i32>(at, 64);
    if (atomic.add<i32>(at, 1) + 1 == threads) {
      atomic.store<i32>(at, 0);
      atomic.store<i32>(at, generation + 1, 64);
      atomic.notify(at + 64, threads);
    } else {
      while (atomic.load<i32>(at, 64) == generation) sleep(at + 64, generation);
    }
  }
}

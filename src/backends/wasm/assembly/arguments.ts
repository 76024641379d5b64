// The arguments of a command, by number.

// @ts-ignore: decorator
@inline
export function at(command: usize, i: i32): usize {
  return load<usize>(command + <usize>i * 4);
}

// @ts-ignore: decorator
@inline
export function int(command: usize, i: i32): i32 {
  return load<i32>(command + <usize>i * 4);
}

// @ts-ignore: decorator
@inline
export function real(command: usize, i: i32): f32 {
  return load<f32>(command + <usize>i * 4);
}

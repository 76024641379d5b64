import type { DeviceBuffer } from '../backend/backend.ts';
import { add } from '../ops/elementwise.ts';
import { Tensor } from '../tensor/tensor.ts';

/**
 * Adds ∂L/∂p to the gradient of every trained parameter p that `output` was computed from. `outputGradient` is ∂L/∂output, of
 * the output's shape; ones unless given, so that L is the sum of the output. Call inside a scope: it records and does not
 * wait. Throws an `Error` if no gradient can reach a parameter.
 *
 * @example
 * const x = Tensor.from(backend, Float32Array.of(1, 2, 3));
 * x.gradient = Tensor.zeros(backend, [3]);
 * backend.scope(() => backward(multiply(x, x)));
 * await x.gradient.read(); // Float32Array [2, 4, 6]
 */
export function backward(output: Tensor, outputGradient = onesLike(output)): void {
  if (output.origin === undefined) throw new Error('Cannot differentiate: nothing that is trained led to this tensor');
  outputGradient.expectShape(output.shape, 'the gradient of an output');
  const gradients = new GradientTable();
  gradients.add(output, outputGradient);
  gradients.hold(outputGradient); // the caller's own
  for (const tensor of consumersFirst(output)) {
    const gradient = gradients.take(tensor);
    if (gradient === undefined) continue;
    const { inputs } = tensor.origin!;
    for (const [i, contribution] of contributionsOf(tensor, gradient).entries())
      if (contribution !== undefined) gradients.add(inputs[i]!, contribution);
    gradients.drop(gradient);
  }
}

/** Every tensor with an origin that `output` was computed from, each after all that were computed from it. */
function consumersFirst(output: Tensor): Tensor[] {
  const finished: Tensor[] = [];
  const seen = new Set<Tensor>([output]);
  const path = [{ tensor: output, next: 0 }];
  while (path.length > 0) {
    const top = path.at(-1)!;
    const input = top.tensor.origin!.inputs[top.next++];
    if (input === undefined) {
      finished.push(top.tensor);
      path.pop();
    } else if (input.origin !== undefined && !seen.has(input)) {
      seen.add(input);
      path.push({ tensor: input, next: 0 });
    }
  }
  return finished.reverse();
}

/** What a tensor's gradient comes to at its inputs; whatever else was computed on the way is freed. */
function contributionsOf(tensor: Tensor, gradient: Tensor): readonly (Tensor | undefined)[] {
  return tensor.backend.scope((keep) => {
    const contributions = tensor.origin!.backward(gradient);
    for (const contribution of contributions) if (contribution !== undefined) keep(contribution.buffer);
    return contributions;
  });
}

/** The gradients on their way. Several tensors may have one buffer, as both sides of a sum have; the last holder frees it. */
class GradientTable {
  readonly #byTensor = new Map<Tensor, Tensor>();
  readonly #holders = new Map<DeviceBuffer, number>();

  /** Adds a contribution to the gradient of `tensor`, which takes it over. */
  add(tensor: Tensor, contribution: Tensor): void {
    if (!tensor.needsGradient) return;
    this.hold(contribution);
    if (tensor.gradient !== undefined) {
      const { buffer } = tensor.gradient;
      tensor.backend.add(buffer, buffer, contribution.buffer);
      this.drop(contribution);
      return;
    }
    const before = this.#byTensor.get(tensor);
    if (before === undefined) {
      this.#byTensor.set(tensor, contribution);
      return;
    }
    const sum = add(before, contribution);
    this.hold(sum);
    this.#byTensor.set(tensor, sum);
    this.drop(before);
    this.drop(contribution);
  }

  /** The gradient of `tensor`, which nobody will add to any more; `drop` it after use. */
  take(tensor: Tensor): Tensor | undefined {
    return this.#byTensor.get(tensor);
  }

  hold({ buffer }: Tensor): void {
    this.#holders.set(buffer, (this.#holders.get(buffer) ?? 0) + 1);
  }

  drop(gradient: Tensor): void {
    const holders = this.#holders.get(gradient.buffer)! - 1;
    this.#holders.set(gradient.buffer, holders);
    if (holders > 0) return;
    this.#holders.delete(gradient.buffer);
    gradient.release();
  }
}

function onesLike(output: Tensor): Tensor {
  const ones = Tensor.allocate(output.backend, output.shape);
  output.backend.fill(ones.buffer, 1);
  return ones;
}

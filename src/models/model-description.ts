import type { ModelConfig } from '../config/model-config.ts';
import type { Naming } from './parameter-spec.ts';

/** A model's configuration, and how its checkpoint names the weights. */
export interface ModelDescription {
  readonly config: ModelConfig;
  readonly naming: Naming;
}

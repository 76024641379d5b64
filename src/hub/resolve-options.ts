/** How `resolveModel` finds a model. What is not given comes from the variables that Python's `huggingface_hub` reads. */
export interface ResolveOptions {
  /** A branch, a tag or a commit; `main` by default. May be part of the id: `org/name@revision`. */
  readonly revision?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: HubProgress) => void) | undefined;
  /** Where models are kept: HF_HUB_CACHE, else `hub` in HF_HOME, else in `~/.cache/huggingface`. */
  readonly cacheDirectory?: string | undefined;
  /** The hub's address: HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string | undefined;
  /** Access token for gated and private models: HF_TOKEN, else the file HF_TOKEN_PATH, else `token` in HF_HOME. */
  readonly token?: string | undefined;
  /** Use only what is in the cache: HF_HUB_OFFLINE. */
  readonly offline?: boolean | undefined;
}

export interface HubProgress {
  /** `cached`: was there already; `downloading`: some bytes have come; `done`: verified and in its place. */
  readonly status: 'cached' | 'downloading' | 'done';
  readonly file: string;
  /** Bytes of the file that are here, those of an earlier attempt included. */
  readonly loaded: number;
  readonly total: number;
}

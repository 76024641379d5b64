import { test } from 'vitest';
import { FakeHub } from './fixtures/fake-hub.ts';
import { resolveModel } from '../src/hub/node.ts';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
test('x', async () => {
  const hub = new FakeHub(); await hub.start();
  const d='/work/shared/models/stories260K/';
  for (const f of ['config.json','generation_config.json','model.safetensors','tokenizer.json','tokenizer_config.json']) hub.put(f, readFileSync(d+f));
  const cache = mkdtempSync('/tmp/pf/cache-');
  const folder = await resolveModel('org/tiny', { endpoint: hub.endpoint, cacheDirectory: cache });
  await resolveModel('org/tiny@v1', { endpoint: hub.endpoint, cacheDirectory: cache });
  console.log(folder);
  console.log(execFileSync('/tmp/pf/v/bin/python', ['-c', `
import sys
from huggingface_hub import scan_cache_dir, try_to_load_from_cache, snapshot_download
i=scan_cache_dir('${cache}'); print(i); print('WARN', i.warnings)
print(try_to_load_from_cache('org/tiny','model.safetensors',cache_dir='${cache}'))
print(snapshot_download('org/tiny',cache_dir='${cache}',local_files_only=True), snapshot_download('org/tiny',revision='v1',cache_dir='${cache}',local_files_only=True))
from safetensors import safe_open
f=safe_open('${folder}/model.safetensors','np'); print(len(list(f.keys())))
`], {encoding:'utf8', env: {...process.env}}));
  // and the other way: python's own download from the fake hub, then ours from the cache
  const cache2 = mkdtempSync('/tmp/pf/cache-');
  const { execFile } = await import('node:child_process'); const { promisify } = await import('node:util');
  try { const r = await promisify(execFile)('/tmp/pf/v/bin/python', ['-c', `
from huggingface_hub import hf_hub_download
for f in ['config.json','generation_config.json','model.safetensors','tokenizer.json','tokenizer_config.json']: print(hf_hub_download('org/tiny',f,revision='0123456789abcdef0123456789abcdef01234567',cache_dir='${cache2}'))
`], {env: {...process.env, HF_ENDPOINT: hub.endpoint, HF_HUB_DISABLE_XET:'1'}}); console.log(r.stdout, r.stderr);
  const ev: any[] = []; console.log(await resolveModel('org/tiny', { endpoint: hub.endpoint, cacheDirectory: cache2, onProgress: e=>ev.push(e.status+e.file) }), ev);
  } catch (e) { console.log(String(e).slice(-1500)); }
  await hub.stop();
}, 60000);

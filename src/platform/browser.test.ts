import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { platform } from './browser.ts';

const CONTENT = Uint8Array.from({ length: 50 }, (_, i) => i);
/** More than is read in one request. */
const LARGE = 8 * 2 ** 20;

/**
 * Serves the same bytes by the first word of the path: with ranges, without, hiding the size, empty, cut, failing. Of those that are
 * `large`, as it says, no more than the first are asked for.
 */
let server: Server;
let base: string;
let requests: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const kind = request.url!.slice(1);
    requests.push(`${request.method} ${kind} ${request.headers.range ?? ''}`.trim());
    const [first, last] = (/bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []).slice(1).map(Number);
    if (kind === 'missing') response.writeHead(404).end();
    else if (kind === 'broken') response.writeHead(500).end();
    else if (kind === 'empty') response.writeHead(416, { 'Content-Range': 'bytes */0' }).end();
    else if (request.method === 'HEAD') response.writeHead(200, { 'Content-Length': sizeOf(kind) }).end();
    else if (kind === 'whole' || first === undefined) response.end(CONTENT);
    else {
      const range = kind.startsWith('hidden') ? {} : { 'Content-Range': `bytes ${first}-${last}/${sizeOf(kind)}` };
      response.writeHead(206, range).end(CONTENT.subarray(first, kind === 'short-large' ? first + 1 : last! + 1));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
afterEach(() => {
  requests = [];
  vi.unstubAllGlobals();
});

function sizeOf(kind: string): number {
  return kind.endsWith('large') ? LARGE : 50;
}

test.each(['ranged', 'whole', 'hidden'])('reads ranges of a file from a server of kind "%s"', async (kind) => {
  const file = await platform.openFile(`${base}/${kind}`);
  const target = new Uint8Array(3);
  await file.read(target, 20);
  await file.read(new Uint8Array(0), 20);
  expect(file.size).toBe(50);
  expect([...target]).toEqual([20, 21, 22]);
  await expect(file.read(target, 48)).rejects.toThrow(
    new RangeError(`Cannot read ${base}/${kind}: bytes 48 to 51 wanted, but it ends after 50`),
  );
  await file.close();
});

test.each([
  ['large', []],
  ['hidden-large', ['HEAD hidden-large']],
])('asks only for the bytes it needs of a file of kind "%s"', async (kind, head) => {
  const file = await platform.openFile(`${base}/${kind}`);
  const target = new Uint8Array(3);
  await file.read(target, 20);
  expect([file.size, ...target]).toEqual([LARGE, 20, 21, 22]);
  expect(requests).toEqual([`GET ${kind} bytes=0-0`, ...head, `GET ${kind} bytes=20-22`]);
  await expect(file.read(target, LARGE - 2)).rejects.toThrow(`but it ends after ${LARGE}`);
});

test('reads a small file in one request, however many parts of it are wanted', async () => {
  const file = await platform.openFile(`${base}/ranged`);
  for (let offset = 0; offset < 40; offset += 8) await file.read(new Uint8Array(8), offset);
  expect(requests).toEqual(['GET ranged bytes=0-0', 'GET ranged']);
});

test('an empty file has size 0', async () => {
  expect((await platform.openFile(`${base}/empty`)).size).toBe(0);
});

test('a body that ends early throws', async () => {
  const file = await platform.openFile(`${base}/short-large`);
  await expect(file.read(new Uint8Array(3), 20)).rejects.toThrow('bytes 20 to 23 wanted, but it ends after 21');
});

test('says what the server answered', async () => {
  await expect(platform.openFile(`${base}/missing`)).rejects.toThrow(
    `Cannot fetch ${base}/missing: the server answered 404 Not Found, wanted 200`,
  );
  await expect(platform.readText(`${base}/broken`)).rejects.toThrow('the server answered 500');
  await expect(platform.isFile(`${base}/broken`)).rejects.toThrow('the server answered 500');
  await expect(platform.openFile('http://127.0.0.1:1/x')).rejects.toThrow('Cannot fetch http://127.0.0.1:1/x: ');
});

test('tells what is there and what is not', async () => {
  expect(await platform.readText(`${base}/missing`)).toBeUndefined();
  expect(await platform.readText(`${base}/text`)).toHaveLength(50);
  expect(await platform.isFile(`${base}/missing`)).toBe(false);
  expect(await platform.isFile(`${base}/text`)).toBe(true);
  expect(await platform.isDirectory(base)).toBe(false);
});

test('an aborted signal stops a request with its reason', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(platform.openFile(`${base}/ranged`, { signal })).rejects.toThrow('enough');
});

test('joins a URL and a name, whatever is in it', () => {
  expect(platform.join('https://host/models/', 'a b#.json')).toBe('https://host/models/a%20b%23.json');
});

test('a worker runs a script from memory, and its events reach the listeners', async () => {
  const made: FakeWorker[] = [];
  class FakeWorker extends EventTarget {
    readonly sent: unknown[] = [];
    readonly script: string;
    isTerminated = false;
    constructor(script: string) {
      super();
      this.script = script;
      made.push(this);
    }
    postMessage(message: unknown) {
      this.sent.push(message);
    }
    terminate() {
      this.isTerminated = true;
    }
  }
  vi.stubGlobal('Worker', FakeWorker);
  const worker = platform.startWorker('postMessage(1)');
  const fake = made[0]!;
  expect(await (await fetch(fake.script)).text()).toBe('postMessage(1)');
  const heard: unknown[] = [];
  worker.onMessage((message) => heard.push(message));
  worker.onError((error) => heard.push(error.message));
  worker.hold(true);
  worker.postMessage('hello');
  fake.dispatchEvent(Object.assign(new Event('message'), { data: 7 }));
  fake.dispatchEvent(Object.assign(new Event('error'), { message: 'no such script' }));
  fake.dispatchEvent(new Event('messageerror'));
  await worker.terminate();
  expect(fake).toMatchObject({ sent: ['hello'], isTerminated: true });
  await expect(fetch(fake.script)).rejects.toThrow();
  expect(heard).toEqual([7, 'A worker failed: no such script', 'A worker sent what cannot be read']);
});

test('takes the number of processors from the browser', () => {
  vi.stubGlobal('navigator', { hardwareConcurrency: 6 });
  expect(platform.availableParallelism).toBe(6);
});

test('says that a page cannot write files', async () => {
  const wanted = 'models/a: a page in a browser has no files of its own';
  await expect(platform.writeFileAtomically('models/a', async () => {})).rejects.toThrow(`Cannot write ${wanted}`);
  await expect(platform.fileStatus('models/a')).rejects.toThrow(`Cannot look at ${wanted}`);
  await expect(platform.makeDirectory('models/a')).rejects.toThrow(`Cannot make ${wanted}`);
  await expect(platform.listDirectory('models/a')).rejects.toThrow(`Cannot list ${wanted}`);
  await expect(platform.rename('models/a', 'b')).rejects.toThrow(`Cannot rename ${wanted}`);
  await expect(platform.remove('models/a')).rejects.toThrow(`Cannot remove ${wanted}`);
});

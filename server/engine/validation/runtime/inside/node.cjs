// Runs inside the sandbox, in a child of the harness: loads modules, or tells of each test of a file as it
// ends. For tests it is loaded before them, and once more, as the same module, as their reporter.
'use strict';

const fs = require('node:fs');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { isMainThread } = require('node:worker_threads');

const MOST = 450;
const PLACE = /((?:file:\/\/)?\/[^\s()]*?):(\d+)(?::\d+)?\)?$/;
// The project's code may replace these.
const { writeSync } = fs;
const later = setImmediate;
const leave = (process.reallyExit ?? process.exit).bind(process);
const asText = JSON.stringify;
const cut = Function.prototype.call.bind(String.prototype.slice);
const toUrl = pathToFileURL;
const ABSENT = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

const request = isMainThread ? JSON.parse(fs.readFileSync(0, 'utf8')) : null;
const paths = request?.paths ?? [];

// The event has no prototype, and is a text before the secret stands beside it: nothing of the project's is
// called with the secret in its hands, nor does it come near a buffer, whose memory others share.
function tell(event) {
  const told = asText({ __proto__: null, ...event });
  writeSync(request.events, `{"secret":"${request.secret}",${cut(told, 1)}\n`);
}

// -- what went wrong, and where --------------------------------------------------------------------

function text(value) {
  try {
    return String(value ?? '');
  } catch {
    return '';
  }
}

function places(stack) {
  const found = [];
  for (const line of stack.split('\n')) {
    const match = PLACE.exec(line.trim());
    if (!match) continue;
    let path = match[1];
    try {
      if (path.startsWith('file:')) path = fileURLToPath(path);
    } catch {
      continue;
    }
    if (path.startsWith(request.root + '/')) {
      found.push([path.slice(request.root.length + 1), Number(match[2])]);
    }
  }
  return found;
}

function describe(error) {
  try {
    return described(error);
  } catch {
    return { kind: 'Error', message: 'what was thrown cannot be read', details: '', at: '', line: 0, test_line: 0 };
  }
}

function described(error) {
  const known = error !== null && typeof error === 'object';
  const stack = known ? text(error.stack) : '';
  const inside = (value) => value.replaceAll(`${request.root}/`, './').replaceAll('file://./', './');
  const kind = known ? text(error.name) || 'Error' : '';
  const message = text(known ? error.message : error).trim();
  const frames = places(stack);
  const own = frames.find(([path]) => path === request.path);
  return {
    kind,
    code: known ? text(error.code) : '',
    cause: known && error.cause ? text(error.cause.code) : '',
    message: inside(known ? `${kind}: ${message}` : message).slice(0, MOST),
    details: inside(stack).slice(0, 2000),
    at: frames.length ? frames[0][0] : '',
    line: frames.length ? frames[0][1] : 0,
    test_line: own ? own[1] : 0,
  };
}

// -- loading ---------------------------------------------------------------------------------------

async function load() {
  let told = true;
  const once = (event) => {
    if (!told) tell(event);
    told = true;
  };
  process.once('exit', (code) => once({ outcome: 'ended', kind: '', message: `exit code ${code ?? 0}` }));
  for (let number = 0; number < paths.length; number += 1) {
    request.path = paths[number];
    told = false;
    let ended = { outcome: 'passed', kind: '', message: '' };
    try {
      await import(toUrl(`${request.root}/${request.path}`).href);
    } catch (error) {
      ended = { ...describe(error), outcome: 'error' };
    }
    once(ended);
    // What was loaded before may be why it failed: the harness looks at it again. Not so where a file is absent.
    if (ended.outcome === 'error' && !ABSENT.includes(ended.code)) break;
  }
  leave(0);
}

// -- testing ---------------------------------------------------------------------------------------

const names = [];
const lines = new Map();
const seen = new Map();
let expected = 0;

function unique(name) {
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : `${name} (${count})`;
}

function watch() {
  process.on('uncaughtExceptionMonitor', (error) => tell({ event: 'thrown', ...describe(error) }));
  if (!request.hooked) return;
  // Told at once, as a test may never give the reporter its turn; what ended before has its turn here.
  require('node:test').beforeEach((context) => {
    tell({ event: 'start', what: 'test', id: text(context.fullName ?? context.name) });
    return new Promise((resolve) => later(resolve));
  });
}

function cause(error) {
  try {
    return error.cause ?? error;
  } catch {
    return error;
  }
}

function outcome(kind, data, failure) {
  if (data.skip !== undefined && data.skip !== false) return ['skipped', text(data.skip)];
  if (data.todo !== undefined && data.todo !== false) return ['skipped', `to do: ${text(data.todo)}`];
  if (kind === 'test:pass') return ['passed', ''];
  return [failure === 'testTimeoutFailure' ? 'timeout' : 'failed', ''];
}

function take(kind, data) {
  if (kind === 'test:enqueue') {
    expected += 1;
  } else if (kind === 'test:start') {
    names.length = data.nesting;
    names[data.nesting] = data.name;
    lines.set(names.join(' > '), data.line ?? 0);
  } else if (kind === 'test:pass' || kind === 'test:fail') {
    names.length = data.nesting;
    const full = [...names, data.name].join(' > ');
    const error = data.details?.error;
    const failure = error?.failureType;
    if (failure === 'subtestsFailed') {
      tell({ event: 'closed', name: full }); // What failed has told itself.
      return;
    }
    if (data.details?.type === 'suite' && kind === 'test:pass') return;
    const [result, reason] = outcome(kind, data, failure);
    const wrong = result === 'failed' || result === 'timeout' ? describe(cause(error)) : { message: reason };
    const line = wrong.test_line || lines.get(full) || 0;
    const seconds = Math.round(data.details?.duration_ms ?? 0) / 1000;
    // The body of a suite is run while its file is loaded.
    const loading = data.details?.type === 'suite' && failure !== 'hookFailed';
    const told = { ...wrong, id: unique(full), name: full, outcome: result, test_line: line, loading };
    tell({ event: 'result', ...told, seconds, expected });
  }
}

module.exports = async function* report(source) {
  for await (const event of source) {
    take(event.type, event.data ?? {});
  }
};

if (isMainThread) {
  // What the project starts by itself must not be taken for another child of the harness.
  process.execArgv.length = 0;
  if (request.what === 'loading') load();
  else watch();
}

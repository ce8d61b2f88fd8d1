import assert from "node:assert/strict";
import { test } from "node:test";
import { Coalesced, RestartPolicy } from "../src/plain/restarts";

test("a server that ends again and again is not started for ever", () => {
  let now = 0;
  const policy = new RestartPolicy(() => now, 3, 1000);
  assert.deepEqual([policy.mayRestart(), policy.mayRestart(), policy.mayRestart()], [true, true, true]);
  assert.equal(policy.mayRestart(), false);
  now = 2000;
  assert.equal(policy.mayRestart(), true, "what was long ago does not count");
});

test("whoever asks for a restart begins anew", () => {
  const policy = new RestartPolicy(() => 0, 1, 1000);
  policy.mayRestart();
  assert.equal(policy.mayRestart(), false);
  policy.forget();
  assert.equal(policy.mayRestart(), true);
});

test("wishes that come while it runs are one more run", async () => {
  let runs = 0;
  let atOnce = 0;
  let most = 0;
  const coalesced = new Coalesced(async () => {
    runs += 1;
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
  });
  await Promise.all([coalesced.ask(), coalesced.ask(), coalesced.ask(), coalesced.ask()]);
  assert.deepEqual([runs, most], [2, 1]);
  await coalesced.ask();
  assert.equal(runs, 3);
});

test("a run that fails does not keep the next from running", async () => {
  let runs = 0;
  const coalesced = new Coalesced(() => {
    runs += 1;
    return runs === 1 ? Promise.reject(new Error("first")) : Promise.resolve();
  });
  const [first, second] = await Promise.allSettled([coalesced.ask(), coalesced.ask()]);
  assert.deepEqual([first.status, second.status, runs], ["rejected", "fulfilled", 2]);
});

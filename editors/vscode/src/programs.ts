/** Other programs, started without a shell, with an end. */
import { execFile } from "node:child_process";
import * as os from "node:os";
import type * as vscode from "vscode";

const LONGEST_MS = 20_000;

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

export interface Limits {
  readonly milliseconds?: number;
  readonly token?: vscode.CancellationToken;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Never rejects: a program that cannot be started has ended with -1, and `errors` says why. */
export function run(command: readonly string[], limits: Limits = {}): Promise<Ran> {
  const [program = "", ...rest] = command;
  return new Promise((resolve) => {
    const options = {
      cwd: limits.folder ?? os.homedir(),
      env: { ...process.env, ...limits.environment },
      timeout: limits.milliseconds ?? LONGEST_MS,
      windowsHide: true,
      encoding: "utf8" as const,
      maxBuffer: 4 * 1024 * 1024,
    };
    const started = execFile(program, rest, options, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, output, errors: errors || (error?.message ?? "") });
    });
    limits.token?.onCancellationRequested(() => started.kill());
  });
}

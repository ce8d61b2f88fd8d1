/**
 * Where the server comes from: an ordered list, and the first one that answers is started.
 *
 * 1. In a workspace that is not trusted nothing that lies in the workspace is started, whoever names it.
 * 2. What the setting `quantumlayer.server.path` names, and then nothing else: a person who named a server
 *    wants that one, or to know why it does not start.
 * 3. The Python interpreter that is selected for the workspace, if it has the package.
 * 4. `quantumlayer` on the PATH.
 * 5. The private environment that this extension made, after it was asked for.
 *
 * If there is none, an installation is offered.
 */
import * as fs from "node:fs";
import * as path from "node:path";

export type Origin = "setting" | "interpreter" | "path" | "private";

export interface Candidate {
  readonly origin: Origin;
  /** The program and its arguments, up to and without `lsp`. */
  readonly command: readonly string[];
}

export interface Surroundings {
  readonly trusted: boolean;
  readonly folders: readonly string[];
  readonly setting: string;
  readonly interpreter: string | undefined;
  /** What a workspace that is not trusted names as its interpreter: told, and never started. */
  readonly withheld: string | undefined;
  readonly searched: readonly string[];
  readonly privatePython: string | undefined;
  readonly windows: boolean;
}

export interface Found {
  readonly candidates: readonly Candidate[];
  /** Programs that were left out because they lie in a workspace that is not trusted, or it names them. */
  readonly distrusted: readonly string[];
}

/** `-P` keeps the folder that the server runs in from being looked at for modules of that name. */
export const MODULE = ["-P", "-m", "quantumlayer"] as const;

export function candidates(around: Surroundings): Found {
  const named = listed(around);
  const folders = around.trusted ? [] : around.folders.flatMap(spellings);
  const allowed = named.filter((one) => !spellings(program(one)).some((file) => liesIn(file, folders)));
  const distrusted = named.filter((one) => !allowed.includes(one)).map(program);
  const withheld = around.withheld === undefined || around.setting ? [] : [around.withheld];
  return { candidates: allowed, distrusted: [...new Set([...withheld, ...distrusted])] };
}

function listed(around: Surroundings): Candidate[] {
  if (around.setting) {
    return [{ origin: "setting", command: fromSetting(around) }];
  }
  const found: Candidate[] = [];
  if (around.interpreter) {
    found.push({ origin: "interpreter", command: [around.interpreter, ...MODULE] });
  }
  const name = around.windows ? "quantumlayer.exe" : "quantumlayer";
  for (const folder of around.searched) {
    if (path.isAbsolute(folder)) {
      found.push({ origin: "path", command: [path.join(folder, name)] });
    }
  }
  if (around.privatePython) {
    found.push({ origin: "private", command: [around.privatePython, ...MODULE] });
  }
  return found;
}

/** The setting names the program itself, or a Python that has the package. */
function fromSetting(around: Surroundings): string[] {
  const base = path.basename(around.setting).toLowerCase();
  const first = around.folders[0];
  const full = path.isAbsolute(around.setting) || !first ? around.setting : path.join(first, around.setting);
  return /^python[\d.]*(\.exe)?$/.test(base) ? [full, ...MODULE] : [full];
}

function program(candidate: Candidate): string {
  return candidate.command[0] ?? "";
}

/** As it is written, where its folder really is, and where itself is: any of the three may be a link. */
function spellings(file: string): string[] {
  return [...new Set([file, path.join(really(path.dirname(file)), path.basename(file)), really(file)])];
}

function really(file: string): string {
  try {
    return fs.realpathSync.native(file);
  } catch {
    return file;
  }
}

export function liesIn(file: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const way = path.relative(folder, file);
    return way !== ".." && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way);
  });
}

/** What is asked of a candidate before it is taken: its version, on one line. */
export function question(candidate: Candidate): readonly string[] {
  return [...candidate.command, "--version"];
}

export function versionIn(output: string): string | undefined {
  return /(\d+\.\d+\.\d+\S*)/.exec(output)?.[1];
}

const WORDS: Record<Origin, string> = {
  setting: "the setting quantumlayer.server.path",
  interpreter: "the selected Python interpreter",
  path: "the PATH",
  private: "the extension's private environment",
};

export function inWords(origin: Origin): string {
  return WORDS[origin];
}

/** Why there is no server, and what to do, for the person in front of the screen. */
export function noServer(around: Surroundings, distrusted: readonly string[]): string {
  if (around.setting && distrusted.length > 0) {
    return (
      `The server ${around.setting} lies in this workspace, which is not trusted. ` +
      "Trust the workspace, or name a server that lies elsewhere."
    );
  }
  if (around.setting) {
    return `quantumlayer.server.path is ${around.setting}, and no server answers there. Correct the setting, or empty it.`;
  }
  if (distrusted.length > 0) {
    return (
      "What this workspace has or names as a QuantumLayer server was not started, because the workspace is not " +
      "trusted, and there is none elsewhere."
    );
  }
  return "There is no QuantumLayer server: not in the selected Python interpreter, and not on the PATH.";
}

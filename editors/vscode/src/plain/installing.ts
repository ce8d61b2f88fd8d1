/**
 * The steps that make a private environment for the server, and nothing else: no step runs what it fetches, every
 * archive must have the hash that was written down when this extension was packed, and nothing is built from source.
 */
import * as path from "node:path";

export interface Step {
  readonly says: string;
  readonly command: readonly string[];
  /** Where it runs: the wheel is named from there. */
  readonly folder: string;
}

export interface Place {
  /** An empty folder that will be the environment. */
  readonly environment: string;
  /** The folder of this extension that holds the server's wheel and its requirements. */
  readonly bundled: string;
  /** A Python of 3.11 or newer. */
  readonly python: string;
  readonly windows: boolean;
}

export const REQUIREMENTS = "requirements.txt";
export const SERVER = "server.txt";

export function pythonOf(environment: string, windows: boolean): string {
  return windows ? path.join(environment, "Scripts", "python.exe") : path.join(environment, "bin", "python");
}

export function steps({ environment, bundled, python, windows }: Place): Step[] {
  const inside = pythonOf(environment, windows);
  const pip = [inside, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
  return [
    { says: "making the environment", command: [python, "-I", "-m", "venv", environment], folder: bundled },
    {
      says: "fetching what the server needs",
      command: [
        ...pip,
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        REQUIREMENTS,
      ],
      folder: bundled,
    },
    {
      says: "installing the server",
      command: [...pip, "--no-deps", "--no-index", "--require-hashes", "-r", SERVER],
      folder: bundled,
    },
  ];
}

/** `(3, 11)` or newer, as the program prints it. */
export const ASKS_VERSION = ["-I", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"] as const;

export function isNewEnough(printed: string): boolean {
  const [major = 0, minor = 0] = printed.trim().split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 11);
}

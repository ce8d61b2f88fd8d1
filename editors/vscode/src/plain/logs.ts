/** Where the server writes its log: one file for each process. */
import * as path from "node:path";

export interface Place {
  readonly platform: string;
  readonly home: string;
  readonly environ: Readonly<Record<string, string | undefined>>;
}

export function logFolder({ platform, home, environ }: Place): string {
  if (platform === "win32") {
    const local = environ.LOCALAPPDATA ?? path.join(home, "AppData", "Local");
    return path.join(local, "quantumlayer", "quantumlayer", "Logs");
  }
  if (platform === "darwin") {
    return path.join(home, "Library", "Logs", "quantumlayer");
  }
  const state = environ.XDG_STATE_HOME ?? "";
  return path.join(state === "" ? path.join(home, ".local", "state") : state, "quantumlayer", "log");
}

export function logFile(around: Place, process: number): string {
  return path.join(logFolder(around), `lsp-${process}.log`);
}

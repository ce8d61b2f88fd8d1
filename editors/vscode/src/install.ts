/** The private environment: made when a person says so, from the wheel and the hashes that came with the extension. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import { ASKS_VERSION, isNewEnough, pythonOf, steps } from "./plain/installing";
import { run } from "./programs";
import { selectedInterpreter } from "./python";

const WINDOWS = process.platform === "win32";
const LONGEST_MS = 15 * 60 * 1000;
const INSTALL = "Install";

function environment(context: vscode.ExtensionContext): string {
  const version = (context.extension.packageJSON as { version: string }).version;
  return path.join(context.globalStorageUri.fsPath, `server-${version}`);
}

/** The environment's Python, if it was made whole. */
export async function privatePython(context: vscode.ExtensionContext): Promise<string | undefined> {
  const folder = environment(context);
  return (await exists(path.join(folder, "complete"))) ? pythonOf(folder, WINDOWS) : undefined;
}

/** True if the server is installed now. */
export async function install(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<boolean> {
  const bundled = vscode.Uri.joinPath(context.extensionUri, "bundled").fsPath;
  if (!(await exists(path.join(bundled, "server.txt")))) {
    void vscode.window.showErrorMessage("This build of the extension does not bring a server to install.");
    return false;
  }
  const python = await anyPython();
  if (python === undefined) {
    void vscode.window.showErrorMessage(
      "There is no Python 3.11 or newer here. Install one from python.org or your system's packages, and try again.",
    );
    return false;
  }
  const folder = environment(context);
  if ((await consent(python, folder)) !== INSTALL) {
    return false;
  }
  const failure = await withProgress(folder, bundled, python, log);
  if (failure !== "") {
    await fs.rm(folder, { recursive: true, force: true });
    void vscode.window.showErrorMessage(`The server was not installed: ${failure}`);
    return false;
  }
  await fs.writeFile(path.join(folder, "complete"), "");
  return true;
}

async function consent(python: string, folder: string): Promise<string | undefined> {
  const detail =
    `An environment is made with ${python} in ${folder}. About 90 packages are fetched with pip as it is configured ` +
    "here, and each must have the hash that was written down when this extension was packed. Nothing else is changed.";
  return await vscode.window.showInformationMessage(
    "Install the QuantumLayer server into an environment of its own?",
    { modal: true, detail },
    INSTALL,
  );
}

async function withProgress(
  folder: string,
  bundled: string,
  python: string,
  log: vscode.LogOutputChannel,
): Promise<string> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    title: "Installing the QuantumLayer server",
    cancellable: true,
  };
  return await vscode.window.withProgress(options, async (progress, token) => {
    await fs.rm(folder, { recursive: true, force: true });
    await fs.mkdir(path.dirname(folder), { recursive: true });
    for (const step of steps({ environment: folder, bundled, python, windows: WINDOWS })) {
      progress.report({ message: step.says });
      log.info(step.command.join(" "));
      const ran = await run(step.command, { milliseconds: LONGEST_MS, token, folder: step.folder });
      if (token.isCancellationRequested) {
        return "it was cancelled.";
      }
      if (ran.code !== 0) {
        log.error(ran.errors);
        return `${step.says} failed: ${ran.errors.trim().split("\n").at(-1) ?? ""}`;
      }
    }
    return "";
  });
}

async function anyPython(): Promise<string | undefined> {
  const names = WINDOWS ? ["py", "python"] : ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
  const selected = vscode.workspace.isTrusted ? await selectedInterpreter() : undefined;
  for (const program of [...(selected === undefined ? [] : [selected]), ...names]) {
    const ran = await run([program, ...ASKS_VERSION]);
    if (ran.code === 0 && isNewEnough(ran.output)) {
      return program;
    }
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return await fs.access(file).then(
    () => true,
    () => false,
  );
}

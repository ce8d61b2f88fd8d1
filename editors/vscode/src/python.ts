/** The Python interpreter that is selected for the workspace, as the Python extension tells it. */
import * as path from "node:path";
import * as vscode from "vscode";
import { known } from "./configuration";
import { held } from "./plain/settings";

interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
    resolveEnvironment(
      environment: unknown,
    ): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
    readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

const EXTENSION = "ms-python.python";

async function api(): Promise<PythonApi | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>(EXTENSION);
  if (extension === undefined) {
    return undefined;
  }
  try {
    return extension.isActive ? extension.exports : await extension.activate();
  } catch {
    return undefined;
  }
}

/** Without that extension, what its setting names: in a workspace that is not trusted, the person's own. */
export async function selectedInterpreter(): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const python = await api();
  if (python !== undefined) {
    const chosen = python.environments.getActiveEnvironmentPath(folder);
    return (await python.environments.resolveEnvironment(chosen))?.executable.uri?.fsPath;
  }
  return named(vscode.workspace.isTrusted);
}

/** What that setting would name if the workspace were trusted. */
export async function withheldInterpreter(): Promise<string | undefined> {
  const would = (await api()) === undefined ? named(true) : undefined;
  return would === named(vscode.workspace.isTrusted) ? undefined : would;
}

function named(trusted: boolean): string | undefined {
  const configuration = vscode.workspace.getConfiguration("python", vscode.workspace.workspaceFolders?.[0]?.uri);
  const set = held(known(configuration, "defaultInterpreterPath"), trusted);
  return typeof set === "string" && path.isAbsolute(set) ? set : undefined;
}

export async function onInterpreterChanged(told: () => void): Promise<vscode.Disposable> {
  const python = await api();
  return python?.environments.onDidChangeActiveEnvironmentPath(told) ?? new vscode.Disposable(() => undefined);
}

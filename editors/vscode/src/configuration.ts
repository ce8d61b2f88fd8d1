/** What VS Code knows of a setting, in our words. */
import type * as vscode from "vscode";
import type { Known } from "./plain/settings";

export function known(configuration: vscode.WorkspaceConfiguration, key: string): Known {
  const found = configuration.inspect(key);
  return { global: found?.globalValue, workspace: found?.workspaceValue, folder: found?.workspaceFolderValue };
}

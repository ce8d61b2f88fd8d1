/**
 * Keys of providers. They live in the editor's secret storage (the system's keyring), and the server gets them in
 * its environment when it starts, where it looks for keys anyway: no file, no setting, no message and no log has them.
 */
import * as vscode from "vscode";
import { notAKey, place, PROVIDERS, type Provider } from "./plain/keys";

export async function environmentOfKeys(secrets: vscode.SecretStorage): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const provider of PROVIDERS) {
    const key = await secrets.get(place(provider));
    if (key !== undefined && key !== "") {
      found[provider.variable] = key;
    }
  }
  return found;
}

/** True if something changed, and the server must be started anew. */
export async function signIn(secrets: vscode.SecretStorage): Promise<boolean> {
  const provider = await pick("Sign in to which provider?", PROVIDERS);
  if (provider === undefined) {
    return false;
  }
  const key = await vscode.window.showInputBox({
    title: `Key for ${provider.name}`,
    prompt: "Kept in the editor's secret storage, and handed to the server in memory.",
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => notAKey(text) || undefined,
  });
  if (key === undefined) {
    return false;
  }
  await secrets.store(place(provider), key.trim());
  return true;
}

export async function signOut(secrets: vscode.SecretStorage): Promise<boolean> {
  const known = await environmentOfKeys(secrets);
  const theirs = PROVIDERS.filter(({ variable }) => variable in known);
  if (theirs.length === 0) {
    void vscode.window.showInformationMessage("No key of a provider is kept here.");
    return false;
  }
  const provider = await pick("Sign out of which provider?", theirs);
  if (provider === undefined) {
    return false;
  }
  await secrets.delete(place(provider));
  return true;
}

async function pick(title: string, providers: readonly Provider[]): Promise<Provider | undefined> {
  const items = providers.map((provider) => ({ label: provider.name, description: provider.variable, provider }));
  return (await vscode.window.showQuickPick(items, { title }))?.provider;
}

/** What one does with versions: choose, compare, bring back, export. */
import * as vscode from "vscode";
import { SCHEME, describe, fileUri, type Capsule, type Capsules, type Node } from "./capsules";
import * as names from "./names";
import type { Server } from "./server";

interface Difference {
  readonly files: readonly { readonly path: string; readonly change: string }[];
  readonly summary: readonly string[];
}

/** What a person pointed at in the view, or else picks from a list. */
export async function chosen(
  capsules: Capsules,
  node: Node | undefined,
  title: string,
  but?: Capsule,
): Promise<Capsule | undefined> {
  if (node?.kind === "capsule") {
    return node.capsule;
  }
  const all = (await capsules.all()).filter(({ id, problem }) => problem === "" && id !== but?.id);
  const items = all.map((capsule) => ({
    label: capsule.name,
    description: `${capsule.id.slice(0, 12)} · ${describe(capsule)}`,
    capsule,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.capsule;
}

export async function compare(server: Server, capsules: Capsules, node?: Node): Promise<void> {
  const from = await chosen(capsules, node, "Compare Which Version?");
  if (from === undefined) {
    return;
  }
  const to = await chosen(capsules, undefined, `Compare ${from.name} ${from.id.slice(0, 12)} with`, from);
  if (to === undefined) {
    return;
  }
  const argument = { from: from.id, to: to.id };
  const found = (await server.ask(names.CAPSULES_DIFF, argument)) as Difference | undefined;
  if (found === undefined) {
    return;
  }
  if (found.files.length === 0) {
    void vscode.window.showInformationMessage("The files of these two versions are the same.");
    return;
  }
  const sides = found.files.map(({ path, change }) => [
    vscode.Uri.from({ scheme: SCHEME, path: `/${path}` }),
    change === "added" ? undefined : fileUri(from.id, path),
    change === "removed" ? undefined : fileUri(to.id, path),
  ]);
  await vscode.commands.executeCommand("vscode.changes", `${from.id.slice(0, 8)} and ${to.id.slice(0, 8)}`, sides);
  if (found.summary.length > 0) {
    void vscode.window.showInformationMessage(found.summary.slice(0, 4).join(" "));
  }
}

export async function checkOut(server: Server, capsules: Capsules, node?: Node): Promise<void> {
  const capsule = await chosen(capsules, node, "Put Which Version's Files into the Workspace?");
  if (capsule !== undefined) {
    const title = `open ${capsule.name} ${capsule.id.slice(0, 12)}`;
    await server.work({ command: names.CAPSULES_CHECKOUT, argument: { capsule: capsule.id }, title });
  }
}

export async function rollBack(server: Server, capsules: Capsules, node?: Node): Promise<void> {
  const capsule = await chosen(capsules, node, "Roll Back to Which Version?");
  if (capsule !== undefined) {
    const argument = { capsule: capsule.name, to: capsule.id };
    await server.work({ command: names.CAPSULES_ROLLBACK, argument, title: `roll back ${capsule.name}` });
  }
}

const FORMATS = [
  { label: "zip", detail: "Opens everywhere." },
  { label: "tar.gz", detail: "For Unix tools." },
  { label: "qlcapsule", detail: "With manifest and evidence, for `quantumlayer capsule verify` and import." },
];

export async function exportOne(server: Server, capsules: Capsules, node?: Node): Promise<void> {
  const ref = await refToExport(server, capsules, node);
  const form = ref && (await vscode.window.showQuickPick(FORMATS, { title: `Export ${ref.name} as` }))?.label;
  if (form === undefined || ref === undefined) {
    return;
  }
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = `${ref.name}.${form}`;
  const target = await vscode.window.showSaveDialog({
    title: `Export ${ref.name}`,
    ...(folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, file) }),
  });
  if (target !== undefined) {
    const argument = { capsule: ref.id, format: form, target: target.toString() };
    await server.work({ command: names.EXPORT, argument, title: `export ${file}` });
  }
}

/** A server that cannot list capsules still exports one by its name. */
async function refToExport(
  server: Server,
  capsules: Capsules,
  node?: Node,
): Promise<{ readonly id: string; readonly name: string } | undefined> {
  if (server.offers(names.CAPSULES_LIST)) {
    return await chosen(capsules, node, "Export Which Capsule?");
  }
  const name = await vscode.window.showInputBox({
    title: "Export a Capsule",
    prompt: "The name of the capsule, or its id",
    validateInput: (text) => (/^[\w.-]+$/.test(text.trim()) ? undefined : "A name or an id."),
  });
  return name === undefined ? undefined : { id: name.trim(), name: name.trim() };
}

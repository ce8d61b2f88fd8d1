/** From a prompt, a brief or a comment to a running job. */
import * as vscode from "vscode";
import { GENERATE } from "./names";
import { nameFor, saidIn } from "./plain/comment";
import type { Server } from "./server";

const TEMPLATE = `# Shouting

Write \`words.py\` with \`shout(text: str) -> str\`, which returns the text in upper case with an exclamation mark
behind it: \`shout("hey")\` returns \`"HEY!"\`. It raises \`ValueError\` for an empty text.

Use the standard library only.
`;

/** A brief to change, beside what is open; saved by the person, under a name of theirs. */
export async function newBrief(): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = folder && vscode.Uri.joinPath(folder, "first.brief.md").with({ scheme: "untitled" });
  const document = await (uri === undefined || (await exists(uri.with({ scheme: "file" })))
    ? vscode.workspace.openTextDocument({ language: "markdown", content: TEMPLATE })
    : vscode.workspace.openTextDocument(uri));
  const editor = await vscode.window.showTextDocument(document);
  if (document.getText() === "") {
    await editor.edit((edit) => {
      edit.insert(new vscode.Position(0, 0), TEMPLATE);
    });
  }
}

export async function fromBrief(server: Server, chosen?: vscode.Uri): Promise<void> {
  const uri = chosen ?? activeBrief() ?? (await pickBrief());
  if (uri !== undefined) {
    const title = `generate ${uri.path.split("/").at(-1) ?? "a capsule"}`;
    await server.work({ command: GENERATE, argument: { uri: uri.toString() }, title });
  }
}

export async function fromPrompt(server: Server): Promise<void> {
  const brief = await vscode.window.showInputBox({
    title: "Generate a Capsule",
    prompt: "What shall it be? Name the files and functions that matter, and examples of what they return.",
    placeHolder: "A module roman.py with to_roman(number) and from_roman(text)",
    ignoreFocusOut: true,
  });
  await fromText(server, brief?.trim() ?? "");
}

export async function fromComment(server: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const brief = editor === undefined ? "" : saidIn(editor.document.getText(editor.selection));
  if (brief === "") {
    void vscode.window.showInformationMessage("Select the comment that says what you want.");
    return;
  }
  await fromText(server, brief, folderOf(editor?.document.uri));
}

async function fromText(server: Server, brief: string, folder = workspaceFolder()): Promise<void> {
  if (brief === "") {
    return;
  }
  const argument = { brief, name: nameFor(brief), ...(folder === undefined ? {} : { folder }) };
  await server.work({ command: GENERATE, argument, title: `generate ${argument.name}` });
}

function activeBrief(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  const isOne = document !== undefined && (document.languageId === "markdown" || document.fileName.endsWith(".md"));
  return isOne ? document.uri : undefined;
}

async function pickBrief(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles("**/*.brief.md", undefined, 200);
  if (found.length === 0) {
    const made = await vscode.window.showInformationMessage("There is no *.brief.md in this workspace.", "New Brief");
    if (made !== undefined) {
      await newBrief();
    }
    return undefined;
  }
  const items = found.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  return (await vscode.window.showQuickPick(items, { title: "Generate a Capsule from Which Brief?" }))?.uri;
}

function workspaceFolder(): string | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri.toString();
}

function folderOf(uri: vscode.Uri | undefined): string | undefined {
  return uri?.scheme === "file" ? vscode.Uri.joinPath(uri, "..").toString() : workspaceFolder();
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  return await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}

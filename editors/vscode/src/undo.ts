/** Brings the workspace back to what it was before the last capsule's files were written. */
import * as vscode from "vscode";
import { CreateFile, DeleteFile, TextDocumentEdit, type ApplyWorkspaceEditParams } from "vscode-languageclient/node";

interface Before {
  readonly uri: vscode.Uri;
  /** `undefined` where there was no file. */
  readonly text: string | undefined;
}

interface Written extends Before {
  readonly after: string | undefined;
}

interface Last {
  readonly label: string;
  readonly files: readonly Written[];
  /** Folders that were not there before, the innermost first. */
  readonly folders: readonly vscode.Uri[];
}

export class Undo {
  private last: Last | undefined;

  /** Runs `apply`, and remembers what was there before. */
  async around<T extends { readonly applied: boolean }>(
    params: ApplyWorkspaceEditParams,
    apply: () => Promise<T>,
  ): Promise<T> {
    const before = await Promise.all(touched(params).map(read));
    const folders = await missing(before.flatMap(({ uri }) => above(uri)));
    const result = await apply();
    if (result.applied) {
      await save(before);
      const files = await Promise.all(
        before.map(async (one) => ({ ...one, after: (await read(one.uri)).text })),
      );
      const changed = files.filter(({ text, after }) => text !== after);
      const label = params.label ?? "The last change";
      this.last = changed.length > 0 ? { label, files: changed, folders } : this.last;
      await vscode.commands.executeCommand("setContext", "quantumlayer.canUndo", this.last !== undefined);
    }
    return result;
  }

  async undo(): Promise<void> {
    const { last } = this;
    if (last === undefined) {
      void vscode.window.showInformationMessage("There are no files of a capsule to take back.");
      return;
    }
    const edited: string[] = [];
    for (const file of last.files) {
      if ((await read(file.uri)).text !== file.after) {
        edited.push(vscode.workspace.asRelativePath(file.uri));
      }
    }
    if (edited.length > 0 && !(await mayDrop(edited))) {
      return;
    }
    if (await vscode.workspace.applyEdit(await backwards(last.files), { isRefactoring: true })) {
      this.last = undefined;
      await vscode.commands.executeCommand("setContext", "quantumlayer.canUndo", false);
      await save(last.files);
      await removeEmpty(last.folders);
      void vscode.window.showInformationMessage(`${last.label}: the workspace is as it was before.`);
    }
  }
}

/** What was written is on the disk, too, when it is told. */
async function save(files: readonly Before[]): Promise<void> {
  const uris = new Set(files.map(({ uri }) => uri.toString()));
  for (const document of vscode.workspace.textDocuments) {
    if (document.isDirty && uris.has(document.uri.toString())) {
      await document.save();
    }
  }
}

async function mayDrop(edited: readonly string[]): Promise<boolean> {
  const question = `Changed since they were written: ${edited.slice(0, 5).join(", ")}. Take them back all the same?`;
  return (await vscode.window.showWarningMessage(question, { modal: true }, "Take Back")) !== undefined;
}

async function backwards(files: readonly Written[]): Promise<vscode.WorkspaceEdit> {
  const edit = new vscode.WorkspaceEdit();
  for (const { uri, text } of files) {
    const there = (await read(uri)).text;
    if (text === undefined) {
      edit.deleteFile(uri, { ignoreIfNotExists: true });
    } else if (there === undefined) {
      edit.createFile(uri, { contents: Buffer.from(text), overwrite: true });
    } else {
      const document = await vscode.workspace.openTextDocument(uri);
      const end = document.lineAt(document.lineCount - 1).range.end;
      edit.replace(uri, new vscode.Range(new vscode.Position(0, 0), end), text);
    }
  }
  return edit;
}

async function missing(folders: readonly string[]): Promise<vscode.Uri[]> {
  const found: vscode.Uri[] = [];
  for (const folder of [...new Set(folders)].sort((a, b) => b.length - a.length)) {
    const uri = vscode.Uri.parse(folder);
    await vscode.workspace.fs.stat(uri).then(undefined, () => found.push(uri));
  }
  return found;
}

/** What else came into a folder keeps it. */
async function removeEmpty(folders: readonly vscode.Uri[]): Promise<void> {
  for (const uri of folders) {
    try {
      if ((await vscode.workspace.fs.readDirectory(uri)).length === 0) {
        await vscode.workspace.fs.delete(uri);
      }
    } catch {
      continue; // it is gone already
    }
  }
}

/** The folders between a file and its workspace folder, which stays. */
function above(uri: vscode.Uri): string[] {
  const top = vscode.workspace.getWorkspaceFolder(uri)?.uri;
  const found: string[] = [];
  let folder = vscode.Uri.joinPath(uri, "..");
  while (top !== undefined && folder.path.startsWith(`${top.path}/`)) {
    found.push(folder.toString());
    folder = vscode.Uri.joinPath(folder, "..");
  }
  return found;
}

function touched(params: ApplyWorkspaceEditParams): vscode.Uri[] {
  const uris = new Set(Object.keys(params.edit.changes ?? {}));
  for (const change of params.edit.documentChanges ?? []) {
    if (CreateFile.is(change) || DeleteFile.is(change)) {
      uris.add(change.uri);
    } else if (TextDocumentEdit.is(change)) {
      uris.add(change.textDocument.uri);
    }
  }
  return [...uris].map((uri) => vscode.Uri.parse(uri));
}

async function read(uri: vscode.Uri): Promise<Before> {
  const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
  if (open !== undefined && !open.isClosed) {
    return { uri, text: open.getText() };
  }
  try {
    return { uri, text: Buffer.from(await vscode.workspace.fs.readFile(uri)).toString("utf8") };
  } catch {
    return { uri, text: undefined };
  }
}

/**
 * The files of a capsule are seen before they are written.
 *
 * What would overwrite something goes through the editor's own refactor preview: the server marks it as needing
 * confirmation, and nothing of it is ticked beforehand. That preview shows what needs confirmation as not ticked, so
 * new files, which nobody wants to tick one by one, are shown as a diff of many files with one question.
 */
import * as vscode from "vscode";
import {
  CreateFile,
  DeleteFile,
  TextDocumentEdit,
  type ApplyWorkspaceEditParams,
  type ApplyWorkspaceEditResult,
} from "vscode-languageclient/node";

const SCHEME = "quantumlayer-preview";
const WRITE = "Write";
const DISCARD = "Discard";
const MARK = ": not written yet";

interface Shown {
  readonly texts: ReadonlyMap<string, string>;
  answer: (write: boolean) => void;
}

export class Preview implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private shown: Shown | undefined;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.shown?.texts.get(uri.path) ?? "";
  }

  /** What the server asks for, once a person has seen it. `waiting` is told while the question stands. */
  async apply(
    params: ApplyWorkspaceEditParams,
    next: (params: ApplyWorkspaceEditParams) => Promise<ApplyWorkspaceEditResult>,
    waiting: (waits: boolean) => void,
  ): Promise<ApplyWorkspaceEditResult> {
    const saved = { ...params, metadata: { isRefactoring: true } };
    const texts = newFiles(params);
    const always = vscode.workspace.getConfiguration("quantumlayer").get<string>("preview") !== "overwrites";
    if (confirms(params)) {
      waiting(true);
      return await next(saved).finally(() => {
        waiting(false);
      });
    }
    if (!always || texts.size === 0) {
      return await next(saved);
    }
    waiting(true);
    const agreed = await this.ask(params.label ?? "Capsule", texts);
    waiting(false);
    if (!agreed) {
      return { applied: false, failureReason: "you discarded them" };
    }
    const result = await next(saved);
    if (result.applied) {
      await show([...texts.keys()]);
    }
    return result;
  }

  /** The buttons of the preview's title. */
  answer(write: boolean): void {
    this.shown?.answer(write);
  }

  private async ask(title: string, texts: ReadonlyMap<string, string>): Promise<boolean> {
    const answered = new Promise<boolean>((resolve) => {
      this.shown = { texts, answer: resolve };
    });
    await setPreviewing(true);
    const files = [...texts.keys()].map((path) => {
      const target = vscode.Uri.file(path);
      return [target, undefined, vscode.Uri.from({ scheme: SCHEME, path })];
    });
    await vscode.commands.executeCommand("vscode.changes", `${title}${MARK}`, files);
    const count = files.length === 1 ? "1 new file is" : `${files.length} new files are`;
    const asked = vscode.window.showInformationMessage(`${title}: ${count} ready to be written.`, WRITE, DISCARD);
    const chosen = Promise.resolve(asked).then(async (choice) =>
      choice === undefined ? await answered : choice === WRITE,
    );
    const agreed = await Promise.race([answered, chosen]);
    this.shown = undefined;
    await setPreviewing(false);
    await closePreview();
    return agreed;
  }

  dispose(): void {
    this.shown?.answer(false);
    this.registration.dispose();
  }
}

async function setPreviewing(previewing: boolean): Promise<void> {
  await vscode.commands.executeCommand("setContext", "quantumlayer.previewing", previewing);
}

/** One of the files, so that a person sees where they are. */
async function show(paths: readonly string[]): Promise<void> {
  const first = paths.find((path) => /README/i.test(path)) ?? paths[0];
  if (first !== undefined) {
    await vscode.window.showTextDocument(vscode.Uri.file(first), { preview: true });
  }
}

/** The preview's tab; a closed one is no answer, the question stays. */
async function closePreview(): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  await vscode.window.tabGroups.close(tabs.filter((tab) => tab.label.includes(MARK)));
}

/** Files are made, removed or replaced; an edit inside of an open file is the editor's to show and to undo. */
export function bringsFiles(params: ApplyWorkspaceEditParams): boolean {
  const changes = params.edit.documentChanges ?? [];
  return confirms(params) || changes.some((change) => CreateFile.is(change) || DeleteFile.is(change));
}

function confirms(params: ApplyWorkspaceEditParams): boolean {
  return Object.values(params.edit.changeAnnotations ?? {}).some(({ needsConfirmation }) => needsConfirmation);
}

/** Texts of the files that are made, by their paths. */
function newFiles(params: ApplyWorkspaceEditParams): Map<string, string> {
  const made = new Map<string, string>();
  for (const change of params.edit.documentChanges ?? []) {
    if (CreateFile.is(change)) {
      made.set(vscode.Uri.parse(change.uri).path, "");
    } else if (TextDocumentEdit.is(change)) {
      const path = vscode.Uri.parse(change.textDocument.uri).path;
      if (made.has(path)) {
        made.set(path, change.edits.map((edit) => ("newText" in edit ? edit.newText : "")).join(""));
      }
    }
  }
  return made;
}

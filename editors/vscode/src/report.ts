/** The report of a capsule: the server's page, in a panel that can reach nothing outside. */
import * as vscode from "vscode";
import { fileUri } from "./capsules";
import { REPORT } from "./names";
import type { Server } from "./server";

interface Page {
  readonly capsule: string;
  readonly name: string;
  readonly html: string;
}

interface Opened {
  readonly type: "open";
  readonly capsule: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

export async function showReport(server: Server, capsule: string): Promise<void> {
  const page = (await server.ask(REPORT, { capsule, form: "html" })) as Page | undefined;
  if (page === undefined) {
    return;
  }
  const panel = vscode.window.createWebviewPanel(
    "quantumlayer.report",
    `Report: ${page.name}`,
    vscode.ViewColumn.Active,
    // The page brings a policy of its own, by hashes. No folder of this machine is open to it.
    { enableScripts: true, localResourceRoots: [], enableFindWidget: true },
  );
  panel.iconPath = vscode.Uri.joinPath(server.parts.context.extensionUri, "media", "capsule.svg");
  panel.webview.onDidReceiveMessage((message: unknown) => {
    if (isOpened(message)) {
      void open(page, message);
    }
  });
  panel.webview.html = page.html;
}

function isOpened(message: unknown): message is Opened {
  const { type, path, line } = (message ?? {}) as Partial<Opened>;
  return type === "open" && typeof path === "string" && Number.isInteger(line);
}

/** The file in the workspace where it is as the capsule has it; else what the capsule has. */
async function open({ capsule, name }: Page, { path, line, column }: Opened): Promise<void> {
  const kept = await vscode.workspace.openTextDocument(fileUri(capsule, path));
  const found = await vscode.workspace.findFiles(new vscode.RelativePattern(name, path), undefined, 1);
  const places = [...found, ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => vscode.Uri.joinPath(uri, name, path))];
  let document = kept;
  for (const place of places) {
    const there = await vscode.workspace.openTextDocument(place).then(
      (opened) => opened,
      () => undefined,
    );
    if (there?.getText() === kept.getText()) {
      document = there;
      break;
    }
  }
  const at = new vscode.Position(Math.max(0, line), Math.max(0, Number.isInteger(column) ? column : 0));
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(at, at),
    viewColumn: vscode.ViewColumn.Beside,
  });
}

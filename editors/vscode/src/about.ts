/** What one needs when something is odd: logs, the doctor, and a page to put into a report of a defect. */
import * as vscode from "vscode";
import { folderOfLogs, type Server } from "./server";
import { inWords } from "./plain/discovery";
import { run } from "./programs";

const LONGEST_MS = 120_000;

export async function showServerLog(server: Server): Promise<void> {
  const file = server.logFile;
  try {
    const uri = vscode.Uri.file(file ?? "");
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  } catch {
    void vscode.window.showInformationMessage(`There is no log of this server. Older ones are in ${folderOfLogs()}.`);
  }
}

/** What the server's own doctor says of this machine, as a page. */
export async function runDoctor(server: Server): Promise<void> {
  const command = server.commandLine;
  if (command === undefined) {
    return;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: "The doctor looks at this machine" };
  const ran = await vscode.window.withProgress(options, () =>
    run([...command, "doctor"], { milliseconds: LONGEST_MS, environment: { COLUMNS: "120", NO_COLOR: "1" } }),
  );
  const content = ran.output.trim() === "" ? ran.errors : ran.output;
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "plaintext", content }));
}

/** No key, no document, no setting's value but those of this extension. */
export async function debugInformation(context: vscode.ExtensionContext, server: Server): Promise<void> {
  const { version } = context.extension.packageJSON as { version: string };
  const lines = [
    "# QuantumLayer: debug information",
    "",
    `- extension ${version}, VS Code ${vscode.version}, ${process.platform} ${process.arch}`,
    `- workspace: ${vscode.workspace.isTrusted ? "trusted" : "not trusted"}, ` +
      `${vscode.workspace.workspaceFolders?.length ?? 0} folders`,
    `- server: ${server.describe(inWords)}`,
    `- its log: ${server.logFile ?? `none; older ones in ${folderOfLogs()}`}`,
    `- jobs: ${server.jobs.all.map(({ title }) => title).join(", ") || "none"}`,
    `- commands of the server: ${server.commands.join(", ") || "none"}`,
    "",
  ];
  const document = await vscode.workspace.openTextDocument({ language: "markdown", content: lines.join("\n") });
  await vscode.window.showTextDocument(document);
}

interface Choice extends vscode.QuickPickItem {
  readonly run: string;
}

/** What the status item opens. */
export async function menu(server: Server, title: string): Promise<void> {
  const ready = server.commandLine !== undefined;
  const running = server.jobs.all.length > 0;
  const choices: (Choice | undefined)[] = [
    running ? { label: "$(stop-circle) Cancel...", run: "quantumlayer.cancelWork" } : undefined,
    ready ? { label: "$(sparkle) Generate a Capsule from a Prompt...", run: "quantumlayer.generateFromPrompt" } : undefined,
    { label: "$(output) Show Logs", run: "quantumlayer.showLogs" },
    { label: "$(file-text) Open the Server's Log File", run: "quantumlayer.showServerLog" },
    ready ? { label: "$(pulse) Run the Doctor", run: "quantumlayer.doctor" } : undefined,
    { label: "$(gear) Settings", run: "quantumlayer.openSettings" },
    { label: "$(debug-restart) Restart the Server", run: "quantumlayer.restart" },
    ready ? undefined : { label: "$(cloud-download) Install the Server...", run: "quantumlayer.installServer" },
    { label: "$(info) Debug Information", run: "quantumlayer.debugInformation" },
  ];
  const items = choices.filter((choice): choice is Choice => choice !== undefined);
  const picked = await vscode.window.showQuickPick(items, { title });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.run);
  }
}

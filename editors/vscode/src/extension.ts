/** QuantumLayer in VS Code: a thin client. What the server can do stays in the server. */
import * as vscode from "vscode";
import { debugInformation, menu, runDoctor, showServerLog } from "./about";
import { Capsules, type Node } from "./capsules";
import { fromBrief, fromComment, fromPrompt, newBrief } from "./generating";
import { install } from "./install";
import { signIn, signOut } from "./keys";
import { chooseModel } from "./models";
import * as names from "./names";
import { explainPatterns } from "./patterns";
import { Preview } from "./preview";
import { onInterpreterChanged } from "./python";
import { showReport } from "./report";
import { Server } from "./server";
import { Status } from "./status";
import { Undo } from "./undo";
import { checkOut, chosen, compare, exportOne, rollBack } from "./versions";

type Command = (...given: never[]) => unknown;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("QuantumLayer", { log: true });
  const serverLog = vscode.window.createOutputChannel("QuantumLayer Server", { log: true });
  const status = new Status();
  const preview = new Preview();
  const undo = new Undo();
  const server = new Server({ context, status, log, serverLog, preview, undo });
  const capsules = new Capsules(server);
  context.subscriptions.push(log, serverLog, status, preview, server, capsules);
  const commands = { ...working(server), ...withCapsules(server, capsules), ...about(server, status), ...access(server) };
  for (const [name, command] of Object.entries<Command>(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(`quantumlayer.${name}`, command));
  }
  watch(context, server);
  await server.start();
  context.subscriptions.push(await onInterpreterChanged(() => void server.restart()));
}

export function deactivate(): void {
  // The server ends with its disposable.
}

function working(server: Server): Record<string, Command> {
  const { preview, undo } = server.parts;
  const onFile = async (command: string, title: string, given?: vscode.Uri): Promise<void> => {
    const uri = given ?? vscode.window.activeTextEditor?.document.uri;
    if (uri === undefined) {
      void vscode.window.showInformationMessage("Open the file first.");
      return;
    }
    await server.work({ command, argument: uri.toString(), title: `${title} ${vscode.workspace.asRelativePath(uri)}` });
  };
  return {
    newBrief,
    generateFromPrompt: () => fromPrompt(server),
    generateFromBrief: (uri?: vscode.Uri) => fromBrief(server, uri),
    generateFromComment: () => fromComment(server),
    validateThisFile: (uri?: vscode.Uri) => onFile(names.VALIDATE_FILE, "validate", uri),
    validateTheWorkspace: () =>
      server.work({ command: names.VALIDATE_WORKSPACE, argument: undefined, title: "validate the workspace" }),
    runTheTests: (uri?: vscode.Uri) => onFile(names.RUN_TESTS, "run the tests of", uri),
    cancelWork: () => cancel(server),
    writePreview: () => {
      preview.answer(true);
    },
    discardPreview: () => {
      preview.answer(false);
    },
    undoFiles: () => undo.undo(),
  };
}

async function cancel(server: Server): Promise<void> {
  const jobs = server.jobs.all;
  if (jobs.length <= 1) {
    await server.ask(names.CANCEL, jobs[0]?.id);
    return;
  }
  const all = { label: "All of them", id: undefined };
  const items = [...jobs.map(({ id, title }) => ({ label: title, id })), all];
  const picked = await vscode.window.showQuickPick<{ label: string; id: string | undefined }>(items, { title: "Cancel" });
  if (picked !== undefined) {
    await server.ask(names.CANCEL, picked.id);
  }
}

function withCapsules(server: Server, capsules: Capsules): Record<string, Command> {
  return {
    refreshCapsules: () => {
      capsules.refresh();
    },
    openVersion: (node?: Node) => checkOut(server, capsules, node),
    compareVersions: (node?: Node) => compare(server, capsules, node),
    rollBack: (node?: Node) => rollBack(server, capsules, node),
    exportACapsule: (node?: Node) => exportOne(server, capsules, node),
    showReport: async (node?: Node) => {
      const capsule = await chosen(capsules, node, "The Report of Which Capsule?");
      if (capsule !== undefined) {
        await showReport(server, capsule.id);
      }
    },
  };
}

function about(server: Server, status: Status): Record<string, Command> {
  const { context, log } = server.parts;
  return {
    menu: () => menu(server, status.detail),
    doctor: () => runDoctor(server),
    showLogs: () => {
      log.show();
    },
    showServerLog: () => showServerLog(server),
    debugInformation: () => debugInformation(context, server),
    openSettings: () =>
      vscode.commands.executeCommand("workbench.action.openSettings", `@ext:${context.extension.id}`),
    restart: () => server.restart(),
    explainPatterns: () => explainPatterns(server),
  };
}

function access(server: Server): Record<string, Command> {
  const { context, log } = server.parts;
  const restartIf = async (changed: Promise<boolean>): Promise<void> => {
    if (await changed) {
      await server.restart();
    }
  };
  return {
    chooseModel: () => chooseModel(server),
    signIn: () => restartIf(signIn(context.secrets)),
    signOut: () => restartIf(signOut(context.secrets)),
    installServer: () => restartIf(install(context, log)),
  };
}

/** What makes the server another one. */
function watch(context: vscode.ExtensionContext, server: Server): void {
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("quantumlayer.server")) {
        void server.restart();
      }
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
  );
}

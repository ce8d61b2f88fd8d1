/** The server's life: found, started, watched, started again, ended. */
import * as os from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  type LanguageClientOptions,
} from "vscode-languageclient/node";
import { findServer, type Server as Found } from "./finding";
import { environmentOfKeys } from "./keys";
import { middleware } from "./middleware";
import * as names from "./names";
import { inWords } from "./plain/discovery";
import { Jobs, jobIn, type Asked } from "./plain/jobs";
import { logFile, logFolder } from "./plain/logs";
import { Coalesced, RestartPolicy } from "./plain/restarts";
import { problemWith } from "./plain/versions";
import type { Preview } from "./preview";
import { ProgressNotifications } from "./progress";
import type { Status } from "./status";
import type { Undo } from "./undo";

/** What is done again when the server was lost; the others end with it. */
const RESUMED = [names.GENERATE];

export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly status: Status;
  readonly log: vscode.LogOutputChannel;
  readonly serverLog: vscode.LogOutputChannel;
  readonly preview: Preview;
  readonly undo: Undo;
}

export class Server implements vscode.Disposable {
  readonly jobs = new Jobs();
  readonly progress = new ProgressNotifications(
    (job) => this.jobs.knows(job),
    (job) => void this.ask(names.CANCEL, job),
  );
  private client: LanguageClient | undefined;
  private found: Found | undefined;
  private lost: Asked[] = [];
  private readonly policy = new RestartPolicy();
  private readonly starting = new Coalesced(() => this.begin());
  private readonly changed = new vscode.EventEmitter<void>();
  /** The server is there, or no longer; or a job ended. */
  readonly onChanged = this.changed.event;

  constructor(readonly parts: Parts) {}

  start(): Promise<void> {
    return this.starting.ask();
  }

  /** A person asked for it, or something that it depends on changed. */
  async restart(): Promise<void> {
    this.policy.forget();
    await this.start();
  }

  get commands(): readonly string[] {
    return this.client?.initializeResult?.capabilities.executeCommandProvider?.commands ?? [];
  }

  offers(command: string): boolean {
    return this.client?.state === State.Running && this.commands.includes(command);
  }

  /** What it is run by, up to and without `lsp`. */
  get commandLine(): readonly string[] | undefined {
    return this.found?.command;
  }

  describe(origin: (origin: Found["origin"]) => string): string {
    const { client, found } = this;
    if (client === undefined || found === undefined) {
      return "none";
    }
    const version = client.initializeResult?.serverInfo?.version ?? "of an unknown version";
    return `${version}, from ${origin(found.origin)}: ${found.command.join(" ")}`;
  }

  get logFile(): string | undefined {
    const pid = this.client?.serverProcess?.pid;
    const around = { platform: process.platform, home: os.homedir(), environ: process.env };
    return pid === undefined ? undefined : logFile(around, pid);
  }

  /** The answer to a command; `undefined` after a person was told why there is none. */
  async ask(command: string, argument?: unknown): Promise<unknown> {
    if (!this.offers(command)) {
      const why = this.client?.state === State.Running ? "this server does not offer it" : "the server is not running";
      void vscode.window.showErrorMessage(`QuantumLayer: ${why}.`);
      return undefined;
    }
    try {
      const params = { command, arguments: argument === undefined ? [] : [argument] };
      return await this.client?.sendRequest("workspace/executeCommand", params);
    } catch (error) {
      void vscode.window.showErrorMessage(`QuantumLayer: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  /** Starts a job of the server's, shown as a notification. */
  async work(asked: Asked): Promise<string | undefined> {
    const id = jobIn(await this.ask(asked.command, asked.argument));
    if (id !== undefined) {
      this.noteJob(id, asked);
    }
    return id;
  }

  noteJob(id: string, asked: Asked): void {
    this.jobs.began(id, asked);
    this.tellState();
  }

  /** A question of ours stands, and the server waits for the answer. */
  waiting(waits: boolean): void {
    if (waits) {
      this.parts.status.show("attention", "files wait for your yes");
    } else {
      this.tellState();
    }
  }

  async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    this.progress.endAll();
    if (client !== undefined) {
      await client.dispose(3000).catch((error: unknown) => {
        this.parts.log.info(`the server did not end by itself: ${String(error)}`);
      });
    }
  }

  private async begin(): Promise<void> {
    const { context, status, log } = this.parts;
    status.show("starting", "looking for the server");
    await this.tellContext(false);
    await this.stop();
    const result = await findServer(context, log);
    if ("problem" in result) {
      this.found = undefined;
      this.offerHelp(result.problem, result.distrusted);
      return;
    }
    this.found = result.server;
    await this.launch(result.server);
  }

  private async launch(found: Found): Promise<void> {
    const { status, log } = this.parts;
    status.show("starting", `starting ${found.version} from ${inWords(found.origin)}`);
    const client = await this.makeClient(found);
    this.client = client;
    try {
      await client.start();
    } catch (error) {
      log.error(`the server did not start: ${String(error)}`);
      this.needsAttention(`The QuantumLayer server from ${inWords(found.origin)} did not start.`);
      return;
    }
    const problem = problemWith(
      { version: client.initializeResult?.serverInfo?.version, commands: this.commands },
      inWords(found.origin),
    );
    if (problem !== "") {
      await this.stop();
      this.offerHelp(problem, false);
      return;
    }
    await this.tellContext(true);
    this.tellState();
    await this.resume();
  }

  private async makeClient(found: Found): Promise<LanguageClient> {
    const { context, log, serverLog } = this.parts;
    const [command = "", ...rest] = found.command;
    const level = vscode.workspace.getConfiguration("quantumlayer").get<string>("server.logLevel") ?? "info";
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      outputChannel: serverLog,
      traceOutputChannel: log,
      middleware: middleware(this),
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          void this.ended(client);
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
      initializationFailedHandler: () => false,
    };
    const environment = { ...process.env, ...(await environmentOfKeys(context.secrets)) };
    const server = {
      command,
      args: [...rest, "lsp", "--log-level", level],
      // Not the workspace: Python looks for modules where it is started.
      options: { cwd: os.homedir(), env: environment },
    };
    const client = new LanguageClient("quantumlayer", "QuantumLayer", server, options);
    client.registerFeature(ours);
    client.onNotification(names.JOB_FINISHED, ({ job }: { job: string }) => {
      this.jobs.ended(job);
      this.tellState();
      this.changed.fire();
    });
    return client;
  }

  /** The process ended, and nobody asked it to. */
  private async ended(client: LanguageClient): Promise<void> {
    if (client !== this.client || client.state === State.Starting) {
      return;
    }
    this.client = undefined;
    this.progress.endAll();
    this.lost = [...this.lost, ...this.jobs.lost(RESUMED)];
    this.parts.log.error("the server ended by itself");
    await this.tellContext(false);
    if (!this.policy.mayRestart()) {
      this.needsAttention("The QuantumLayer server ended several times within minutes, and is not started again.");
      return;
    }
    const titles = this.lost.map(({ title }) => title).join(", ");
    const then = titles === "" ? "" : ` What it was doing goes on: ${titles}.`;
    void vscode.window.showWarningMessage(`The QuantumLayer server ended unexpectedly and is started again.${then}`);
    await this.start();
  }

  private async resume(): Promise<void> {
    const { lost } = this;
    this.lost = [];
    for (const asked of lost) {
      await this.work(asked);
    }
  }

  private tellState(): void {
    const { status } = this.parts;
    const running = this.jobs.all;
    if (this.client?.state !== State.Running) {
      return;
    }
    if (running.length > 0) {
      status.show("working", running.map(({ title }) => title).join(", "));
    } else {
      const version = this.client.initializeResult?.serverInfo?.version ?? "";
      status.show("ready", `ready, server ${version} from ${this.found ? inWords(this.found.origin) : "elsewhere"}`);
    }
  }

  private async tellContext(ready: boolean): Promise<void> {
    await vscode.commands.executeCommand("setContext", "quantumlayer.ready", ready);
    for (const name of names.COMMANDS) {
      await vscode.commands.executeCommand("setContext", names.context(name), ready && this.commands.includes(name));
    }
    this.changed.fire();
  }

  private needsAttention(message: string): void {
    this.parts.status.show("attention", message);
    void vscode.window.showErrorMessage(message, "Show Logs", "Restart").then((choice) => {
      if (choice !== undefined) {
        void vscode.commands.executeCommand(
          choice === "Restart" ? "quantumlayer.restart" : "quantumlayer.showLogs",
        );
      }
    });
  }

  private offerHelp(problem: string, distrusted: boolean): void {
    const offers: Record<string, string> = {
      ...(distrusted ? { "Manage Trust": "workbench.trust.manage" } : {}),
      "Install...": "quantumlayer.installServer",
      "Open Settings": "quantumlayer.openSettings",
    };
    this.parts.status.show("attention", problem);
    void vscode.window.showWarningMessage(problem, ...Object.keys(offers)).then((choice) => {
      const command = choice === undefined ? undefined : offers[choice];
      if (command !== undefined) {
        void vscode.commands.executeCommand(command);
      }
    });
  }

  dispose(): void {
    this.changed.dispose();
    void this.stop();
  }
}

/** Tells the server that its own notifications are understood. */
const ours = {
  fillClientCapabilities(capabilities: { experimental?: unknown }): void {
    capabilities.experimental = { quantumlayer: true };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" as const }),
  clear: () => undefined,
};

/** Where logs of this and former servers lie. */
export function folderOfLogs(): string {
  return logFolder({ platform: process.platform, home: os.homedir(), environ: process.env });
}

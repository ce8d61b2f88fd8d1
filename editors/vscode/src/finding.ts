/** Looks for the server where `plain/discovery` says, and asks each candidate for its version. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import { candidates, noServer, question, versionIn, type Candidate, type Surroundings } from "./plain/discovery";
import { privatePython } from "./install";
import { run } from "./programs";
import { selectedInterpreter, withheldInterpreter } from "./python";

export interface Server extends Candidate {
  readonly version: string;
}

export type Result = { readonly server: Server } | { readonly problem: string; readonly distrusted: boolean };

export async function findServer(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<Result> {
  const around = await surroundings(context);
  const found = candidates(around);
  for (const program of found.distrusted) {
    log.warn(`not started, because it lies in, or is named by, a workspace that is not trusted: ${program}`);
  }
  for (const candidate of found.candidates) {
    const server = await answers(candidate, log);
    if (server !== undefined) {
      return { server };
    }
  }
  log.warn(`no server; looked at: ${found.candidates.map(({ command }) => command[0]).join(", ")}`);
  return { problem: noServer(around, found.distrusted), distrusted: found.distrusted.length > 0 };
}

async function surroundings(context: vscode.ExtensionContext): Promise<Surroundings> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const setting = vscode.workspace.getConfiguration("quantumlayer").get<string>("server.path") ?? "";
  return {
    trusted: vscode.workspace.isTrusted,
    folders: folders.map(({ uri }) => uri.fsPath),
    setting: setting.trim().replace(/^~(?=[/\\])/, process.env.HOME ?? "~"),
    interpreter: await selectedInterpreter(),
    withheld: await withheldInterpreter(),
    searched: (process.env.PATH ?? "").split(path.delimiter),
    privatePython: await privatePython(context),
    windows: process.platform === "win32",
  };
}

async function answers(candidate: Candidate, log: vscode.LogOutputChannel): Promise<Server | undefined> {
  const [program = ""] = candidate.command;
  const exists = await fs.access(program).then(
    () => true,
    () => false,
  );
  if (!exists) {
    return undefined;
  }
  const ran = await run(question(candidate));
  const version = ran.code === 0 ? versionIn(ran.output) : undefined;
  if (version === undefined) {
    const why = ran.errors.trim().split("\n").at(-1) ?? "";
    log.info(`no server at ${program} (status ${ran.code}): ${why}`);
    return undefined;
  }
  log.info(`found ${version} at ${candidate.command.join(" ")}`);
  return { ...candidate, version };
}

/** Where we stand between the editor and the server: settings, edits, progress, and jobs that others start. */
import * as vscode from "vscode";
import type {
  ApplyWorkspaceEditParams,
  ApplyWorkspaceEditResult,
  ConfigurationParams,
  Middleware,
} from "vscode-languageclient/node";
import { known } from "./configuration";
import { jobIn } from "./plain/jobs";
import { section, type Declared, type Known } from "./plain/settings";
import { bringsFiles } from "./preview";
import type { Server } from "./server";

const NOT_CANCELLED = new vscode.CancellationTokenSource().token;

export function middleware(server: Server): Middleware {
  const { preview, undo } = server.parts;
  return {
    workspace: {
      configuration: (params: ConfigurationParams) =>
        params.items.map((item) => {
          const scope = item.scopeUri === undefined ? undefined : vscode.Uri.parse(item.scopeUri);
          return item.section === "quantumlayer" ? ourSettings(server.parts.context, scope) : null;
        }),
      // That something changed, and not what: the whole section would say defaults, too. The server asks.
      didChangeConfiguration: (_sections, next) => next(undefined),
      handleApplyEdit: async (params, next) => {
        const apply = async (seen: ApplyWorkspaceEditParams): Promise<ApplyWorkspaceEditResult> =>
          applied(await next(seen, NOT_CANCELLED));
        if (!bringsFiles(params)) {
          return await apply(params);
        }
        const waiting = (waits: boolean): void => {
          server.waiting(waits);
        };
        return await preview.apply(params, (seen) => undo.around(seen, () => apply(seen)), waiting);
      },
    },
    handleWorkDoneProgress: (token, params, next) => {
      if (!server.progress.tell(token, params)) {
        next(token, params);
      }
    },
    executeCommand: async (command, args: unknown[], next) => {
      const answer: unknown = await next(command, args);
      const id = jobIn(answer);
      if (id !== undefined) {
        server.noteJob(id, { command, argument: args[0], title: titleOf(command, args[0]) });
      }
      return answer;
    },
  };
}

function applied(result: unknown): { applied: boolean; failureReason?: string } {
  return typeof result === "object" && result !== null && "applied" in result
    ? (result as { applied: boolean })
    : { applied: false };
}

/** `quantumlayer.validateFile` of a file, in words. */
function titleOf(command: string, argument: unknown): string {
  const words = command.replace("quantumlayer.", "").replace(/[A-Z.]/g, (sign) =>
    sign === "." ? " " : ` ${sign.toLowerCase()}`,
  );
  const file = typeof argument === "string" ? vscode.Uri.parse(argument).path.split("/").at(-1) : undefined;
  return file === undefined || file === "" ? words : `${words} ${file}`;
}

function ourSettings(context: vscode.ExtensionContext, scope: vscode.Uri | undefined): unknown {
  const configuration = vscode.workspace.getConfiguration("quantumlayer", scope);
  const look = (key: string): Known => known(configuration, key);
  return section(declared(context), look, vscode.workspace.isTrusted);
}

function declared(context: vscode.ExtensionContext): Record<string, Declared> {
  const manifest = context.extension.packageJSON as {
    contributes: { configuration: readonly { properties: Record<string, Declared> }[] };
  };
  const all = manifest.contributes.configuration.flatMap(({ properties }) => Object.entries(properties));
  return Object.fromEntries(all.map(([key, value]) => [key.replace(/^quantumlayer\./, ""), value]));
}

/** Why the server would use which patterns for a brief, in the server's own words. */
import * as vscode from "vscode";
import { PATTERNS_EXPLAIN } from "./names";
import type { Server } from "./server";

export async function explainPatterns(server: Server): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined) {
    void vscode.window.showInformationMessage("Open the brief first.");
    return;
  }
  const answer = await server.ask(PATTERNS_EXPLAIN, document.uri.toString());
  const content = (answer as { markdown?: string } | undefined)?.markdown;
  if (content !== undefined) {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "markdown", content }));
  }
}

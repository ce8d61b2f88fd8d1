/** One item in the status bar: what the server is doing, and the way to everything about it. */
import * as vscode from "vscode";

export type State = "starting" | "ready" | "working" | "attention" | "stopped";

const ICONS: Record<State, string> = {
  starting: "$(loading~spin)",
  ready: "$(verified)",
  working: "$(sync~spin)",
  attention: "$(warning)",
  stopped: "$(circle-slash)",
};

export class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("quantumlayer", vscode.StatusBarAlignment.Right, 90);

  private said = "";

  constructor() {
    this.item.name = "QuantumLayer";
    this.item.command = "quantumlayer.menu";
    this.show("starting", "looking for the server");
    this.item.show();
  }

  get detail(): string {
    return this.said;
  }

  show(state: State, detail: string): void {
    this.item.text = `${ICONS[state]} QuantumLayer`;
    this.said = `QuantumLayer: ${detail}`;
    this.item.tooltip = this.said;
    this.item.accessibilityInformation = { label: `QuantumLayer, ${state}: ${detail}` };
    this.item.backgroundColor =
      state === "attention" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}

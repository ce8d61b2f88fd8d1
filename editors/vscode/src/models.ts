/** Choosing a model, and fetching an embedded one. */
import * as vscode from "vscode";
import * as names from "./names";
import type { Server } from "./server";

interface Model {
  readonly name: string;
  readonly kind: string;
  readonly available: boolean;
  readonly active: boolean;
  readonly size: number;
  readonly detail: string;
}

const OTHER = "Another model...";

export async function chooseModel(server: Server): Promise<void> {
  const answer = await server.ask(names.MODELS_LIST);
  const models = (answer as { models?: readonly Model[] } | undefined)?.models;
  if (models === undefined) {
    return;
  }
  const items = [...models.map(item), { label: OTHER, description: "by its litellm name, or `auto`" }];
  const picked = await vscode.window.showQuickPick(items, { title: "Which Model Writes?", matchOnDetail: true });
  if (picked === undefined) {
    return;
  }
  const model = models.find(({ name }) => name === picked.label);
  const name = picked.label === OTHER ? await askName() : picked.label;
  if (name === undefined) {
    return;
  }
  if (model?.kind === "embedded" && !model.available && !(await fetch(server, model))) {
    return;
  }
  const used = (await server.ask(names.MODELS_USE, { name })) as { message?: string } | undefined;
  if (used?.message !== undefined) {
    void vscode.window.showInformationMessage(used.message);
  }
}

function item(model: Model): vscode.QuickPickItem {
  const size = model.size > 0 ? `${(model.size / 1e9).toFixed(1)} GB` : "";
  const state = model.available ? "ready" : model.kind === "embedded" ? "can be fetched" : "not here";
  return {
    label: model.name,
    description: [model.active ? "$(check) in use" : "", state, size].filter((part) => part !== "").join(" · "),
    detail: model.detail,
  };
}

async function fetch(server: Server, model: Model): Promise<boolean> {
  const asked = await vscode.window.showInformationMessage(
    `${model.name} is not here yet. Fetch it? A download that is cut off goes on where it stopped.`,
    { modal: true },
    "Fetch",
  );
  if (asked === undefined) {
    return false;
  }
  const title = `fetch ${model.name}`;
  return (await server.work({ command: names.MODELS_PULL, argument: { name: model.name }, title })) !== undefined;
}

async function askName(): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title: "Which Model Writes?",
    placeHolder: "anthropic/claude-sonnet-5, openai/gpt-5, ollama/qwen2.5-coder, auto",
  });
  return name === undefined || name.trim() === "" ? undefined : name.trim();
}

/** The view of capsules: names, their versions, and the files and stages of each. */
import * as vscode from "vscode";
import * as names from "./names";
import type { Server } from "./server";

export const SCHEME = "quantumlayer-capsule";

export interface Capsule {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly status: string;
  readonly confidence: number;
  readonly files: number;
  readonly tags: readonly string[];
  readonly branches: readonly string[];
  readonly current: boolean;
  readonly signature: string;
  readonly problem: string;
}

interface Shown {
  readonly manifest: { readonly files: readonly { readonly path: string; readonly role: string }[] };
  readonly evidence: { readonly verdict: { readonly stages: readonly Stage[]; readonly reasons: readonly string[] } };
}

interface Stage {
  readonly stage: string;
  readonly status: string;
  readonly reason: string;
  readonly findings: readonly unknown[];
}

export type Node =
  | { readonly kind: "project"; readonly name: string; readonly versions: readonly Capsule[] }
  | { readonly kind: "capsule"; readonly capsule: Capsule }
  | { readonly kind: "stage"; readonly stage: Stage }
  | { readonly kind: "file"; readonly capsule: Capsule; readonly path: string; readonly role: string };

export class Capsules implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly parts: readonly vscode.Disposable[];

  constructor(private readonly server: Server) {
    const files = { provideTextDocumentContent: (uri: vscode.Uri) => this.text(uri) };
    this.parts = [
      vscode.window.registerTreeDataProvider("quantumlayer.capsules", this),
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, files),
      server.onChanged(() => {
        this.refresh();
      }),
    ];
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case "project":
        return projectItem(node.name, node.versions);
      case "capsule":
        return capsuleItem(node.capsule);
      case "stage":
        return stageItem(node.stage);
      case "file":
        return fileItem(node.capsule, node.path, node.role);
    }
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node === undefined) {
      return projects(await this.all());
    }
    if (node.kind === "project") {
      return node.versions.map((capsule) => ({ kind: "capsule", capsule }));
    }
    return node.kind === "capsule" ? await this.contents(node.capsule) : [];
  }

  async all(): Promise<readonly Capsule[]> {
    if (!this.server.offers(names.CAPSULES_LIST)) {
      return [];
    }
    const answer = await this.server.ask(names.CAPSULES_LIST, {});
    return (answer as { capsules?: readonly Capsule[] } | undefined)?.capsules ?? [];
  }

  private async contents(capsule: Capsule): Promise<Node[]> {
    if (!this.server.offers(names.CAPSULES_SHOW)) {
      return [];
    }
    const shown = (await this.server.ask(names.CAPSULES_SHOW, { capsule: capsule.id })) as Shown | undefined;
    if (shown === undefined) {
      return [];
    }
    const stages = shown.evidence.verdict.stages.map((stage): Node => ({ kind: "stage", stage }));
    const files = shown.manifest.files.map(({ path, role }): Node => ({ kind: "file", capsule, path, role }));
    return [...stages, ...files];
  }

  private async text(uri: vscode.Uri): Promise<string> {
    const [, capsule, ...rest] = uri.path.split("/");
    const answer = await this.server.ask(names.CAPSULES_FILE, { capsule, path: rest.join("/") });
    return (answer as { text?: string } | undefined)?.text ?? "";
  }

  dispose(): void {
    this.changed.dispose();
    for (const part of this.parts) {
      part.dispose();
    }
  }
}

export function fileUri(capsule: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: `/${capsule}/${path}` });
}

export function describe(capsule: Capsule): string {
  if (capsule.problem !== "") {
    return capsule.problem;
  }
  const marks = [...capsule.branches, ...capsule.tags].join(", ");
  const verdict = capsule.status === "verified" ? `verified ${Math.round(capsule.confidence * 100)} %` : "not verified";
  return [verdict, when(capsule.created), marks].filter((part) => part !== "").join(" · ");
}

function when(created: string): string {
  const time = new Date(created);
  return Number.isNaN(time.getTime()) ? created : time.toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}

function projects(capsules: readonly Capsule[]): Node[] {
  const byName = new Map<string, Capsule[]>();
  for (const capsule of capsules) {
    const name = capsule.name || capsule.id.slice(0, 12);
    byName.set(name, [...(byName.get(name) ?? []), capsule]);
  }
  return [...byName].map(([name, versions]) => ({ kind: "project", name, versions }));
}

function projectItem(name: string, versions: readonly Capsule[]): vscode.TreeItem {
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
  item.iconPath = new vscode.ThemeIcon("package");
  item.description = versions.length === 1 ? "1 version" : `${versions.length} versions`;
  item.contextValue = "project";
  return item;
}

function capsuleItem(capsule: Capsule): vscode.TreeItem {
  const item = new vscode.TreeItem(capsule.id.slice(0, 12), vscode.TreeItemCollapsibleState.Collapsed);
  item.id = capsule.id;
  item.description = describe(capsule);
  item.contextValue = capsule.problem === "" ? "capsule" : "damaged";
  item.iconPath = iconOf(capsule);
  const count = capsule.files === 1 ? "1 file" : `${capsule.files} files`;
  item.tooltip = [capsule.name, capsule.id, describe(capsule), count, capsule.signature].filter(Boolean).join("\n");
  return item;
}

function iconOf(capsule: Capsule): vscode.ThemeIcon {
  if (capsule.problem !== "") {
    return new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"));
  }
  return capsule.status === "verified"
    ? new vscode.ThemeIcon("verified-filled", new vscode.ThemeColor("testing.iconPassed"))
    : new vscode.ThemeIcon("unverified", new vscode.ThemeColor("list.warningForeground"));
}

const STAGE_ICONS: Record<string, readonly [string, string]> = {
  passed: ["pass", "testing.iconPassed"],
  failed: ["error", "testing.iconFailed"],
  skipped: ["circle-slash", "testing.iconSkipped"],
};

function stageItem({ stage, status, reason, findings }: Stage): vscode.TreeItem {
  const item = new vscode.TreeItem(stage);
  const [icon, colour] = STAGE_ICONS[status] ?? ["question", "foreground"];
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(colour));
  const found = ["", "1 finding"][findings.length] ?? `${findings.length} findings`;
  item.description = [status, found, reason].filter((part) => part !== "").join(" · ");
  item.tooltip = `${stage}: ${item.description}`;
  return item;
}

function fileItem(capsule: Capsule, path: string, role: string): vscode.TreeItem {
  const item = new vscode.TreeItem(path);
  const uri = fileUri(capsule.id, path);
  item.resourceUri = uri;
  item.iconPath = vscode.ThemeIcon.File;
  item.description = role;
  item.command = { command: "vscode.open", title: "Open", arguments: [uri, { preview: true }] };
  return item;
}

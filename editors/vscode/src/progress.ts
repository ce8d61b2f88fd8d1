/** Progress of the jobs that a person asked for, as a notification with a Cancel button. */
import * as vscode from "vscode";
import type {
  ProgressToken,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from "vscode-languageclient/node";

type Told = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;
const PREFIX = "quantumlayer/";

interface Open {
  readonly progress: vscode.Progress<{ message?: string; increment?: number }>;
  percentage: number;
  readonly close: () => void;
}

export class ProgressNotifications {
  private readonly open = new Map<string, Open>();

  constructor(
    private readonly isAsked: (job: string) => boolean,
    private readonly cancel: (job: string) => void,
  ) {}

  /** False if it is left to the usual, quieter place in the status bar. */
  tell(token: ProgressToken, told: Told): boolean {
    const job = String(token).startsWith(PREFIX) ? String(token).slice(PREFIX.length) : "";
    if (told.kind === "begin") {
      return this.isAsked(job) && this.begin(job, told);
    }
    const shown = this.open.get(job);
    if (shown === undefined) {
      return false;
    }
    if (told.kind === "report") {
      report(shown, told);
    } else {
      this.end(job);
    }
    return true;
  }

  /** The server is gone: nothing more will be told. */
  endAll(): void {
    for (const job of [...this.open.keys()]) {
      this.end(job);
    }
  }

  private end(job: string): void {
    this.open.get(job)?.close();
    this.open.delete(job);
  }

  private begin(job: string, { title }: WorkDoneProgressBegin): boolean {
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    void vscode.window.withProgress(options, (progress, token) => {
      token.onCancellationRequested(() => {
        this.cancel(job);
      });
      return new Promise<void>((resolve) => {
        this.open.set(job, { progress, percentage: 0, close: resolve });
      });
    });
    return true;
  }
}

function report(shown: Open, { message, percentage }: WorkDoneProgressReport): void {
  const increment = Math.max(0, (percentage ?? 0) - shown.percentage);
  shown.percentage += increment;
  shown.progress.report(message === undefined ? { increment } : { message, increment });
}

/** The jobs that this editor asked for: which run, and which go on after the server was lost. */

export interface Asked {
  readonly command: string;
  readonly argument: unknown;
  readonly title: string;
}

export class Jobs {
  private readonly running = new Map<string, Asked>();

  get all(): readonly { id: string; title: string }[] {
    return [...this.running].map(([id, { title }]) => ({ id, title }));
  }

  began(id: string, asked: Asked): void {
    this.running.set(id, asked);
  }

  ended(id: string): void {
    this.running.delete(id);
  }

  knows(id: string): boolean {
    return this.running.has(id);
  }

  /** The server is gone: what it was doing, so that the next one does it. What it had finished is in its journal. */
  lost(resumed: readonly string[]): Asked[] {
    const asked = [...this.running.values()].filter(({ command }) => resumed.includes(command));
    this.running.clear();
    return asked;
  }
}

/** The id that a command answered with, if it started a job. */
export function jobIn(answer: unknown): string | undefined {
  if (typeof answer === "object" && answer !== null && "job" in answer && typeof answer.job === "string") {
    return answer.job;
  }
  return undefined;
}

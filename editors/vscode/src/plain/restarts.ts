/** When a server that ended is started again, and how several wishes for a restart become one. */

export const MOST = 3;
export const WITHIN_MS = 3 * 60 * 1000;

/** A server that ends again and again is not started for ever. */
export class RestartPolicy {
  private ends: number[] = [];

  constructor(
    private readonly now: () => number = Date.now,
    private readonly most = MOST,
    private readonly within = WITHIN_MS,
  ) {}

  /** The server ended by itself: is it started again? */
  mayRestart(): boolean {
    const since = this.now() - this.within;
    this.ends = [...this.ends.filter((end) => end > since), this.now()];
    return this.ends.length <= this.most;
  }

  /** A person asked for a restart: what was before does not count. */
  forget(): void {
    this.ends = [];
  }
}

/** One run of `work` at a time; wishes that come meanwhile are one more run, after it. */
export class Coalesced {
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly work: () => Promise<void>) {}

  ask(): Promise<void> {
    if (this.running === undefined) {
      this.running = this.run();
      return this.running;
    }
    this.next ??= this.running.then(
      () => this.again(),
      () => this.again(),
    );
    return this.next;
  }

  private again(): Promise<void> {
    this.next = undefined;
    this.running = this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.work();
    } finally {
      if (this.next === undefined) {
        this.running = undefined;
      }
    }
  }
}

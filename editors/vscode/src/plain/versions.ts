/** Whether a server is one that this extension can work with. */

/** The oldest server that has what the extension calls without asking first. */
export const OLDEST = "0.1.0";
/** What each server that can be used announces; what others announce is offered if it is there. */
export const NEEDED = ["quantumlayer.generateCapsule", "quantumlayer.validateFile", "quantumlayer.cancel"];

export interface Announced {
  readonly version: string | undefined;
  readonly commands: readonly string[];
}

/** Empty if it can be used, else what is wrong and what to do. */
export function problemWith(server: Announced, where: string): string {
  const lacking = NEEDED.filter((name) => !server.commands.includes(name));
  const old = server.version !== undefined && compare(server.version, OLDEST) < 0;
  if (!old && lacking.length === 0) {
    return "";
  }
  const what = server.version ?? "of an unknown version";
  return (
    `The QuantumLayer server ${what} from ${where} is too old for this extension, which needs ${OLDEST} or newer. ` +
    "Update it there, or let the extension install its own."
  );
}

/** Less than, equal to or greater than 0, by the three numbers at the beginning. */
export function compare(left: string, right: string): number {
  const [a, b] = [numbers(left), numbers(right)];
  for (const place of [0, 1, 2]) {
    const difference = (a[place] ?? 0) - (b[place] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

function numbers(version: string): number[] {
  return version.split(/[.+-]/).slice(0, 3).map((part) => Number.parseInt(part, 10) || 0);
}

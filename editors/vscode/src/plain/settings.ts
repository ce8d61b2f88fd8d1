/** What the server is told of the editor's settings: what a person has set, and nothing else. */

/** What an editor knows of one setting; `undefined` where it is not set. */
export interface Known {
  readonly global: unknown;
  readonly workspace: unknown;
  readonly folder: unknown;
}

/** What holds of it. Of a workspace that is not trusted nothing is read: its settings come with a clone, from anyone. */
export function held(known: Known, trusted: boolean): unknown {
  return trusted ? (known.folder ?? known.workspace ?? known.global) : known.global;
}

/** How a setting is declared in package.json. */
export interface Declared {
  readonly scope?: string;
}

/** Settings of this extension alone: the server does not know them, and would call them mistakes. */
export const OURS = ["server.path", "server.logLevel", "preview"];

/**
 * The section as the server reads it, in its own nested form. A default is left out: the editor wins over a person's
 * settings file, and a value that nobody set must not. What the workspace says of a setting that is declared for
 * the machine alone is left out, too: it comes with a clone, from anyone.
 */
export function section(
  declared: Readonly<Record<string, Declared>>,
  look: (key: string) => Known,
  trusted: boolean,
): Record<string, Record<string, unknown>> {
  const found: Record<string, Record<string, unknown>> = {};
  for (const [key, { scope }] of Object.entries(declared)) {
    if (OURS.includes(key)) {
      continue;
    }
    const value = held(look(key), trusted && scope !== "machine");
    const [group, name] = key.split(".", 2);
    if (value !== undefined && group !== undefined && name !== undefined) {
      (found[group] ??= {})[name] = value;
    }
  }
  return found;
}

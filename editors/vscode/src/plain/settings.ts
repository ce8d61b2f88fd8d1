/** What the server is told of the editor's settings: what a person has set, and nothing else. */

/** What an editor knows of one setting; `undefined` where it is not set. */
export interface Known {
  readonly global: unknown;
  readonly workspace: unknown;
  readonly folder: unknown;
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
): Record<string, Record<string, unknown>> {
  const found: Record<string, Record<string, unknown>> = {};
  for (const [key, { scope }] of Object.entries(declared)) {
    if (OURS.includes(key)) {
      continue;
    }
    const known = look(key);
    const value = scope === "machine" ? known.global : (known.folder ?? known.workspace ?? known.global);
    const [group, name] = key.split(".", 2);
    if (value !== undefined && group !== undefined && name !== undefined) {
      (found[group] ??= {})[name] = value;
    }
  }
  return found;
}

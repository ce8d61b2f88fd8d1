/** Providers, and the variables in which the server looks for their keys. */

export interface Provider {
  readonly name: string;
  readonly variable: string;
}

export const PROVIDERS: readonly Provider[] = [
  { name: "Anthropic", variable: "ANTHROPIC_API_KEY" },
  { name: "OpenAI", variable: "OPENAI_API_KEY" },
  { name: "Azure OpenAI", variable: "AZURE_API_KEY" },
  { name: "Groq", variable: "GROQ_API_KEY" },
  { name: "The server of the setting models.api_base", variable: "QUANTUMLAYER_API_KEY" },
];

/** Where a key is kept in the editor's secret storage. */
export function place(provider: Provider): string {
  return `quantumlayer.key.${provider.variable}`;
}

/** Why a text is no key; empty if it may be one. */
export function notAKey(text: string): string {
  if (text.trim().length < 8) {
    return "A key is longer.";
  }
  return /\s/.test(text.trim()) ? "A key has no spaces." : "";
}

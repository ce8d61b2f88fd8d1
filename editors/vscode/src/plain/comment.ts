/** What a comment says, without the marks that make it one. */

const FENCES = /^\s*(?:\/\*+|\*+\/|"""|'''|<!--|-->|=begin|=end)\s*|\s*(?:\*+\/|"""|'''|-->)\s*$/g;
const MARKS = /^\s*(?:#+!?|\/\/[/!]?|--|;+|%+|\*(?!\*))\s?/;

/** Empty if nothing is said. */
export function saidIn(comment: string): string {
  const lines = comment.replace(/\r\n?/g, "\n").split("\n").map((line) => line.replace(FENCES, ""));
  const marked = lines.filter((line) => line.trim() !== "");
  const bare = marked.length > 0 && marked.every((line) => MARKS.test(line)) ? lines.map(unmarked) : lines;
  return bare.join("\n").trim();
}

function unmarked(line: string): string {
  return line.replace(MARKS, "");
}

/** A file's or folder's name out of the first words of a brief. */
export function nameFor(brief: string): string {
  const words = brief.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.slice(0, 4).join("-").slice(0, 40) || "capsule";
}

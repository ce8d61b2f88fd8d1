/** Names that the server relies on, and we with it. */

export const GENERATE = "quantumlayer.generateCapsule";
export const VALIDATE_FILE = "quantumlayer.validateFile";
export const VALIDATE_WORKSPACE = "quantumlayer.validateWorkspace";
export const RUN_TESTS = "quantumlayer.runTests";
export const EXPORT = "quantumlayer.exportCapsule";
export const CANCEL = "quantumlayer.cancel";

export const CAPSULES_LIST = "quantumlayer.capsules.list";
export const CAPSULES_SHOW = "quantumlayer.capsules.show";
export const CAPSULES_FILE = "quantumlayer.capsules.file";
export const CAPSULES_DIFF = "quantumlayer.capsules.diff";
export const CAPSULES_CHECKOUT = "quantumlayer.capsules.checkout";
export const CAPSULES_ROLLBACK = "quantumlayer.capsules.rollback";
export const REPORT = "quantumlayer.capsuleReport";
export const MODELS_LIST = "quantumlayer.models.list";
export const MODELS_USE = "quantumlayer.models.use";
export const MODELS_PULL = "quantumlayer.models.pull";
export const PATTERNS_EXPLAIN = "quantumlayer.patterns.explain";

export const JOB_FINISHED = "quantumlayer/jobFinished";

/** Those of the server's commands that the extension gives a face. */
export const COMMANDS = [
  GENERATE,
  VALIDATE_FILE,
  VALIDATE_WORKSPACE,
  RUN_TESTS,
  EXPORT,
  CANCEL,
  CAPSULES_LIST,
  CAPSULES_SHOW,
  CAPSULES_FILE,
  CAPSULES_DIFF,
  CAPSULES_CHECKOUT,
  CAPSULES_ROLLBACK,
  REPORT,
  MODELS_LIST,
  MODELS_USE,
  MODELS_PULL,
  PATTERNS_EXPLAIN,
];

/** How a server's command is called in `when` clauses. */
export function context(command: string): string {
  return `quantumlayer.offers.${command.replace(/^quantumlayer\./, "").replaceAll(".", "_")}`;
}

"""Names that clients rely on."""

GENERATE_CAPSULE = "quantumlayer.generateCapsule"
VALIDATE_FILE = "quantumlayer.validateFile"
VALIDATE_WORKSPACE = "quantumlayer.validateWorkspace"
RUN_TESTS = "quantumlayer.runTests"
SHOW_TEST_OUTPUT = "quantumlayer.showTestOutput"
EXPORT_CAPSULE = "quantumlayer.exportCapsule"
CAPSULE_REPORT = "quantumlayer.capsuleReport"
CANCEL = "quantumlayer.cancel"

FILE_FINISHED = "quantumlayer/fileFinished"
JOB_FINISHED = "quantumlayer/jobFinished"

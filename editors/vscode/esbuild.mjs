// One file for VS Code, and one for each unit test.
import { rmSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, platform: "node", target: "node20", format: "cjs", logLevel: "warning" };
if (process.argv[2] === "tests") {
  rmSync("build/tests", { recursive: true, force: true });
  await build({ ...shared, entryPoints: process.argv.slice(3), outdir: "build/tests" });
} else {
  await build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "build/extension.js",
    external: ["vscode"],
    minify: true,
    sourcemap: false,
    legalComments: "linked",
  });
}

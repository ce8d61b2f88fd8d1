import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["build/", "node_modules/", "*.mjs"] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // node's test runner keeps its own promises.
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["test", "describe"], package: "node:test" }] },
      ],
      "no-console": "error",
    },
  },
  {
    // What is here is tried without an editor: it knows nothing of one.
    files: ["src/plain/**/*.ts"],
    rules: { "no-restricted-imports": ["error", "vscode", "vscode-languageclient", "vscode-languageclient/node"] },
  },
);

"use strict";
(function () {
  if (typeof acquireVsCodeApi !== "function") return;
  const host = acquireVsCodeApi();
  document.addEventListener("click", function (event) {
    const link = event.target instanceof Element ? event.target.closest("a[data-path]") : null;
    if (!link) return;
    event.preventDefault();
    host.postMessage({
      type: "open",
      capsule: document.body.dataset.capsule,
      path: link.dataset.path,
      line: Number(link.dataset.line),
      column: Number(link.dataset.column),
    });
  });
})();
